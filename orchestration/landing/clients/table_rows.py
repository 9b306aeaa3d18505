"""The rows of one hour of the external table, counted and summed by one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.landing.clients.record_columns import RecordColumns
from snowflake_components.identifiers import QualifiedName


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The rows of one object and one partition.

    Args:
        key: of the object, as the table names it.
        topic: of the records; None where the column is NULL, as every value below.
        partition: of the records.
        records: rows.
        offsets: distinct offsets.
        offset_sum: over all rows.
        min_offset: of all rows.
        max_offset: of all rows.
        nulls: rows without a value, by required column; only columns with such rows.
    """

    key: str
    topic: str | None
    partition: int | None
    records: int
    offsets: int
    offset_sum: int | None
    min_offset: int | None
    max_offset: int | None
    nulls: Mapping[str, int] = field(default_factory=dict)


def rows_statement(table: QualifiedName, columns: RecordColumns, where: str) -> str:
    """Return the statement over the rows of an hour: one scan, grouped by object and partition.

    Args:
        table: the external table.
        columns: of its records.
        where: the clause that selects the hour, on the partition column alone.
    """
    topic, partition, offset = columns.topic.sql, columns.partition.sql, columns.offset.sql
    selected = [
        "METADATA$FILENAME AS OBJECT_KEY",
        f"{topic} AS RECORD_TOPIC",
        f"{partition} AS RECORD_PARTITION",
        "COUNT(*) AS RECORDS",
        f"COUNT(DISTINCT {offset}) AS OFFSETS",
        f"SUM({offset}) AS OFFSET_SUM",
        f"MIN({offset}) AS OFFSET_MIN",
        f"MAX({offset}) AS OFFSET_MAX",
        *(f"COUNT(*) - COUNT({name.sql}) AS NULLS_{number}" for number, name in enumerate(columns.required)),
    ]
    return (
        f"SELECT {', '.join(selected)} FROM {table.sql}{where} "  # noqa: S608 - quoted by identifiers.py
        f"GROUP BY METADATA$FILENAME, {topic}, {partition}"
    )


def read_group(row: Mapping[str, Any], columns: RecordColumns, key: str) -> RowGroup:
    """Read one row of the answer to `rows_statement`."""
    nulls = {name.name: int(row[f"NULLS_{number}"]) for number, name in enumerate(columns.required)}
    return RowGroup(
        key=key,
        topic=row["RECORD_TOPIC"],
        partition=_whole(row["RECORD_PARTITION"]),
        records=int(row["RECORDS"]),
        offsets=int(row["OFFSETS"]),
        offset_sum=_whole(row["OFFSET_SUM"]),
        min_offset=_whole(row["OFFSET_MIN"]),
        max_offset=_whole(row["OFFSET_MAX"]),
        nulls={name: count for name, count in nulls.items() if count},
    )


def _whole(value: Any) -> int | None:
    """Return a NUMBER of the connector, which is an int or a Decimal, as an int."""
    return None if value is None else int(value)
