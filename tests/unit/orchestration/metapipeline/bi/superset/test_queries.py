from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from orchestration.metapipeline.bi.superset.answers import ChartRow, DatasetRow, RunRow, SavedQueryRow
from orchestration.metapipeline.bi.superset.datasets import dashboards_of_datasets, dataset_queries, table_sql
from orchestration.metapipeline.bi.superset.sql_lab import saved_queries, statement_queries
from orchestration.metapipeline.bi.workspace import Place, Query

UUID_5 = UUID(int=5)
PLACES = {1: Place("snowflake", "AWS", "DEV")}


def _dataset(**changes: Any) -> DatasetRow:
    row = {"id": 5, "uuid": UUID_5, "table_name": "orders", "schema": "dev", "kind": "physical", "database": {"id": 1}}
    return DatasetRow.model_validate(row | changes)


def _run(number: int, sql: str, **changes: Any) -> RunRow:
    row = {"id": number, "sql": sql, "database": {"id": 1}, "status": "success", "start_time": f"{number}000.5"}
    return RunRow.model_validate(row | changes)


def _saved(number: int, sql: str | None, **changes: Any) -> SavedQueryRow:
    return SavedQueryRow.model_validate({"id": number, "label": "l", "sql": sql, "database": {"id": 1}} | changes)


def _second(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC).replace(microsecond=500)


def test_a_dataset_is_on_the_dashboards_of_its_charts() -> None:
    """Charts on something else than a dataset, and on nothing, do not count."""
    charts = [
        ChartRow.model_validate(
            {"id": 1, "datasource_id": 5, "datasource_type": "table", "dashboards": [{"id": 7}, {"id": 8}]}
        ),
        ChartRow.model_validate({"id": 2, "datasource_id": 5, "datasource_type": "table", "dashboards": [{"id": 7}]}),
        ChartRow.model_validate({"id": 3, "datasource_id": 6, "datasource_type": "query", "dashboards": [{"id": 9}]}),
        ChartRow.model_validate({"id": 4}),
    ]

    assert {5: frozenset({7, 8})} == dashboards_of_datasets(charts)


def test_a_dataset_is_one_query_for_each_dashboard() -> None:
    """On no dashboard it is one query without a report; an empty text is none."""
    reports = {7: "seven", 8: "eight"}
    dataset = _dataset(kind="virtual", sql="select 1 from t")

    shown = list(dataset_queries([dataset], {5: frozenset({7, 8, 99})}, reports, PLACES))
    alone = list(dataset_queries([dataset, _dataset(kind="virtual", sql=" ")], {}, reports, PLACES))

    place = Place("snowflake", "AWS", "DEV")
    assert [
        Query(f"dataset.{UUID_5}.eight", "eight", "orders", "select 1 from t", place),
        Query(f"dataset.{UUID_5}.seven", "seven", "orders", "select 1 from t", place),
    ] == shown
    assert [Query(f"dataset.{UUID_5}", None, "orders", "select 1 from t", place)] == alone


@pytest.mark.parametrize(
    ("changes", "dialect", "sql"),
    [
        ({}, "snowflake", 'SELECT * FROM "DEV"."ORDERS"'),
        (
            {"catalog": "aws", "table_name": 'a"; drop table x --'},
            "snowflake",
            'SELECT * FROM "AWS"."DEV"."a""; drop table x --"',
        ),
        ({"schema": None}, "snowflake", 'SELECT * FROM "ORDERS"'),
        ({"catalog": "my-project"}, "bigquery", "SELECT * FROM `my-project`.`dev`.`orders`"),
        ({"table_name": "a`b"}, "mysql", "SELECT * FROM `dev`.`a``b`"),
        ({}, "", 'SELECT * FROM "dev"."orders"'),
    ],
)
def test_a_table_is_read_by_its_quoted_name(changes: dict[str, Any], dialect: str, sql: str) -> None:
    """A name is never read as SQL."""
    assert sql == table_sql(_dataset(**changes), dialect)


def test_a_saved_query_has_its_newest_run_on_its_connection() -> None:
    """Without a run in the history its last run is unknown."""
    runs = [
        _run(1, "select 1 ; "),
        _run(3, "select 1"),
        _run(4, "select 1", database={"id": 2}),
        _run(5, "select 1 + 1"),
    ]
    rows = [_saved(10, "select 1;\n"), _saved(11, "select 2"), _saved(12, None), _saved(13, "select 1", database=None)]

    found = list(saved_queries(rows, runs, PLACES))

    assert [("saved_query.10", _second(3)), ("saved_query.11", None)] == [(one.id, one.last_run_at) for one in found]


def test_a_statement_is_a_query_once() -> None:
    """Not one that is a saved query, and not one that only failed; its id is the same at the next reading."""
    runs = [
        _run(6, "select 1", status="failed"),
        _run(5, "select 1"),
        _run(4, "select 1;"),
        _run(3, "select 2"),
        _run(2, "select 3", status="failed"),
        _run(1, " "),
    ]

    found = list(statement_queries(runs, [_saved(10, "select 2")], PLACES))
    again = list(statement_queries(runs[2:], [], PLACES))

    assert [("select 1", None, _second(5))] == [(one.sql, one.report, one.last_run_at) for one in found]
    assert found[0].id in {one.id for one in again}
    assert 2 == len({one.id for one in again})
