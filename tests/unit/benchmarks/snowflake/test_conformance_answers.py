"""When an answer of a server is what a sentence expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from snowflake import connector

from benchmarks.snowflake.conformance import marks
from benchmarks.snowflake.conformance.answers import Answer, difference, same
from benchmarks.snowflake.conformance.documents import Gap, GapKind, Gaps, Refusal, RefusalTopic, Sentence
from benchmarks.snowflake.conformance.running import Conformance, Place, unmet


def sentence(**fields: Any) -> Sentence:
    return Sentence.model_validate({"id": "x", "topic": "t", "page": "p", "says": "s", "run": "SELECT 1"} | fields)


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        (1, 1, True),
        (1.5, Decimal("1.50"), True),
        (1, "1", False),
        (True, 1, False),
        (None, "", False),
        ("2025-08-01", "2025-08-01", True),
        ({"a": 1}, '{\n "a": 1\n}', True),
        ([1, 2], "[1,2,3]", False),
    ],
)
def test_values_are_compared_by_kind(expected: Any, found: Any, equal: bool) -> None:
    """Scale and spelling do not differ; text and number, boolean and number, NULL and empty text do."""
    assert equal is same(expected, found)


def test_a_sentence_is_met_by_its_rows_columns_count_or_number() -> None:
    """Each expectation is met by its answer, and by no other one."""
    rows = Answer(("A", "B"), ((1, "x"),))
    refused = Answer(code=2003, message="gone")
    assert difference(sentence(rows=[[1, "x"]]), rows) is None
    assert difference(sentence(rows=[["x"]], pick=["B"]), rows) is None
    assert difference(sentence(columns=["A", "B"], count=1), rows) is None
    assert difference(sentence(code=2003), refused) is None
    assert difference(sentence(refused=True), refused) is None
    assert difference(sentence(rows=[[2, "x"]]), rows) == "[['1', 'x']]"
    assert difference(sentence(rows=[["x"]], pick=["C"]), rows) == "no column C"
    assert difference(sentence(columns=["A"]), rows) == "columns A, B"
    assert difference(sentence(count=2), rows) == "1 rows, not 2"
    assert difference(sentence(code=904), refused) == "answered 2003: gone, not 904"
    assert difference(sentence(refused=True), rows) == "answered [['1', 'x']], no refusal"
    assert difference(sentence(refused=True), Answer(code=261000)) is not None
    assert difference(sentence(rows=[[1]]), refused) == "2003: gone"


def test_a_sentence_expects_rows_or_a_refusal() -> None:
    """Both at once are a mistake of the document."""
    with pytest.raises(ValidationError, match="rows and a refusal"):
        sentence(rows=[[1]], code=904)


@dataclass
class FakeServer:
    """A server and its sessions: it keeps what is sent, with `+` and `-` for login and logout."""

    sent: list[str] = field(default_factory=list)
    description = (("A",),)

    def connect(self, **_: Any) -> FakeServer:
        """Log in."""
        self.sent.append("+")
        return self

    def close(self) -> None:
        """Log out."""
        self.sent.append("-")

    @contextmanager
    def cursor(self) -> Iterator[FakeServer]:
        """Return a cursor."""
        yield self

    def execute(self, sql: str) -> None:
        """Keep a statement; refuse one that holds the word REFUSE."""
        self.sent.append(sql)
        if "REFUSE" in sql:
            raise connector.ProgrammingError(msg="no", errno=2)

    def fetchall(self) -> list[tuple[int]]:
        """Return one row."""
        return [(1,)]


def gaps_of(*some: Sentence) -> tuple[dict[str, GapKind], list[str]]:
    server = FakeServer()
    found = unmet(Conformance(server, Place("s3://b/"), prefix="C").sentences(some))
    return {name: gap.kind for name, gap in found.items()}, server.sent


def test_a_sentence_with_objects_has_a_schema_of_its_own() -> None:
    """Placeholders are filled; a sentence that changes its session has one of its own, and a second one on request."""
    kinds, sent = gaps_of(
        sentence(setup=["CREATE STAGE S URL = '{url}x/'", "[2] BEGIN"], run="SELECT '{schema}'", count=1)
    )
    assert {} == kinds
    assert ["CREATE SCHEMA C_1", "USE SCHEMA C_1", "CREATE STAGE S URL = 's3://b/x/'"] == sent[4:7]
    assert ["+", "BEGIN", "SELECT 'C_1'", "-", "-", "-"] == sent[7:]


def test_a_refused_setup_is_a_gap() -> None:
    """The statement is not sent after it."""
    kinds, sent = gaps_of(sentence(setup=["REFUSE"], rows=[[1]]))
    assert {"x": GapKind.UNSUPPORTED} == kinds
    assert "SELECT 1" not in sent


def test_a_sentence_that_needs_a_bucket_is_left_out_without_one() -> None:
    """It is no gap; the reason is in the verdict."""
    server = FakeServer()
    verdicts: Iterator[Any] = Conformance(server, Place("")).sentences((sentence(run="LIST '{url}'"),))
    assert ["it reads a bucket, and none is set"] == [verdict.skipped for verdict in verdicts]


def test_a_refusal_counts_with_its_number_alone() -> None:
    """Another number and a success are answers that differ."""
    topic = RefusalTopic(
        topic="t",
        setup=("CREATE TABLE T(A INT)",),
        refusals=tuple(
            Refusal(topic="t", page="p", sql=sql, code=code)
            for sql, code in (("REFUSE 1", 2), ("REFUSE 2", 1003), ("SELECT 1", 904))
        ),
    )
    answers = [answer for _, answer in Conformance(FakeServer(), Place("")).refusals((topic,))]
    assert answers == [None, Answer(code=2, message="no"), Answer(("A",), ((1,),))]


def test_refusals_over_a_bucket_are_left_out_without_one() -> None:
    """The topic's statements are not sent."""
    topic = RefusalTopic(
        topic="t",
        setup=("CREATE STAGE S URL = '{url}'",),
        refusals=(Refusal(topic="t", page="p", sql="SELECT 1", code=904),),
    )
    assert [] == list(Conformance(FakeServer(), Place("")).refusals((topic,)))


def test_everything_that_was_made_is_dropped() -> None:
    """Schemas of the prefix, and what sentences make beside them."""
    server = FakeServer()
    judge = Conformance(server, Place(""), prefix="C")
    list(judge.sentences((sentence(run="CREATE ROLE {schema}_R"), sentence())))
    server.sent.clear()
    judge.clean_up()
    wanted = ["DROP SCHEMA IF EXISTS C_0", "DROP SCHEMA IF EXISTS C_1", "DROP ROLE IF EXISTS C_1_R"]
    assert ["+", *wanted, "-"] == server.sent


def test_one_topic_is_asked_again() -> None:
    """Its marks are those of its answers; the marks of the other topics stay."""
    known = {name: Gap(kind=GapKind.WRONG, seen="") for name in ("x", "other")}
    before = Gaps(strictness_floor=1, peers={}, sentences=known, refusals={})
    asked = (sentence(rows=[[1]]), sentence(id="y", rows=[[2]]))
    after = marks.with_topic(before, asked, Conformance(FakeServer(), Place("")))
    assert {"other", "y"} == set(after.sentences)


def test_schemas_are_dropped_while_it_runs() -> None:
    """A long run never has more than some dozens of schemas at once."""
    server = FakeServer()
    many = tuple(sentence(id=str(number), setup=["CREATE TABLE T(A INT)"]) for number in range(120))
    list(Conformance(server, Place(""), prefix="C").sentences(many))
    made = [sent.startswith("CREATE SCHEMA") for sent in server.sent if "SCHEMA" in sent and "USE" not in sent]
    assert max(sum(1 if step else -1 for step in made[:end]) for end in range(len(made))) <= 52
