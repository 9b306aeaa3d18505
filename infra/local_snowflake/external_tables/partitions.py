"""The values of the partition columns of files, computed when the files are registered."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from infra.local_snowflake.external_tables.reading.scan import partition_column
from infra.local_snowflake.objects.registry import PENDING, Registry
from infra.local_snowflake.objects.stored import ExternalTable

Values = tuple[str | None, ...]


def partition_types(registry: Registry, table: ExternalTable) -> tuple[str, ...]:
    """Return DuckDB's types of the partition columns."""
    with registry.cursor() as cursor:
        described = cursor.execute(f"DESCRIBE {table.partitions_sql}").fetchall()
    return tuple("VARCHAR" if kind == "JSON" else kind for _, kind, *_ in described[1:])


def partition_values(
    registry: Registry, table: ExternalTable, keys: Sequence[str], given: str | None = None
) -> dict[str, Values]:
    """Compute the partition columns of objects; a key for which an expression fails is left out.

    Args:
        registry: of the table.
        table: of the objects.
        keys: of the objects.
        given: METADATA$EXTERNAL_TABLE_PARTITION: a JSON object of the values that the owner gives.
    """
    if not table.partition_by or not keys:
        return dict.fromkeys(keys, ())
    try:
        return _computed(registry, table, keys, given)
    except duckdb.Error:
        if len(keys) == 1:
            return {}
        half = len(keys) // 2
        return partition_values(registry, table, keys[:half], given) | partition_values(
            registry, table, keys[half:], given
        )


def _computed(registry: Registry, table: ExternalTable, keys: Sequence[str], given: str | None) -> dict[str, Values]:
    columns = ", ".join(f"CAST({partition_column(number)} AS VARCHAR)" for number in range(len(table.partition_by)))
    with registry.cursor() as cursor:
        cursor.begin()
        try:
            cursor.execute(f"INSERT INTO {PENDING} SELECT unnest(?), ?", [list(keys), given])
            rows = cursor.execute(f"SELECT key, {columns} FROM {table.partitions_sql}").fetchall()  # noqa: S608 - names of ours
        finally:
            cursor.rollback()
    return {key: tuple(values) for key, *values in rows}
