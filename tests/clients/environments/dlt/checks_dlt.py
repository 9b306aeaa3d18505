"""dlt: pipelines that append, replace and merge, whose files go through stages of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pytest

Rows = list[tuple[Any, ...]]
STAGE = "dlt_files"
TABLE_STAGE = ""
"""The files of each table go through its own stage, as dlt does without a setting."""


class Shop:
    """A pipeline into a data set of its own.

    Args:
        pipeline: of dlt.
        stage: of the files; `TABLE_STAGE` for that of each table.
    """

    def __init__(self, pipeline: Any, stage: str) -> None:
        self._pipeline, self._stage = pipeline, stage

    def run(self, table: str, rows: list[dict[str, Any]], **how: Any) -> None:
        """Load rows; `how` is the write disposition and its keys."""
        self._pipeline.run(rows, table_name=table, **how).raise_on_failed_jobs()

    def rows(self, sql: str) -> Rows:
        """Return the rows of a query in the data set."""
        with self._pipeline.sql_client() as client:
            return [tuple(row) for row in client.execute_sql(sql)]

    def staged(self, table: str) -> Rows:
        """Return the files that were loaded into a table."""
        return self.rows(f"LIST @{self._stage or '%' + table} PATTERN = '.*{table}[.].*'")


@pytest.fixture(params=[TABLE_STAGE, STAGE], ids=["table stage", "named stage"])
def shop(
    login: dict[str, Any],
    cursor: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """A pipeline whose files go through the stage of each table, or through one named stage."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    cursor.execute(f"CREATE STAGE IF NOT EXISTS {STAGE}")
    stage = f"{login['database']}.{login['schema']}.{STAGE}" if request.param == STAGE else TABLE_STAGE
    named = {"stage_name": stage} if stage else {}
    place = f"{login['user']}:{login['password']}@{login['account']}/{login['database']}"
    address = "&".join(f"{name}={login[name]}" for name in ("host", "port", "protocol"))
    pipeline = dlt.pipeline(
        "shop",
        destination=dlt.destinations.snowflake(credentials=f"snowflake://{place}?{address}", **named),
        dataset_name=f"{login['schema']}_{request.param or 'own'}".lower(),
        pipelines_dir=str(tmp_path),
    )
    return Shop(pipeline, stage)


def test_rows_are_appended_and_replaced(shop: Shop) -> None:
    """Nested rows are a table of their own, and a nested mapping is columns."""
    rows = [{"id": 1, "tags": ["x", "y"], "fields": {"k": 1}}, {"id": 2, "tags": [], "fields": {"k": 2}}]
    for disposition in ("append", "append"):
        shop.run("items", rows, write_disposition=disposition)
    assert [(1, 1), (1, 1), (2, 2), (2, 2)] == shop.rows("SELECT id, fields__k FROM items ORDER BY id")
    shop.run("items", rows, write_disposition="replace")
    assert [(1, 1), (2, 2)] == shop.rows("SELECT id, fields__k FROM items ORDER BY id")
    assert [("x",), ("y",)] == shop.rows("SELECT value FROM items__tags ORDER BY value")
    assert 3 == len(shop.staged("items"))


def test_rows_are_merged_by_their_key(shop: Shop) -> None:
    """A row with a key that is there replaces it, and a new field is a new column."""
    merge = {"write_disposition": "merge", "primary_key": "id"}
    shop.run("orders", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], **merge)
    shop.run("orders", [{"id": 2, "name": "c", "price": 2.5}, {"id": 3, "name": "d"}], **merge)
    assert [(1, "a", None), (2, "c", 2.5), (3, "d", None)] == shop.rows("SELECT id, name, price FROM orders ORDER BY 1")


@pytest.mark.parametrize("strategy", ["upsert", "insert-only"])
def test_merge_has_strategies(shop: Shop, strategy: str) -> None:
    """`upsert` is one MERGE, and `insert-only` leaves the rows that are there."""
    table = strategy.replace("-", "_")
    merge = {"write_disposition": {"disposition": "merge", "strategy": strategy}, "primary_key": "id"}
    shop.run(table, [{"id": 1, "name": "a"}], **merge)
    shop.run(table, [{"id": 1, "name": "b"}, {"id": 2, "name": "c"}], **merge)
    kept = "b" if strategy == "upsert" else "a"
    assert [(1, kept), (2, "c")] == shop.rows(f"SELECT id, name FROM {table} ORDER BY id")  # noqa: S608 - of the test


def test_a_former_row_is_kept_in_history(shop: Shop) -> None:
    """The strategy `scd2` closes the former row of a key."""
    history = {"write_disposition": {"disposition": "merge", "strategy": "scd2"}}
    for name in ("a", "b"):
        shop.run("history", [{"id": 1, "name": name}], **history)
    assert [("a", False), ("b", True)] == shop.rows("SELECT name, _dlt_valid_to IS NULL FROM history ORDER BY name")
