"""The table `HOURS` on the local Snowflake."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.hours_table import HoursTable, ProvenHour, PublishedHour, read_proven_hours
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

HOUR = Hour.from_label("2025-08-01T03")
FIRST = PublishedHour("orders", HOUR, 1, "one", 4, 1, 3, 612, datetime(2025, 8, 1, 4, 1, 0, 250000, UTC))


@pytest.fixture
def table(own_schema: SnowflakeSettings) -> HoursTable:
    """A table that is not there yet, in a schema of its own."""
    external = QualifiedName(*map(Identifier, (own_schema.database, own_schema.schema_name, "EXT_ORDERS")))
    return HoursTable.beside(SnowflakeConnection(settings=own_schema), external)


def kept(table: HoursTable, settings: SnowflakeSettings) -> list[tuple[str, int, str, int]]:
    rows = query(settings, f"SELECT * FROM {table.name.sql} ORDER BY HOUR").rows  # noqa: S608 (quoted)
    return [(f"{row['HOUR']:%Y-%m-%dT%H}", row["REVISION"], row["FINGERPRINT"], row["ACCEPTED"]) for row in rows]


def test_the_first_hour_creates_the_table(table: HoursTable, own_schema: SnowflakeSettings) -> None:
    """Every column has what the seal says."""
    table.write([FIRST])
    (row,) = query(own_schema, f"SELECT * FROM {table.name.sql}").rows  # noqa: S608 (quoted)
    assert {
        "STREAM": "orders", "HOUR": datetime(2025, 8, 1, 3), "REVISION": 1, "FINGERPRINT": "one",  # noqa: DTZ001 (NTZ)
        "ACCEPTED": 4, "REJECTED": 1, "OBJECTS": 3, "BYTES": 612,
        "PUBLISHED_AT": datetime(2025, 8, 1, 4, 1, 0, 250000),  # noqa: DTZ001 (NTZ)
    } == row  # fmt: skip


def test_an_amended_hour_replaces_its_row_and_an_older_revision_does_not(
    table: HoursTable, own_schema: SnowflakeSettings
) -> None:
    """A command that fills the table meets the runs that publish."""
    amended = replace(FIRST, revision=2, fingerprint="two", accepted=5)
    for hours in ([FIRST], [amended], [amended], [FIRST]):
        table.write(hours)
    assert [("2025-08-01T03", 2, "two", 5)] == kept(table, own_schema)


def test_the_first_revision_of_a_bucket_that_was_made_again_replaces_the_former_one(
    table: HoursTable, own_schema: SnowflakeSettings
) -> None:
    """Readers must see that the hour has other objects."""
    table.write([FIRST])
    table.write([replace(FIRST, fingerprint="other")])
    assert [("2025-08-01T03", 1, "other", 4)] == kept(table, own_schema)


def test_an_object_keeps_its_first_row(table: HoursTable, own_schema: SnowflakeSettings) -> None:
    """A run that is repeated, or a table that is filled while runs publish, changes nothing that was published."""
    added = AddedObjects("orders", HOUR, 1, FIRST.published_at, ("it's/a.jsonl", "b.jsonl"))
    table.write([FIRST], [added])
    table.write([FIRST], [replace(added, revision=2, keys=("b.jsonl", "c.jsonl"))])
    rows = query(own_schema, f'SELECT * FROM "AWS"."{own_schema.schema_name}"."HOUR_OBJECTS" ORDER BY OBJECT_KEY').rows  # noqa: S608
    assert [("b.jsonl", 1), ("c.jsonl", 2), ("it's/a.jsonl", 1)] == [
        (row["OBJECT_KEY"], row["REVISION"]) for row in rows
    ]
    assert {("orders", HOUR.start.replace(tzinfo=None))} == {(row["STREAM"], row["HOUR"]) for row in rows}


def test_the_table_is_read_as_it_was_written(table: HoursTable) -> None:
    """None of another stream, and none before the table is there."""
    assert {} == read_proven_hours(table.connection, table.name, "orders")
    table.write([FIRST, replace(FIRST, stream="other", hour=HOUR.plus(1))])
    assert {HOUR: ProvenHour(1, "one")} == read_proven_hours(table.connection, table.name, "orders")


def test_hours_of_several_streams_stand_beside_each_other(table: HoursTable, own_schema: SnowflakeSettings) -> None:
    """The key is stream and hour; one statement takes several hours."""
    table.write([FIRST, replace(FIRST, hour=HOUR.plus(1))])
    table.write([replace(FIRST, stream="it's another")])
    assert 3 == len(kept(table, own_schema))
