from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from orchestration.dbt_runner.build import Verdict
from snowflake_components import query
from tests.unit.orchestration.dbt.event_log import EventLog, Record, expected_staged, expected_usage

THREE, FOUR, FIVE = "2025-08-01T03", "2025-08-01T04", "2025-08-01T05"
HOUR = 3600


@pytest.fixture(autouse=True)
def _empty(event_log: EventLog) -> None:
    event_log.empty()


def test_an_hour_built_three_times_is_the_hour_built_once(event_log: EventLog) -> None:
    """A retry of a run changes nothing, and reads no other hour."""
    records = [Record(second, second % 4, second, f"e{second}") for second in range(10)]
    event_log.land(*records, Record(HOUR, 0, 99, "of-the-next-hour"))
    outcomes = event_log.build(THREE, THREE, THREE)
    assert {Verdict.DONE} == {outcome.verdict for build in outcomes for outcome in build}
    assert expected_staged(records) == event_log.staged()
    assert expected_usage(records) == event_log.usage()


def test_an_event_that_was_sent_twice_is_kept_once_from_its_first_record(event_log: EventLog) -> None:
    """First by record time, then by partition, then by offset."""
    records = [
        Record(20, 0, 1, "by-time"),
        Record(10, 3, 9, "by-time"),
        Record(10, 2, 5, "by-partition"),
        Record(10, 1, 6, "by-partition"),
        Record(10, 0, 8, "by-offset"),
        Record(10, 0, 7, "by-offset"),
    ]
    event_log.land(*records)
    event_log.build(THREE)
    assert {"by-time": (THREE, 3, 9), "by-partition": (THREE, 1, 6), "by-offset": (THREE, 0, 7)} == event_log.staged()


def test_a_repetition_in_a_later_hour_changes_nothing(event_log: EventLog) -> None:
    """The event stays in the hour that was billed."""
    event_log.land(Record(1, 0, 1, "e1"), Record(HOUR, 0, 2, "e1"), Record(HOUR, 0, 3, "e2"))
    event_log.build(THREE, FOUR, THREE)
    assert {"e1": (THREE, 0, 1), "e2": (FOUR, 0, 3)} == event_log.staged()
    assert Counter({("acme", THREE): 1, ("acme", FOUR): 1}) == event_log.usage()


def test_a_record_that_lands_late_takes_its_event_back(event_log: EventLog) -> None:
    """An amended hour moves an event to its earlier hour, and the usage of both hours follows."""
    repetition, first = Record(HOUR, 0, 2, "e1"), Record(1, 0, 1, "e1")
    event_log.land(repetition, Record(HOUR, 0, 3, "e2"), Record(2, 1, 1, "e3"))
    event_log.build(THREE, FOUR)
    assert Counter({("acme", THREE): 1, ("acme", FOUR): 2}) == event_log.usage()
    event_log.land(first)
    event_log.build(THREE)
    assert event_log.staged()["e1"] == (THREE, 0, 1)
    assert Counter({("acme", THREE): 2, ("acme", FOUR): 1}) == event_log.usage()


def test_an_amended_hour_keeps_its_rows_and_gains_the_late_ones(event_log: EventLog) -> None:
    """Published rows are not removed."""
    early = [Record(second, 0, second, f"e{second}") for second in range(5)]
    event_log.land(*early)
    event_log.build(THREE)
    late = [Record(3599, 1, 1, "late-1"), Record(0, 1, 0, "late-2", organization="globex")]
    event_log.land(*late)
    event_log.build(THREE)
    assert expected_staged(early) | expected_staged(late) == event_log.staged()
    assert Counter({("acme", THREE): 6, ("globex", THREE): 1}) == event_log.usage()


def test_the_order_and_the_number_of_builds_do_not_matter(event_log: EventLog) -> None:
    """Hours in any order, some of them twice, some amended in between, give the same table."""
    random = Random(7)  # noqa: S311 (records, not secrets)
    records = [
        Record(random.randrange(3 * HOUR), random.randrange(4), offset, f"e{random.randrange(60)}")
        for offset in range(120)
    ]
    event_log.land(*records[:80])
    event_log.build(FIVE, THREE)
    event_log.land(*records[80:])
    event_log.build(FOUR, THREE, FIVE, FOUR)
    assert expected_staged(records) == event_log.staged()
    assert expected_usage(records) == event_log.usage()


def test_a_full_refresh_reads_every_hour_whatever_hour_is_named(event_log: EventLog) -> None:
    """A table that is rebuilt from one hour would lose the other hours."""
    records = [Record(second * 600, 0, second, f"e{second % 9}") for second in range(18)]
    event_log.land(*records)
    event_log.build(THREE)
    event_log.rebuild("--vars", f"{{hour: {THREE}}}")
    assert expected_staged(records) == event_log.staged()


def test_an_unknown_type_is_kept_counted_and_flagged(event_log: EventLog) -> None:
    """The flag is up in the hour of the event, and in no other."""
    event_log.land(Record(1, 0, 1, "e1", event_type="NEW_IN_2026"), Record(HOUR, 0, 2, "e2"))
    flagged, good = event_log.build(THREE, FOUR)
    assert ["known_event_types"] == [
        outcome.unique_id.split(".")[2] for outcome in flagged if outcome.verdict is Verdict.WARNED
    ]
    assert {Verdict.DONE} == {outcome.verdict for outcome in good}
    assert Counter({("acme", THREE): 1, ("acme", FOUR): 1}) == event_log.usage()


def test_usage_counts_by_type(event_log: EventLog) -> None:
    """Retries count as separate runs and steps; failed checks are not failures of the platform."""
    kinds = ["RUN_START", "STEP_START", "STEP_FAILURE", "STEP_START", "ASSET_MATERIALIZATION", "RUN_FAILURE"]
    kinds += ["ASSET_CHECK_FAILED", "NEW_IN_2026"]
    event_log.land(*(Record(n, 0, n, f"e{n}", event_type=kind) for n, kind in enumerate(kinds)))
    event_log.build(THREE)
    (row,) = query(event_log.snowflake, "SELECT * FROM AWS.DEV.USAGE_BY_ORGANIZATION_HOUR").rows
    counts = ("EVENTS", "RUNS_STARTED", "STEPS_STARTED", "MATERIALIZATIONS", "FAILURES")
    assert (8, 1, 2, 1, 2) == tuple(row[name] for name in counts)


def test_times_are_utc_whatever_zone_the_producer_wrote(event_log: EventLog) -> None:
    """05:30 in Berlin is 03:30 in UTC."""
    event_log.land(Record(1, 0, 1, "e1", occurred_at="2025-08-01T05:30:00.125+02:00"))
    event_log.build(THREE)
    (row,) = query(event_log.snowflake, "SELECT OCCURRED_AT FROM AWS.DEV.STG_PLATFORM_EVENTS").rows
    assert row["OCCURRED_AT"].isoformat() == "2025-08-01T03:30:00.125000"


def test_an_hour_in_another_form_is_refused_by_name(event_log: EventLog) -> None:
    """Nothing is built, and the message shows the right form."""
    (outcomes,) = event_log.build("2025-08-01")
    failed = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    staging = {"model.hourglass.stg_platform_events", "model.hourglass.stg_dagster_events"}
    assert staging == {outcome.unique_id for outcome in failed}
    assert all("--vars '{hour: 2025-08-01T03}'" in outcome.message for outcome in failed)
    assert {Verdict.FAILED, Verdict.SKIPPED} == {outcome.verdict for outcome in outcomes}
