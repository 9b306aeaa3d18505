"""The SQL that people run in SQL Lab: saved queries, and the statements of the query history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from orchestration.metapipeline.bi.superset.answers import RunRow, SavedQueryRow
from orchestration.metapipeline.bi.superset.places import within
from orchestration.metapipeline.bi.workspace import Place, Query

_FAILED = "failed"
_DIGEST_CHARACTERS = 32
Statement = tuple[int, str]
"""What all runs of one text share: the id of the connection, and the text without space and semicolons at its end."""


def saved_queries(
    rows: Iterable[SavedQueryRow], runs: Iterable[RunRow], places: Mapping[int, Place]
) -> Iterator[Query]:
    """Return the saved queries, with their last run where the history has one.

    Superset's own `last_run` stays empty when a saved query is run, and its text for people is the last change.
    """
    last_runs = newest_runs(runs)
    for row in rows:
        if row.sql and row.sql.strip() and row.database:
            place = within(places.get(row.database.id, Place("")), row.catalog, row.schema_name)
            last_run_at = last_runs.get(_statement(row.database.id, row.sql))
            yield Query(f"saved_query.{row.id}", None, row.label or "", row.sql, place, last_run_at)


def statement_queries(
    runs: Iterable[RunRow], saved: Iterable[SavedQueryRow], places: Mapping[int, Place]
) -> Iterator[Query]:
    """Return each statement of the history once, without those that are a saved query.

    They show what people read by hand, and also the saved queries that Superset hides from the reader. A statement that
    failed in each of its runs has read nothing.
    """
    runs = [run for run in runs if run.status != _FAILED]
    last_runs = newest_runs(runs)
    seen = {_statement(row.database.id, row.sql) for row in saved if row.database and row.sql}
    for run in runs:
        if run.database is None or not run.sql:
            continue
        statement = _statement(run.database.id, run.sql)
        if statement[1] and statement not in seen:
            seen.add(statement)
            place = within(places.get(run.database.id, Place("")), run.catalog, run.schema_name)
            yield Query(_statement_id(statement), None, "", run.sql, place, last_runs.get(statement))


def newest_runs(runs: Iterable[RunRow]) -> Mapping[Statement, datetime]:
    """Return the newest run of each statement."""
    found: dict[Statement, datetime] = {}
    for run in runs:
        if run.sql is not None and run.database is not None and run.start_time is not None:
            statement = _statement(run.database.id, run.sql)
            found[statement] = max(run.start_time, found.get(statement, run.start_time))
    return found


def _statement(database: int, sql: str) -> Statement:
    return database, sql.strip().rstrip("; \t\r\n")


def _statement_id(statement: Statement) -> str:
    database, sql = statement
    return f"statement.{hashlib.sha256(f'{database} {sql}'.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"
