from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns

import pytest

from orchestration.dbt_runner.build import PROJECT_DIR, NodeOutcome, Verdict
from snowflake_components import query
from tests.unit.orchestration.dbt.event_log import (
    HOURLY,
    EventLog,
    Record,
    expected_counts,
    expected_staged,
    expected_usage,
    run_dbt,
)

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
    assert {THREE: (1, 0, 1), FOUR: (2, 1, 1)} == event_log.counts()
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
    assert {THREE: (2, 0, 2), FOUR: (2, 1, 1)} == event_log.counts()


def test_an_event_is_of_its_organization_deployment_and_shard(event_log: EventLog) -> None:
    """One id in two shards is two events. A deployment or shard that is missing equals a missing one."""
    shards = [Record(1, 0, 1, "e1", shard="1"), Record(2, 0, 2, "e1", shard="2"), Record(3, 0, 3, "e1")]
    others = [Record(4, 0, 4, "e1", organization="globex"), Record(5, 0, 5, "e1", deployment="dev")]
    without = [Record(6, 0, 6, "e1", deployment=None), Record(HOUR, 0, 8, "e1", deployment=None)]
    again = [Record(7, 0, 7, "e1", shard="2"), Record(HOUR + 1, 0, 9, "e1")]
    records = [*shards, *others, *without, *again]
    event_log.land(*records)
    outcomes = event_log.build(THREE, FOUR)
    assert {Verdict.DONE} == {outcome.verdict for build in outcomes for outcome in build}
    assert expected_staged(records) == event_log.staged()
    assert 6 == len(event_log.staged())
    assert {THREE: (7, 1, 6), FOUR: (2, 2, 0)} == event_log.counts()


def test_identities_that_look_alike_are_different_events(event_log: EventLog) -> None:
    """No part can run over into the next one."""
    identities: list[tuple[str | None, str | None]] = [
        ("a", "b"), ("a1:b", None), ("a", "b-"), ("-", "a"), ("a-1:b", "-"), ("1:a", "1:b"), (None, "a-"),
    ]  # fmt: skip
    records = [
        Record(n, 0, n, event_id, deployment=deployment, shard=shard)
        for n, (event_id, deployment, shard) in enumerate(
            (event_id, deployment, shard) for event_id in ("e", "1:e", "-1:e") for deployment, shard in identities
        )
    ]
    event_log.land(*records)
    event_log.build(THREE)
    assert len(records) == len(event_log.staged())
    assert {THREE: (len(records), 0, len(records))} == event_log.counts()


def test_a_model_that_loses_an_event_is_red(event_log: EventLog, tmp_path: Path) -> None:
    """A model that compares ids alone, as one once did, keeps one event of two shards."""
    event_log.land(Record(1, 0, 1, "e1", shard="1"), Record(2, 0, 2, "e1", shard="2"), Record(3, 0, 3, "e2"))
    (built,) = with_project(
        event_log, tmp_path, "first_record.sql", "partition by event_key", "partition by event_id"
    ).build(THREE)
    assert {THREE: (3, 0, 2)} == event_log.counts()
    assert [("no_event_is_lost", Verdict.FAILED), ("no_event_of_another_hour_is_lost", Verdict.WARNED)] == red(built)


def test_an_event_that_another_hour_lost_is_a_warning(event_log: EventLog) -> None:
    """The run of a good hour finds it, and is not stopped by it; the run of the hour itself brings the event back."""
    event_log.land(Record(1, 0, 1, "e1"), Record(2, 0, 2, "e2"), Record(HOUR, 0, 3, "e3"))
    event_log.build(THREE)
    query(event_log.snowflake, "DELETE FROM AWS.DEV.STG_PLATFORM_EVENTS WHERE EVENT_ID = 'e1'")
    four, three = event_log.build(FOUR, THREE)
    assert [("no_event_of_another_hour_is_lost", Verdict.WARNED)] == red(four)
    assert [] == red(three)
    assert {THREE: (2, 0, 2), FOUR: (1, 0, 1)} == event_log.counts()


def red(outcomes: tuple[NodeOutcome, ...]) -> list[tuple[str, Verdict]]:
    """Return the nodes that did not end well, by name."""
    return sorted(
        (outcome.unique_id.split(".")[2], outcome.verdict)
        for outcome in outcomes
        if outcome.verdict is not Verdict.DONE
    )


def with_project(event_log: EventLog, folder: Path, name: str, text: str, other: str) -> EventLog:
    """Build from a copy of the dbt project in which one text of a file differs."""
    copy = folder / "dbt"
    copytree(PROJECT_DIR, copy, ignore=ignore_patterns("target", "logs"))
    (path,) = copy.rglob(name)
    assert 1 == path.read_text().count(text)
    path.write_text(path.read_text().replace(text, other))
    return replace(event_log, models=replace(event_log.models, target_dir=folder / "target", project_dir=copy))


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
    built = event_log.build(FOUR, THREE, FIVE, FOUR)
    assert {Verdict.DONE} == {outcome.verdict for outcome in built[-1]}
    assert expected_staged(records) == event_log.staged()
    assert expected_usage(records) == event_log.usage()
    assert expected_counts(records) == event_log.counts()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_hours_that_are_built_together_give_what_one_after_the_other_gives(event_log: EventLog, seed: int) -> None:
    """Repeats within the range, with an hour before it and with an hour that is amended later: the models are equal."""
    random = Random(seed)  # noqa: S311 (records, not secrets)
    records = [
        Record(random.randrange(3 * HOUR), random.randrange(4), offset, f"e{random.randrange(40)}")
        for offset in range(90)
    ]
    event_log.land(*records[:60])
    event_log.build(random.choice((THREE, FOUR, FIVE)))
    built = event_log.build_together(THREE, FOUR, FIVE)
    assert {Verdict.DONE} == {outcome.verdict for outcome in built}
    event_log.land(*records[60:])
    event_log.build_together(FOUR, FIVE)
    event_log.build(THREE)
    assert expected_staged(records) == event_log.staged()
    assert expected_usage(records) == event_log.usage()
    assert expected_counts(records) == event_log.counts()


def test_a_full_refresh_reads_every_proven_hour_whatever_hour_is_named(event_log: EventLog) -> None:
    """A table that is rebuilt from one hour would lose the other hours. An hour that is not published is not read."""
    records = [Record(second * 600, 0, second, f"e{second % 9}") for second in range(18)]
    event_log.land(*records, Record(3 * HOUR, 0, 99, "not-published"))
    event_log.build(THREE)
    event_log.publish(FOUR, FIVE)
    assert event_log.rebuild("--vars", f"{{hour: {THREE}}}")
    assert expected_staged(records) == event_log.staged()
    assert expected_counts(records) == event_log.counts()


def test_a_full_refresh_refuses_to_lose_hours_that_are_not_proven(event_log: EventLog) -> None:
    """As after an upgrade, before the table of hours is filled."""
    records = [Record(1, 0, 1, "e1"), Record(HOUR, 0, 2, "e2")]
    event_log.land(*records)
    event_log.build(THREE, FOUR)
    query(event_log.snowflake, "DELETE FROM AWS.DEV.HOURS WHERE HOUR = '2025-08-01 04:00:00'")
    assert not event_log.rebuild()
    assert expected_staged(records) == event_log.staged()
    assert event_log.rebuild("--vars", "{hourglass_lose_hours: true}")
    assert {"e1"} == event_log.staged().keys()


def test_without_named_hours_a_build_takes_the_stale_ones(event_log: EventLog) -> None:
    """An hour whose run built no models is caught up, and an hour that another one took an event from is counted."""
    repetition, first = Record(HOUR, 0, 2, "e1"), Record(1, 0, 1, "e1")
    event_log.land(repetition, Record(HOUR, 0, 3, "e2"))
    event_log.build(THREE, FOUR)
    event_log.land(first)
    event_log.publish(THREE)
    event_log.dbt.submit(run_dbt, event_log.models, ("run",)).result()
    assert expected_staged([repetition, first, Record(HOUR, 0, 3, "e2")]) == event_log.staged()
    assert {THREE: (1, 0, 1), FOUR: (2, 1, 1)} == event_log.counts()


def test_of_48_hours_with_5_gaps_exactly_5_are_built(event_log: EventLog) -> None:
    """A build without named hours takes the gaps, at once, and a second one takes nothing."""
    records = [Record(hour * HOUR, 0, hour, f"e{hour}") for hour in range(48)]
    event_log.land(*records)
    hours = [record.hour for record in records]
    gaps = {hours[number] for number in (0, 7, 20, 21, 47)}
    event_log.build_together(*(hour for hour in hours if hour not in gaps))
    event_log.publish(*gaps)
    before = event_log.versions("stg_platform_events")
    assert event_log.dbt.submit(run_dbt, event_log.models, ("run",)).result()
    after = event_log.versions("stg_platform_events")
    assert gaps == {hour for hour, version in after.items() if before.get(hour) != version}
    assert expected_staged(records) == event_log.staged()
    assert expected_counts(records) == event_log.counts()
    assert event_log.dbt.submit(run_dbt, event_log.models, ("run",)).result()
    assert after == event_log.versions("stg_platform_events")


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
    outcomes = event_log.dbt.submit(event_log.models.build, ["2025-08-01"], HOURLY).result()
    failed = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    names = [f"model.hourglass.stg_{stream}_events" for stream in ("dagster", "platform")]
    assert names == sorted(outcome.unique_id for outcome in failed)
    assert "--vars '{hour: 2025-08-01T03}'" in failed[0].message
    assert {Verdict.FAILED, Verdict.SKIPPED} == {outcome.verdict for outcome in outcomes}
