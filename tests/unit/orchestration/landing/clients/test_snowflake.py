"""The queries about the external table, as statements and as answers."""

from __future__ import annotations

import pytest

from flink_jobs.contracts.layout import Kind
from orchestration.landing.clients.record_columns import ColumnMissingError, RecordColumns
from producers.events import REQUIRED_FIELDS
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.record_columns import read_record_columns
from tests.fakes.streams import DOCUMENT_TEXT, TABLE_NAME

RECORD = ["TOPIC", "KAFKA_PARTITION", "KAFKA_OFFSET", "KAFKA_TIMESTAMP"]


def test_names_that_are_relative_to_the_stage_are_completed(fake: FakeLanding) -> None:
    """Snowflake may return `2025/08/01/01/part-…` or the whole key: both are one object."""
    key = fake.stream.layout.hour_prefix(Kind.LANDING, H1) + "part.jsonl"
    for name in (key, "2025/08/01/01/part.jsonl"):
        fake.table.registered = {name: [{"EVENT_ID": "e"}] * 7}
        table = fake.table.client
        assert {key: 1} == table.registered(H1)
        assert {key: 7} == table.queryable([H1])
        assert [key] == [group.key for group in table.rows(H1)]


def test_the_statements_name_one_hour_of_one_table(fake: FakeLanding) -> None:
    """Names and literals are quoted; the hour prunes the partitions; the rows of an hour need one scan."""
    table = fake.table.client
    table.registered(H1)
    table.rows(H1)
    files, rows = fake.table.sent
    assert (
        'SELECT FILE_NAME, FILE_SIZE FROM TABLE("AWS".INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => '
        '\'"AWS"."DEV"."EXT_FLINK_EVENT_LOG"\')) WHERE FILE_NAME LIKE \'%2025/08/01/01/%\''
    ) == files
    selected, found, rest = rows.partition(' FROM "AWS"."DEV"."EXT_FLINK_EVENT_LOG" ')
    assert found
    assert (
        "WHERE \"REPLICATION_HOUR\" = '2025-08-01 01:00:00'::TIMESTAMP_NTZ "
        'GROUP BY METADATA$FILENAME, "TOPIC", "KAFKA_PARTITION"'
    ) == rest
    assert selected.startswith(
        'SELECT METADATA$FILENAME AS OBJECT_KEY, "TOPIC" AS RECORD_TOPIC, "KAFKA_PARTITION" AS RECORD_PARTITION, '
        'COUNT(*) AS RECORDS, COUNT(DISTINCT "KAFKA_OFFSET") AS OFFSETS, SUM("KAFKA_OFFSET") AS OFFSET_SUM, '
        'MIN("KAFKA_OFFSET") AS OFFSET_MIN, MAX("KAFKA_OFFSET") AS OFFSET_MAX, COUNT(*) - COUNT("TOPIC") AS NULLS_0, '
    )


def test_the_count_of_many_hours_is_one_statement_over_those_hours(fake: FakeLanding) -> None:
    """Consecutive hours are one range of the partition column; no other hour is read."""
    fake.table.client.queryable([H1.plus(hour) for hour in (2, 0, 1, 30)])
    (sent,) = fake.table.sent
    counted, _, where = sent.partition(" WHERE ")
    assert (
        'SELECT METADATA$FILENAME AS OBJECT_KEY, COUNT(*) AS RECORDS FROM "AWS"."DEV"."EXT_FLINK_EVENT_LOG"' == counted
    )
    assert (
        "\"REPLICATION_HOUR\" BETWEEN '2025-08-01 01:00:00'::TIMESTAMP_NTZ AND '2025-08-01 03:00:00'::TIMESTAMP_NTZ "
        "OR \"REPLICATION_HOUR\" = '2025-08-02 07:00:00'::TIMESTAMP_NTZ GROUP BY METADATA$FILENAME"
    ) == where


def test_no_hours_need_no_statement(fake: FakeLanding) -> None:
    """A predicate over no hour would read every row."""
    assert {} == fake.table.client.queryable([])
    assert [] == fake.table.sent


def test_the_required_columns_are_those_of_the_contract() -> None:
    """Every line has its record; every event has the required fields; optional fields may be NULL."""
    columns = read_record_columns(DOCUMENT_TEXT, TABLE_NAME)
    assert {*RECORD, *(field.upper() for field in REQUIRED_FIELDS)} == {name.name for name in columns.required}


@pytest.mark.parametrize("path", ["value:event:evnt_id::varchar", "value:id::varchar", "NULL"])
def test_a_mistyped_path_does_not_make_a_column_optional(path: str) -> None:
    """The column is required by its name."""
    columns = read_record_columns(DOCUMENT_TEXT.replace("value:event:event_id::varchar", path), TABLE_NAME)
    assert "EVENT_ID" in {name.name for name in columns.required}


def test_a_column_with_a_name_of_its_own_is_required_by_its_path() -> None:
    """`value:event:run_id` may be NULL, `value:event:organization` may not, and `value:key` is no field of an event."""
    record = {"TOPIC": "value:topic", "kafka_partition": "value:partition", "KAFKA_OFFSET": "value:offset"}
    others = {"customer": "value:event:organization::varchar", '"Run"': "value:event:run_id", "RECORD_KEY": "value:key"}
    columns = RecordColumns.of(record | others)
    assert ["TOPIC", "KAFKA_PARTITION", "KAFKA_OFFSET", "CUSTOMER"] == [name.name for name in columns.required]


@pytest.mark.parametrize("column", ["TOPIC", "KAFKA_PARTITION", "KAFKA_OFFSET"])
def test_a_document_without_a_column_of_the_record_is_refused_by_name(column: str) -> None:
    """Without it no row could be compared with the ledger."""
    with pytest.raises(ColumnMissingError, match=f"no column {column}, .*add {{name: {column}, "):
        read_record_columns(DOCUMENT_TEXT.replace(f"name: {column},", f"name: OTHER_{column},"), TABLE_NAME)


def test_a_table_that_no_document_describes_is_refused_by_name() -> None:
    """The name in the settings differs from the name in the YAML."""
    with pytest.raises(ColumnMissingError, match="no document describes ext_other"):
        read_record_columns(DOCUMENT_TEXT, "ext_other")
