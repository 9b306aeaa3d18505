"""Columns of a table from one run to the next."""

from __future__ import annotations

import dagster as dg

from orchestration.dbt_runner.schema_changes import column_changes


def schema(**columns: str) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])


def test_each_column_that_differs_is_described() -> None:
    """Removed ones first, then those that are new or have another type, in the order of the table."""
    before = schema(organization="varchar", hour="timestamp_ntz", events="integer")
    after = schema(organization="varchar", day="date", events="number")
    assert ["- hour timestamp_ntz", "+ day date", "~ events integer -> number"] == column_changes(before, after)


def test_case_order_and_types_that_nobody_wrote_are_no_change() -> None:
    """Snowflake folds names, and a model without a contract has no types."""
    before = schema(organization="varchar", events="?")
    assert [] == column_changes(before, schema(EVENTS="integer", ORGANIZATION="VARCHAR"))
