"""Usage as of a moment, on the local Snowflake: what an invoice counted can be counted again after amendments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import PROJECT_DIR
from orchestration.dbt_runner.built_hours import TABLE, read_built_hours
from orchestration.dbt_runner.model_status import BuildState
from orchestration.landing.clients.hours_table import read_proven_hours
from snowflake_components import query
from snowflake_components.connection import SnowflakeConnection
from tests.unit.orchestration.dbt.event_log import HOUR_OBJECTS, HOURS, NOW, EventLog, Record, compile_inline

THREE, FOUR = "2025-08-01T03", "2025-08-01T04"
MODELS = ("stg_platform_events", "usage_by_organization_hour")
STAGED = "model.hourglass.stg_platform_events"
HOUR = 3600
USAGE = (PROJECT_DIR / "models" / "usage" / "usage_by_organization_hour.sql").read_text()
SOURCE = "source('platform_events', 'ext_flink_event_log')"
Rows = list[Mapping[str, Any]]


@pytest.fixture(autouse=True)
def _empty(event_log: EventLog) -> None:
    event_log.empty()


STORY = (
    # the first revisions: e2 repeats within its hour, e3 is of the later hour
    (Record(1, 0, 1, "e1"), Record(2, 0, 2, "e2"), Record(9, 0, 3, "e2"), Record(HOUR, 0, 4, "e3")),
    # a late event
    (Record(3, 1, 1, "e4", event_type="RUN_START", file="late-1.jsonl"),),
    # a late record that takes e3 from the later hour, and an organization that no invoice had
    (Record(4, 1, 2, "e3", file="late-2.jsonl"), Record(5, 1, 3, "e5", organization="globex", file="late-2.jsonl")),
    # a late record that repeats e1, and one that is the first of e4: another type
    (Record(6, 1, 4, "e1", file="late-3.jsonl"), Record(0, 1, 5, "e4", event_type="STEP_FAILURE", file="late-3.jsonl")),
)
"""The records of hour 03 and, at first, 04: three amendments of hour 03."""


def invoice_dates() -> list[datetime]:
    """One moment after each publication, in UTC without a zone."""
    return [(NOW + timedelta(days=number, hours=12)).replace(tzinfo=None) for number in range(len(STORY))]


def read(event_log: EventLog, sql: str) -> Rows:
    """Return rows in an order of their own."""
    return sorted(query(event_log.snowflake, sql).rows, key=str)


def without_moment(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if name != "AS_OF"}


def compiled(event_log: EventLog, text: str) -> str:
    return event_log.dbt.submit(compile_inline, event_log.models, text).result()


def test_each_invoice_is_counted_again_after_three_amendments(event_log: EventLog) -> None:
    """Row for row what the view showed on the date of the invoice; the view itself shows the present."""
    query(event_log.snowflake, "CREATE OR REPLACE TABLE AWS.DEV.INVOICES (MADE_AT TIMESTAMP_NTZ)")
    counted: list[Rows] = []
    for number, records in enumerate(STORY):
        event_log.land(*records)
        hours = (THREE, FOUR)[: 2 if number == 0 else 1]
        event_log.publish(*hours, at=NOW + timedelta(days=number))
        event_log.dbt.submit(event_log.models.build, hours, MODELS).result()
        counted.append(read(event_log, "SELECT * FROM AWS.DEV.USAGE_BY_ORGANIZATION_HOUR"))
        query(event_log.snowflake, f"INSERT INTO AWS.DEV.INVOICES VALUES ('{invoice_dates()[number]}')")  # noqa: S608 (a date)
    assert len(STORY) == len({str(rows) for rows in counted}), "each amendment changes the usage"

    moments = "'select made_at from AWS.DEV.INVOICES'"
    of_invoices = "({{ events_as_of(" + SOURCE + ", " + moments + ") }}) as events"
    text = USAGE.replace("{{ ref('stg_platform_events') }}", of_invoices)
    text = text.replace("select\n", "select\n    as_of,\n", 1).replace("group by ", "group by as_of, ")
    again = read(event_log, compiled(event_log, text))
    for date, rows in zip(invoice_dates(), counted, strict=True):
        of_date = [without_moment(row) for row in again if row["AS_OF"] == date]
        assert rows == of_date, date
    assert sum(map(len, counted)) == len(again)
    assert ((), Hour.from_label(FOUR)) == (stale(event_log), build_state(event_log).newest(STAGED))
    event_log.land(Record(7, 1, 9, "e9", file="late-4.jsonl"))
    event_log.publish(THREE)
    assert (Hour.from_label(THREE),) == stale(event_log), "as `hourglass models status` says"


def build_state(event_log: EventLog) -> BuildState:
    """Read what is published and what dbt has built from, as the command does."""
    connection = SnowflakeConnection(settings=event_log.snowflake)
    proven = read_proven_hours(connection, HOURS, "platform_events")
    built = read_built_hours(connection, replace(HOURS, name=TABLE))
    return BuildState({"platform_events": {hour: one.fingerprint for hour, one in proven.items()}}, built)


def stale(event_log: EventLog) -> tuple[Hour, ...]:
    return build_state(event_log).stale(STAGED, ["stream:platform_events"])


@pytest.mark.long  # four compilations of dbt
def test_an_hour_is_read_as_of_each_revision_and_before_its_publication(event_log: EventLog) -> None:
    """Revision 1 has the objects of the first publication; before it the hour has no rows."""
    for number, records in enumerate(STORY):
        event_log.land(*records)
        event_log.publish(THREE, FOUR, at=NOW + timedelta(days=number))
    of_three = f"SELECT DISTINCT REVISION FROM {HOUR_OBJECTS.sql} WHERE HOUR = '2025-08-01 03:00:00'"  # noqa: S608 (a name)
    revisions = [row["REVISION"] for row in read(event_log, of_three)]
    assert [4, 5, 7, 9] == revisions
    offsets = "select kafka_offset, kafka_partition from {{{{ hourglass.as_of({}, {}) }}}} as records"
    first = read(event_log, compiled(event_log, offsets.format(SOURCE, "revision=4")))
    assert [(0, 1), (0, 2), (0, 3), (0, 4)] == sorted((row["KAFKA_PARTITION"], row["KAFKA_OFFSET"]) for row in first)
    exactly = compiled(event_log, offsets.format(SOURCE, f"'{NOW + timedelta(days=1):%Y-%m-%dT%H:%M:%S}'"))
    assert [1, 1, 2, 3, 4] == sorted(row["KAFKA_OFFSET"] for row in read(event_log, exactly))
    assert [] == read(event_log, compiled(event_log, offsets.format(SOURCE, "'2025-08-01'")))


@pytest.mark.long  # five compilations of dbt
def test_what_cannot_be_answered_is_refused(event_log: EventLog) -> None:
    """Rows would be missing without a word: hours whose objects are unknown, another source, an unclear moment."""
    event_log.land(*STORY[0])
    event_log.publish(THREE, FOUR)
    text = "select * from {{{{ hourglass.as_of({}, {}) }}}} as records"
    query(event_log.snowflake, f"DELETE FROM {HOUR_OBJECTS.sql} WHERE HOUR = '2025-08-01 04:00:00'")  # noqa: S608 (a name)
    wrong = {
        (SOURCE, "'2025-09-01'"): "1 published hours of platform_events have no objects in HOUR_OBJECTS",
        (SOURCE, "'yesterday'"): "the moment is 'yesterday'",
        (SOURCE, ""): "give a moment or a revision",
        ("ref('stg_platform_events')", "'2025-09-01'"): "is no source of a stream",
    }
    for (relation, moment), said in wrong.items():
        with pytest.raises(RuntimeError, match=said):
            compiled(event_log, text.format(relation, moment))
        event_log.publish(FOUR)
    query(event_log.snowflake, f"DROP TABLE {HOUR_OBJECTS.sql}")
    with pytest.raises(RuntimeError, match="there is no table HOUR_OBJECTS"):
        compiled(event_log, text.format(SOURCE, "'2025-09-01'"))
