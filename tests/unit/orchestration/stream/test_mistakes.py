"""A mistake in the document of a stream fails when it loads, with file, line, field and a suggestion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dagster.components.resolved.errors import ResolutionException

from orchestration.stream.catalog import read_streams
from orchestration.stream.scaffold import scaffolded
from tests.fakes.component_documents import mistakes_in

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

STREAM = """\
type: orchestration.HourlyStreamComponent
attributes:
  name: orders
  topics: ["orders", "returns"]
  bucket: hourglass
  prefix: orders
  table: aws/dev/ext_orders
  first_hour: "2025-01-01T00"
  record_time: LogAppendTime
  grace_seconds: "{{ env('HOURGLASS_TEST_UNSET', '30') }}"
  cadence: {every_hours: 6}
  sensor_seconds: 30
  flink_rest: http://127.0.0.1:8081
  checks: {rejected_share_max: 0.05}
  freshness: {fail_hours: 26, warn_hours: 3}
  owners: ["team:data-platform"]
"""
SNOWFLAKE = (
    scaffolded("orders").partition("---\n")[2].replace("{{ env('HOURGLASS_BUCKET', 'hourglass') }}", "hourglass")
)


def project(stream: str) -> str:
    return f"{stream}---\n{SNOWFLAKE}"


def test_the_document_loads_before_it_is_broken() -> None:
    """Each mistake below is the only one of its document."""
    assert mistakes_in(project(STREAM)) == ""


@pytest.mark.parametrize(
    ("written", "instead", "line", "said"),
    [
        # unknown fields, at every depth, with a suggestion
        ("  prefix:", "  prefx:", 6, r"attributes\.prefx: unknown field; did you mean 'prefix'"),
        ("  sensor_seconds:", "  sensor-seconds:", 12, "did you mean 'sensor_seconds'"),
        (
            "rejected_share_max",
            "reject_share_max",
            14,
            r"checks\.reject_share_max: .*mean 'rejected_share_max'",
        ),
        ("fail_hours", "fail_hour", 15, r"freshness\.fail_hour: unknown field; did you mean 'fail_hours'"),
        ("every_hours", "every_hour", 11, r"cadence\.every_hour: unknown field; did you mean 'every_hours'"),
        # fields that are missing or empty
        ("  prefix: orders\n", "", 2, r"attributes\.prefix: is missing"),
        ("  name: orders", "  name:", 3, r"attributes\.name: must not be empty"),
        # names
        ("name: orders", "name: Orders", 3, r"attributes\.name: .*pattern"),
        ("prefix: orders", "prefix: orders/2025", 6, r"attributes\.prefix: .*pattern"),
        ('["orders", "returns"]', "orders", 4, r"attributes\.topics: must be a list: \['orders'\]"),
        ('["orders", "returns"]', "[]", 4, r"attributes\.topics: .*at least 1"),
        ('"returns"', '"re turns"', 4, r"attributes\.topics.*not a Kafka topic: 're turns'"),
        ('"returns"', '"orders"', 4, r"attributes\.topics: named twice: orders"),
        ("table: aws/dev/ext_orders", "table: aws/dev/ext_order", 7, "describes the external table .*'aws/dev/ext_ord"),
        ("table: aws/dev/ext_orders", "table: aws//x", 7, r"attributes\.table: not an asset key of the form"),
        # times
        ('"2025-01-01T00"', '"2025-01-01"', 8, r"attributes\.first_hour: not an hour of the form yyyy-MM-ddTHH"),
        ('"2025-01-01T00"', '"2025-02-30T00"', 8, r"attributes\.first_hour: no such hour"),
        ("LogAppendTime", "LogAppend", 9, r"attributes\.record_time: .*'LogAppendTime'"),
        ("'30')", "'soon')", 10, r"attributes\.grace_seconds: .*number"),
        ("'HOURGLASS_TEST_UNSET', '30'", "'HOURGLASS_TEST_UNSET'", 10, "HOURGLASS_TEST_UNSET is not set"),
        ("every_hours: 6", "every_hours: 7", 11, r"attributes\.cadence: every_hours is 7: write a divisor of 24"),
        ("every_hours: 6", "cron: '0 25 * * *'", 11, r"attributes\.cadence: not a cron expression"),
        ("sensor_seconds: 30", "sensor_seconds: 0", 12, r"attributes\.sensor_seconds: .*greater than or equal to 1"),
        ("http://127.0.0.1:8081", "127.0.0.1", 13, r"attributes\.flink_rest: .*pattern"),
        ("0.05", "5", 14, r"checks\.rejected_share_max: .*less than or equal to 1"),
        ("warn_hours: 3", "warn_hours: 30", 15, r"attributes\.freshness: warn_hours is 30: it must be less"),
        ("team:data-platform", "data-platform", 16, r"attributes\.owners.*not an owner: 'data-platform'"),
        # the stage of the table is that of another stream
        (
            "bucket: hourglass",
            "bucket: other",
            7,
            "its stage lies over s3://hourglass/orders/landing/, the",
        ),
        # YAML itself
        ("  sensor_seconds: 30", "  name: returns", 12, "name: is written twice"),
    ],
)
def test_a_mistake_in_a_stream(written: str, instead: str, line: int, said: str) -> None:
    """The message has the file, the line of the mistake, the field, and the repair."""
    assert written in STREAM
    message = mistakes_in(project(STREAM.replace(written, instead, 1)))
    found = re.search(rf"defs\.yaml:{line}\b[^\n]*{said}", message)
    assert found, message[-2500:]


@pytest.mark.parametrize(
    ("field", "written", "instead"),
    [
        ("name", "name: returns", "name: orders"),
        ("prefix", "prefix: returns", "prefix: orders"),
        ("table", "table: aws/dev/ext_returns", "table: aws/dev/ext_orders"),
        ("bare_keys", "name: returns", "name: returns\n  bare_keys: true"),
    ],
)
def test_two_streams_share_no_place(field: str, written: str, instead: str) -> None:
    """Two jobs below one prefix would land into one ledger; the second document is named with its field."""
    first = STREAM.replace("name: orders", "name: orders\n  bare_keys: true") if field == "bare_keys" else STREAM
    second = STREAM.replace("orders", "returns").replace('["returns", "returns"]', '["returns"]')
    tables = SNOWFLAKE + "---\n" + SNOWFLAKE.replace("orders", "returns")
    hours = {"name": "orders/landed_hour", "bare_keys": "landed_hour"}.get(field)
    if hours:
        tables = re.sub(r"hours_of\('[^']*'\)", f"hours_of('{hours}')", tables)
    assert written in second
    message = mistakes_in(f"{first}---\n{second.replace(written, instead, 1)}---\n{tables}")
    assert re.search(rf"defs\.yaml:\d+ - attributes\.{field}: the stream \w+ has the same {field}; each", message)


def test_an_hour_is_asked_of_a_stream_that_no_document_describes() -> None:
    """The stage of an unknown stream names it, instead of being without partitions."""
    message = mistakes_in(project(STREAM).replace("hours_of('orders/landed_hour')", "hours_of('other/landed_hour')"))
    assert "hours_of: no document of the project has an hourly asset other/landed_hour" in message


def test_the_catalog_names_a_mistake_as_the_component_does(tmp_path: Path) -> None:
    """Commands read the documents without Dagster's loader, and their errors have file, line and field, too."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "defs.yaml").write_text(project(STREAM.replace("  prefix:", "  prefx:")))
    with pytest.raises(ResolutionException, match=r"orders/defs\.yaml:6 - attributes\.prefx: .*'prefix'"):
        read_streams(tmp_path)
    (folder / "defs.yaml").write_text(STREAM)
    with pytest.raises(ResolutionException, match="no document describes the external table aws/dev/ext_orders"):
        read_streams(tmp_path)
