"""What the answers to a corpus of statements mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from benchmarks.snowflake.conformance.answers import Answer
from benchmarks.snowflake.grammar import Outcome, Sent, send_all


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, Outcome.EXECUTED),
        (2, Outcome.UNSUPPORTED),
        (1003, Outcome.SYNTAX),
        (2003, Outcome.REFUSED),
        (261000, Outcome.FAILED),
        (-1, Outcome.FAILED),
    ],
)
def test_an_answer_has_an_outcome(code: int | None, outcome: Outcome) -> None:
    """By its number alone."""
    assert outcome is Sent("file", "SELECT 1", Answer(code=code)).outcome


def test_each_file_has_a_session_and_a_schema_of_its_own(tmp_path: Path) -> None:
    """Its statements are sent in their order, without their comments before them changing anything."""
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a INT);\n-- two\nSELECT 1;\n", "utf-8")
    (tmp_path / "b.sql").write_text("SELECT 2", "utf-8")
    server = _Recorder()
    assert ["a", "a", "b"] == [sent.file for sent in send_all(server, tmp_path)]
    schemas = [sql for sql in server.sent if sql.startswith("CREATE SCHEMA")]
    assert ["CREATE SCHEMA AWS.GRAMMAR_0", "CREATE SCHEMA AWS.GRAMMAR_1"] == schemas
    assert [sql.replace("CREATE SCHEMA", "DROP SCHEMA IF EXISTS") for sql in schemas] == [
        sql for sql in server.sent if sql.startswith("DROP")
    ]


class _Recorder:
    """A server, its connections and their cursors in one, which answers one row to everything."""

    description = (("A",),)

    def __init__(self) -> None:
        self.sent: list[str] = []

    def connect(self) -> _Recorder:
        return self

    def cursor(self) -> _Recorder:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def execute(self, sql: str) -> None:
        self.sent.append(sql)

    def fetchall(self) -> list[Any]:
        return [(1,)]

    def close(self) -> None:
        """Nothing is open."""
