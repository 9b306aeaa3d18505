"""Send the statements of the sentences to a server, and judge its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from snowflake import connector

from benchmarks.snowflake.conformance.answers import Answer, difference, kind_of
from benchmarks.snowflake.conformance.documents import Gap, Refusal, RefusalTopic, Sentence

_SECOND = "[2] "
_BESIDE = re.compile(r"\{schema\}_([CNQR])\b")
_KINDS_BESIDE = {"C": "SCHEMA", "N": "SCHEMA", "Q": "ROLE", "R": "ROLE"}
"""Last letters of the names of schemas and roles that a sentence makes beside its schema."""

_KEPT = 50
"""Objects that are kept before they are dropped: with hundreds of schemas every statement is slower."""


class Sessions(Protocol):
    """A server that sessions are opened on."""

    def connect(self, **changed: Any) -> Any:
        """Log in; arguments replace the defaults, `schema` among them."""


@dataclass(frozen=True)
class Place:
    """Where the objects of the bucket are.

    Args:
        url: of the folder, with a slash at its end; empty without a bucket.
        integration: clause of a stage that may read it.
    """

    url: str
    integration: str = ""

    def fill(self, sql: str, schema: str) -> str:
        """Replace `{url}`, `{integration}` and `{schema}` of a statement."""
        return (
            sql.replace("{url}", self.url)
            .replace("{integration}", self.integration)
            .replace("{schema}", schema)
            .strip()
        )


@dataclass(frozen=True)
class Verdict:
    """What a server made of a sentence: it met it (no gap), or the gap; or it was left out, with the reason."""

    sentence: Sentence
    gap: Gap | None = None
    skipped: str = ""


@dataclass
class Conformance:
    """Judge a server, with each sentence in a schema of its own where it makes objects."""

    server: Sessions
    place: Place
    prefix: str = "CONFORMANCE"
    _numbers: Iterator[int] = field(default_factory=count)
    _made: list[str] = field(default_factory=list)

    def sentences(self, wanted: tuple[Sentence, ...]) -> Iterator[Verdict]:
        """Judge the sentences one by one."""
        with closing(self.server.connect()) as session:
            self._schema(session)
            for sentence in wanted:
                if len(self._made) > _KEPT:
                    self.clean_up()
                    self._schema(session)
                yield self._sentence(session, sentence)

    def _sentence(self, session: Any, sentence: Sentence) -> Verdict:
        if sentence.needs_bucket and not self.place.url:
            return Verdict(sentence, skipped="it reads a bucket, and none is set")
        if not sentence.changes_session:
            return self._judged(session, sentence)
        with closing(self.server.connect()) as own:
            return self._judged(own, sentence)

    def _judged(self, session: Any, sentence: Sentence) -> Verdict:
        schema = self._schema(session) if sentence.needs_schema or sentence.changes_session else ""
        beside = sorted(set(_BESIDE.findall(" ".join(sentence.statements))))
        self._made += [f"DROP {_KINDS_BESIDE[letter]} IF EXISTS {schema}_{letter}" for letter in beside]
        with _Sender(self, session, schema) as send:
            for statement in sentence.setup:
                answer = send(statement)
                if answer.code is not None:
                    return Verdict(sentence, _gap(answer, f"setup: {answer}", schema))
            answer = send(sentence.run)
        differs = difference(sentence.in_schema(schema), answer)
        return Verdict(sentence, None if differs is None else _gap(answer, differs, schema))

    def _schema(self, session: Any) -> str:
        schema = f"{self.prefix}_{next(self._numbers)}"
        self._made.append(f"DROP SCHEMA IF EXISTS {schema}")
        _ = answered(session, f"CREATE SCHEMA {schema}"), answered(session, f"USE SCHEMA {schema}")
        return schema

    def refusals(self, topics: tuple[RefusalTopic, ...]) -> Iterator[tuple[Refusal, Answer | None]]:
        """Send each refusal; yield what was answered instead, None for the documented number.

        A topic has a session of its own. One that reads a bucket is left out where none is set.
        """
        for topic in topics:
            if topic.needs_bucket and not self.place.url:
                continue
            with closing(self.server.connect()) as session:
                schema = self._schema(session)
                for statement in topic.setup:
                    answered(session, self.place.fill(statement, schema))
                for refusal in topic.refusals:
                    answer = answered(session, self.place.fill(refusal.sql, schema))
                    yield refusal, (None if answer.code == refusal.code else answer)

    def clean_up(self) -> None:
        """Drop the schemas that were made, and what sentences made beside them."""
        with closing(self.server.connect()) as session:
            for statement in self._made:
                answered(session, statement)
        self._made.clear()

    def second_session(self, schema: str) -> Any:
        """Open another session in a schema."""
        return self.server.connect(**({"schema": schema} if schema else {}))


@dataclass
class _Sender:
    """Send statements of one sentence, some of them in a second session."""

    conformance: Conformance
    session: Any
    schema: str
    second: Any = None

    def __enter__(self) -> Callable[[str], Answer]:
        return self._send

    def __exit__(self, *_: object) -> None:
        if self.second is not None:
            self.second.close()

    def _send(self, statement: str) -> Answer:
        sql = self.conformance.place.fill(statement, self.schema)
        if not sql.startswith(_SECOND):
            return answered(self.session, sql)
        if self.second is None:
            self.second = self.conformance.second_session(self.schema)
        return answered(self.second, sql.removeprefix(_SECOND))


def _gap(answer: Answer, seen: str, schema: str) -> Gap:
    return Gap(kind=kind_of(answer), seen=seen.replace(schema, "{schema}") if schema else seen)


def answered(session: Any, sql: str) -> Answer:
    """Send a statement; return its rows or its error. An error that carries no number has -1."""
    try:
        with session.cursor() as cursor:
            cursor.execute(sql)
            columns = tuple(column[0] for column in cursor.description or ())
            return Answer(columns, tuple(tuple(row) for row in cursor.fetchall()))
    except connector.Error as exc:
        code = -1 if exc.errno is None else exc.errno
        return Answer(code=code, message=str(exc.raw_msg or exc.msg or exc))
    except Exception as exc:  # noqa: BLE001 - a value that the connector cannot convert is an answer, too
        return Answer(code=-1, message=f"{type(exc).__name__}: {exc}")


def unmet(verdicts: Iterator[Verdict]) -> dict[str, Gap]:
    """Return the gaps by id."""
    return {verdict.sentence.id: verdict.gap for verdict in verdicts if verdict.gap is not None}
