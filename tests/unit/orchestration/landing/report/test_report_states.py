"""Every hour that is not published has a row with its state, its reason and its repair, and is red in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import BrokerUnavailableError
from orchestration.landing.report.hours import HourRow, Wanted, hour_rows
from orchestration.landing.report.state import HourState
from snowflake_components.errors import SnowflakeUnavailableError
from tests.fakes.landing import H1, FakeLanding, minutes

FOUR = H1.plus(3)


def rows(fake: FakeLanding, wanted: Wanted | None = None) -> dict[str, HourRow]:
    return {row.hour: row for row in hour_rows(fake.stream, fake.table.client, wanted)}


def row(fake: FakeLanding, hour: Hour, wanted: Wanted | None = None) -> HourRow:
    return rows(fake, wanted)[hour.label]


def test_an_hour_that_never_landed_has_a_row_and_is_red_after_its_time(fake: FakeLanding) -> None:
    """The job is dead: the broker holds records of hour 04 that no ledger entry has."""
    fake.broker.records[0] += minutes(200, 210)
    fake.clock.time = FOUR.end + timedelta(minutes=15, seconds=35)
    found = row(fake, FOUR)
    assert (HourState.OPEN, 0, None, "it waits for offsets 7-8 of platform-events[0] to land") == (
        found.state,
        found.accepted,
        found.agree,
        found.reason,
    )
    fake.clock.time += timedelta(seconds=1)
    late = row(fake, FOUR)
    assert (False, "hourglass job status") == (late.agree, late.repair)
    assert late.reason.endswith("to land; it should be published since 2025-08-01T05:15:35Z")


def test_the_first_records_of_a_stream_that_never_landed_have_rows(fake: FakeLanding) -> None:
    """No entry, no seal: the broker alone knows the hours."""
    fake.bucket.objects.clear()
    assert {"2025-08-01T01": False, "2025-08-01T02": False, "2025-08-01T03": None} == {
        hour: found.agree for hour, found in rows(fake).items()
    }


def test_old_records_beside_landed_ones_have_a_row_of_their_own(fake: FakeLanding) -> None:
    """Records of an hour before the first landed one arrive while the job is dead."""
    fake.broker.records[1].append(H1.plus(-30).start)
    assert H1.plus(-30).label in rows(fake, Wanted(window_hours=2))


@pytest.mark.parametrize("lost", ["ledger entry", "object", "other topic"])
def test_what_waiting_does_not_repair_is_stuck(fake: FakeLanding, lost: str) -> None:
    """The row names the offsets, the epoch or the ids."""
    objects = fake.bucket.objects
    if lost == "ledger entry":
        del objects[min(key for key in objects if "/ledger/" in key)]
        fake.broker.records[0] += minutes(200)
        fake.job.land(0, 7, 7, fake.clock.utc_now())
    elif lost == "object":
        del objects[min(key for key in objects if "/landing/2025/08/01/01/" in key)]
    else:
        fake.broker.topic_id = "another-topic-id-00000"
    found = row(fake, H1)
    assert (HourState.STUCK, False, "hourglass ledger check --broker") == (found.state, found.agree, found.repair)
    assert {"ledger entry": "offsets 0-", "object": "promised objects", "other topic": "is another one"}[lost] in (
        found.reason
    )


def test_hours_beyond_the_stream_are_quarantined_and_red(fake: FakeLanding) -> None:
    """Records of 2015 land and are never published until the first hour of the stream is earlier."""
    fake.broker.records[0].append(datetime(2015, 6, 1, 5, tzinfo=UTC))
    fake.broker.records[1].append(datetime(2100, 1, 1, tzinfo=UTC))
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    found = rows(fake)
    old, future = found["2015-06-01T05"], found["2100-01-01T00"]
    assert (HourState.QUARANTINED, False) == (old.state, old.agree)
    assert "set first_hour" in old.repair
    assert (HourState.QUARANTINED, None, "2100-01-01T00 lies in the future; the clock of a producer is wrong") == (
        future.state,
        future.agree,
        future.reason,
    )


def test_an_hour_whose_run_waits_is_queued_and_not_red(fake: FakeLanding) -> None:
    """A backlog is not a fault; an open hour is not queued, whatever Dagster runs."""
    found = row(fake, H1, Wanted(in_progress={H1}))
    assert (HourState.QUEUED, None) == (found.state, found.agree)
    fake.broker.records[0] += minutes(200)
    fake.clock.time = FOUR.end + timedelta(hours=1)
    assert HourState.OPEN is row(fake, FOUR, Wanted(in_progress={FOUR})).state


def test_a_late_object_gives_its_hour_time_again(fake: FakeLanding) -> None:
    """An old hour that landed a minute ago cannot be published yet."""
    assert row(fake, H1).agree is False
    key = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    fake.bucket.modified[key] = fake.clock.utc_now() - timedelta(minutes=1)
    assert row(fake, H1).agree is None
    assert row(fake, H1, Wanted(late=timedelta(seconds=29))).agree is False


def test_what_cannot_be_asked_is_unknown(fake: FakeLanding) -> None:
    """Not green, not red."""
    fake.broker.failures = [BrokerUnavailableError("away")]
    assert {(None, "the broker does not answer")} == {(one.agree, one.unknown) for one in rows(fake).values()}
    fake.table.failures = [SnowflakeUnavailableError("away")]
    assert {""} == {one.unknown for one in rows(fake).values()}, "no hour is as far as Snowflake"


def test_silent_hours_of_the_window_have_rows(fake: FakeLanding) -> None:
    """The broker's clock shows that time went on; hours before the first one of the stream are not silent."""
    fake.clock.time = H1.plus(40).start + timedelta(minutes=10)
    labels = set(rows(fake, Wanted(window_hours=3)))
    assert {H1.plus(number).label for number in (0, 1, 2, 37, 38, 39)} == labels
    assert {H1.plus(number).label for number in range(40)} == set(rows(fake))


def test_after_a_replay_of_old_hours_nothing_is_silent_but_what_lies_between_them(fake: FakeLanding) -> None:
    """With CreateTime nothing shows that the time of the stream went on."""
    fake.broker.record_time = RecordTime.CREATE
    fake.broker.records[0].append(H1.plus(5).start)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    fake.clock.time = H1.plus(9_000).start
    assert {H1.plus(number).label for number in range(6)} == set(rows(fake))
