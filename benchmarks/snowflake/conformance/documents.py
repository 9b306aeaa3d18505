"""Load the sentences, the refusals, the objects of the bucket and the known gaps."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

HERE = Path(__file__).parent
GAPS = HERE / "gaps.yaml"
PAGES = "https://docs.snowflake.com/en/"

_CHANGES_SESSION = (
    "USE ",
    "ALTER SESSION",
    "SET ",
    "UNSET ",
    "BEGIN",
    "START ",
    "[2] ",
    "CREATE TEMPORARY",
    "CREATE SCHEMA",
)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentence(_Closed):
    """One sentence of the documentation, and a statement that shows whether a server meets it.

    Args:
        id: names the sentence in the list of gaps.
        topic: groups sentences.
        page: path of the page below `PAGES`.
        says: the sentence in our own words.
        assumed: the page says it between the lines only, or practice does.
        setup: statements before; `[2] ` in front of one sends it in a second session.
        run: the statement whose answer is judged.
        rows: expected rows, in order; a mapping or list is compared with JSON text.
        pick: names of the columns that `rows` holds; all columns by default.
        columns: names of all columns.
        count: number of rows.
        code: error number of the expected refusal.
        refused: the page says that it is refused, and no number.
    """

    id: str
    topic: str
    page: str
    says: str
    assumed: bool = False
    setup: tuple[str, ...] = ()
    run: str
    rows: tuple[tuple[Any, ...], ...] | None = None
    pick: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    count: int | None = None
    code: int | None = None
    refused: bool = False

    @model_validator(mode="after")
    def _expects_one_kind(self) -> Self:
        answered = self.rows is not None or self.columns is not None or self.count is not None
        if answered and (self.code is not None or self.refused):
            raise ValueError(f"{self.id}: expects rows and a refusal")
        return self

    @property
    def statements(self) -> tuple[str, ...]:
        """All statements, in order."""
        return (*self.setup, self.run)

    @property
    def needs_bucket(self) -> bool:
        """Whether a statement reads the bucket."""
        return any("{url}" in statement for statement in self.statements)

    def in_schema(self, schema: str) -> Self:
        """Return the sentence with the name of its schema in the expected rows."""
        if self.rows is None:
            return self
        rows = tuple(
            tuple(v.replace("{schema}", schema) if isinstance(v, str) else v for v in row) for row in self.rows
        )
        return self.model_copy(update={"rows": rows})

    @property
    def needs_schema(self) -> bool:
        """Whether it makes objects, or reads the name of its schema."""
        return bool(self.setup) or self.run.startswith("CREATE") or "{schema}" in self.run

    @property
    def changes_session(self) -> bool:
        """Whether the session is another one afterwards, so that no other sentence may use it."""
        return any(statement.upper().startswith(_CHANGES_SESSION) for statement in self.statements)


class Refusal(_Closed):
    """A statement that Snowflake refuses, with the error number."""

    topic: str
    page: str
    sql: str
    code: int
    assumed: bool = False


class RefusalTopic(_Closed):
    """Refusals that share their objects."""

    topic: str
    setup: tuple[str, ...]
    refusals: tuple[Refusal, ...]

    @property
    def needs_bucket(self) -> bool:
        """Whether its objects read the bucket."""
        return any("{url}" in statement for statement in self.setup)


class GapKind(StrEnum):
    """How a server answers a sentence that it does not meet."""

    UNSUPPORTED = "unsupported"
    REFUSED = "refused"
    WRONG = "wrong"


class Gap(_Closed):
    """A sentence that the local Snowflake does not meet yet."""

    kind: GapKind
    seen: str


class Gaps(_Closed):
    """What the local Snowflake does not meet yet.

    Args:
        strictness_floor: refusals, of all, that carry the documented number at least.
        peers: the same count of other servers, by name and version.
        sentences: gaps by id of their sentence.
        refusals: what was answered instead, by statement.
    """

    strictness_floor: int
    peers: dict[str, int]
    sentences: dict[str, Gap]
    refusals: dict[str, str]


def _documents(folder: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text("utf-8")) for path in sorted((HERE / folder).glob("*.yaml"))]


@cache
def sentences() -> tuple[Sentence, ...]:
    """Load all sentences, in the order of their files."""
    return tuple(
        Sentence.model_validate({"id": name, "topic": document["topic"], "page": document["page"]} | fields)
        for document in _documents("sentences")
        for name, fields in document["sentences"].items()
    )


@cache
def refusal_topics() -> tuple[RefusalTopic, ...]:
    """Load all refusals by topic: entries are `[code, statement]`, with `assumed` or a page of their own behind it."""
    return tuple(
        RefusalTopic(
            topic=document["topic"],
            setup=tuple(document.get("setup", ())),
            refusals=tuple(_refusal(document, *entry) for entry in document["refusals"]),
        )
        for document in _documents("refusals")
    )


def _refusal(document: dict[str, Any], code: int, sql: str, note: str = "") -> Refusal:
    page = document["page"] if note in {"", "assumed"} else note
    return Refusal(topic=document["topic"], page=page, sql=sql, code=code, assumed=note == "assumed")


@cache
def objects() -> dict[str, str]:
    """Load the objects of the bucket: text by key; the suffix of a key names its compression."""
    found: dict[str, str] = yaml.safe_load((HERE / "objects.yaml").read_text("utf-8"))
    return found


def sample(every: int) -> tuple[Sentence, ...]:
    """Return each n-th sentence of each topic, beginning with its first one."""
    taken = []
    for topic in dict.fromkeys(sentence.topic for sentence in sentences()):
        taken += [sentence for sentence in sentences() if sentence.topic == topic][::every]
    return tuple(taken)


def gaps() -> Gaps:
    """Load the known gaps of the local Snowflake."""
    return Gaps.model_validate(yaml.safe_load(GAPS.read_text("utf-8")))
