"""Dagster: the resource, and pandas frames through the IO manager."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster_snowflake import SnowflakeResource
from dagster_snowflake_pandas import SnowflakePandasIOManager


@pytest.fixture
def arguments(login: dict[str, Any]) -> dict[str, Any]:
    """The fields of the resource and of the IO manager."""
    more = {name: login[name] for name in ("host", "port", "protocol")}
    own = {name: login[name] for name in ("account", "user", "password", "database", "schema")}
    return own | {"additional_snowflake_connection_args": more}


def _rows(arguments: dict[str, Any], sql: str) -> list[tuple[Any, ...]]:
    with SnowflakeResource(**arguments).get_connection() as connection:
        return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]


def test_a_resource_connects(arguments: dict[str, Any]) -> None:
    """`SnowflakeResource.get_connection`."""
    assert [(arguments["schema"],)] == _rows(arguments, "SELECT CURRENT_SCHEMA()")


def test_frames_are_stored_and_loaded(arguments: dict[str, Any]) -> None:
    """One asset reads columns of another; a second materialization replaces the rows."""

    @dg.asset
    def orders() -> pd.DataFrame:
        days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
        return pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "at": days})

    @dg.asset(ins={"orders": dg.AssetIn(metadata={"columns": ["ID", "NAME"]})})
    def late_orders(orders: pd.DataFrame) -> pd.DataFrame:
        return orders[orders["id"] > 1]

    resources = {"io_manager": SnowflakePandasIOManager(**arguments)}
    for _ in range(2):
        assert dg.materialize([orders, late_orders], resources=resources).success
    assert [(2, "b"), (3, None)] == _rows(arguments, "SELECT id, name FROM late_orders ORDER BY id")
    assert [("2024-01-01",)] == _rows(arguments, "SELECT TO_CHAR(MIN(at), 'YYYY-MM-DD') FROM orders")


def test_a_partition_replaces_its_own_rows(arguments: dict[str, Any]) -> None:
    """Partitions by time and by name, some of them twice."""
    daily = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")
    regions = dg.StaticPartitionsDefinition(["eu", "us"])

    @dg.asset(partitions_def=daily, metadata={"partition_expr": "day"})
    def by_day(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return pd.DataFrame({"day": pd.to_datetime([context.partition_key]), "n": [1]})

    @dg.asset(partitions_def=regions, metadata={"partition_expr": "region"})
    def by_region(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return pd.DataFrame({"region": [context.partition_key], "n": [1]})

    resources = {"io_manager": SnowflakePandasIOManager(**arguments)}
    for asset, key in ((by_day, "2024-01-01"), (by_day, "2024-01-02"), (by_day, "2024-01-01")):
        assert dg.materialize([asset], resources=resources, partition_key=key).success
    for key in ("eu", "us", "eu"):
        assert dg.materialize([by_region], resources=resources, partition_key=key).success
    assert [(2,)] == _rows(arguments, "SELECT COUNT(*) FROM by_day")
    assert [("eu", 1), ("us", 1)] == _rows(arguments, "SELECT region, n FROM by_region ORDER BY region")
