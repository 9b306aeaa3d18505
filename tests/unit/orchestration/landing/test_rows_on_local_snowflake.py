"""`rows_queryable` on the local Snowflake: the component makes the table over lines as the job lands them.

The bucket that the other checks list is not changed: of the four checks this one alone can see each fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from orchestration.landing.clients.snowflake import ExternalTable
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.component_documents import loaded
from tests.fakes.landing import FakeLanding
from tests.fakes.local_snowflake import FOREIGN_WARNING, Lines, Server
from tests.fakes.record_columns import read_record_columns
from tests.fakes.streams import DOCUMENT_TEXT, TABLE_NAME, bound
from tests.unit.orchestration.landing.hour_job import DOCUMENT, materialized, publish, red_checks

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

OBJECT = "platform-events/landing/2025/08/01/01/part-0123456789ab.1-0-0.jsonl"
"""Holds the offsets 0 and 2 of partition 0."""


@pytest.fixture
def snowflake(server: Server, fake: FakeLanding, own_schema: SnowflakeSettings) -> SnowflakeSettings:
    """A schema of its own for the table, and the objects of the fake job in the bucket of the server."""
    server.bucket.replace_all(fake.bucket.objects)
    return own_schema


def run_hour(
    fake: FakeLanding, snowflake: SnowflakeSettings, documents: str = DOCUMENT_TEXT
) -> dg.ExecuteInProcessResult:
    """Publish hour 01 with the stage and the external table of the documents."""
    connection = SnowflakeConnection(settings=snowflake)
    name = QualifiedName(Identifier("AWS"), Identifier(snowflake.schema_name), Identifier("EXT_FLINK_EVENT_LOG"))
    table = ExternalTable(connection, name, fake.stream.layout, read_record_columns(documents, TABLE_NAME))
    its = replace(bound(fake, DOCUMENT), table=table)
    with loaded(documents, {}) as components, dg.DagsterInstance.ephemeral() as instance:
        resources = {DOCUMENT.resource_key: its, "snowflake": connection}
        defs = dg.Definitions(
            components.assets, resources=resources, asset_checks=components.asset_checks, jobs=components.jobs
        )
        return publish(defs, instance)


def test_lines_as_they_landed_are_published(fake: FakeLanding, snowflake: SnowflakeSettings) -> None:
    """Without a fault every check passes."""
    result = run_hour(fake, snowflake)
    assert set() == red_checks(result)
    assert "published_hour" in materialized(result)
    table, objects = (f'"AWS"."{snowflake.schema_name}"."{name}"' for name in ("EXT_FLINK_EVENT_LOG", "HOUR_OBJECTS"))
    joined = f"{table} AS r INNER JOIN {objects} AS o ON r.FILENAME = o.OBJECT_KEY AND r.REPLICATION_HOUR = o.HOUR"
    (row,) = query(snowflake, f"SELECT COUNT(*) AS N FROM {joined} WHERE o.REVISION = 1").rows  # noqa: S608 (names of ours)
    assert 4 == row["N"], "the table names objects as its rows do, or nothing could be read as of a moment"


def changed(line: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a line with other fields of its record."""
    return line | fields


def with_event(line: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a line with other fields of its event."""
    return line | {"event": line["event"] | fields}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines[:1], "queryable 1 rows of offsets 0-0, sum 0"),
        (lambda lines: [lines[0], lines[0]], "queryable 2 rows of offsets 0-0, 1 different, sum 0"),
        (lambda lines: [lines[0], changed(lines[1], offset=5)], "queryable 2 rows of offsets 0-5, sum 5"),
        (lambda lines: [lines[0], changed(lines[1], partition=1)], "queryable 1 rows of offsets 0-0, sum 0"),
        pytest.param(
            lambda lines: [lines[0], changed(lines[1], topic="other")],
            "queryable 1 rows of offsets 0-0, sum 0",
            marks=pytest.mark.long,
        ),
        (lambda lines: [lines[0], with_event(lines[1], organization=None)], "ORGANIZATION is NULL in 1 of 4 rows"),
        (lambda lines: [lines[0], changed(lines[1], timestamp=None)], "KAFKA_TIMESTAMP is NULL in 1 of 4 rows"),
    ],
    ids=["lost", "lost and doubled", "replaced", "wrong partition", "wrong topic", "event NULL", "record NULL"],
)
def test_other_lines_are_red(
    fake: FakeLanding,
    snowflake: SnowflakeSettings,
    server: Server,
    change: Callable[[Lines], Lines],
    sentence: str,
) -> None:
    """Every file is registered; the rows are not those that the ledger counted, and the hour is not published."""
    server.bucket.change_lines(OBJECT, change)
    result = run_hour(fake, snowflake)
    assert {"rows_queryable"} == red_checks(result)
    assert "published_hour" not in materialized(result)
    assert sentence in sentence_of(result)


@pytest.mark.parametrize(
    ("path", "mistyped", "column"),
    [
        ("value:offset::integer", "value:ofset::integer", "KAFKA_OFFSET"),
        ("value:event:event_id::varchar", "value:event:eventid::varchar", "EVENT_ID"),
        *(
            pytest.param(path, mistyped, column, marks=pytest.mark.long)
            for path, mistyped, column in (
                ("value:partition::integer", "value:partitoin::integer", "KAFKA_PARTITION"),
                ("value:event:occurred_at::timestamp_tz", "value:occurred_at::timestamp_tz", "OCCURRED_AT"),
                ("value:event:payload", "value:event:body", "PAYLOAD"),
            )
        ),
    ],
)
def test_a_mistyped_path_of_a_column_is_red(
    fake: FakeLanding, snowflake: SnowflakeSettings, path: str, mistyped: str, column: str
) -> None:
    """Snowflake creates the table and counts every row; the column is NULL in all of them."""
    assert path in DOCUMENT_TEXT
    result = run_hour(fake, snowflake, DOCUMENT_TEXT.replace(path, mistyped))
    assert {"rows_queryable"} == red_checks(result)
    assert "published_hour" not in materialized(result)
    assert f"{column} is NULL in 4 of 4 rows: compare its path" in sentence_of(result)


def sentence_of(result: dg.ExecuteInProcessResult) -> str:
    """Return what the failed check says."""
    (red,) = [found for found in result.get_asset_check_evaluations() if not found.passed]
    return f"{red.description} {red.metadata['differing'].value}"
