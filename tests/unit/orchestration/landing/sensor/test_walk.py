"""Hours without records: every one of them is requested once, in order, and none while the job is dead."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.proof.completeness import Open
from orchestration.landing.proof.evidence import Request, examine, prove
from orchestration.landing.proof.seal import (
    Seal,
    draft_seal,
    fingerprint,
    latest_seal,
    newest_seal_keys,
    read_seals,
    write_seal,
)
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.run_tags import run_key
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes
from tests.fakes.published import published

H4 = H1.plus(3)
EMPTY = fingerprint(())


def tick(fake: FakeLanding, cursor: Cursor | None = None, limits: Limits | None = None) -> Tick:
    return run_tick(fake.stream, cursor or read_cursor(None, (TOPIC,)), limits or Limits())


def labels(found: Tick) -> list[str]:
    return [request.hour.label for request in found.requests]


def seal(fake: FakeLanding, request: Request) -> Seal:
    """Seal a requested hour, as its run does."""
    complete, evidence = prove(fake.stream, request)
    draft = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    return write_seal(fake.bucket, fake.stream.layout, draft)


def later(fake: FakeLanding, **delta: float) -> None:
    fake.clock.time += timedelta(**delta)


def test_a_silent_hour_is_requested_and_sealed_with_0_records(fake: FakeLanding) -> None:
    """Nothing was produced after 03:30; at 05:00:36 hour 04 is over for good."""
    cursor = tick(fake).cursor
    fake.clock.time = H4.end + timedelta(seconds=35)
    waits = tick(fake, cursor)
    assert ([], "2025-08-01T04 waits for 05:00:35: no record of platform-events[0] is later yet") == (
        labels(waits),
        waits.sentence(),
    )
    later(fake, seconds=1)
    found = tick(fake, waits.cursor)
    assert ["2025-08-01T04"] == labels(found)
    sealed = seal(fake, found.requests[0])
    assert (0, 0, (), (), EMPTY) == (
        sealed.accepted,
        sealed.rejected,
        sealed.objects,
        sealed.partitions,
        sealed.fingerprint,
    )
    assert [] == labels(tick(fake, found.cursor))


def test_an_hour_between_others_is_sealed_empty(fake: FakeLanding) -> None:
    """Records of 05 follow those of 03: the boundary of 04 is in between, and everything before it has landed."""
    fake.clock.time = H1.plus(5).start + timedelta(minutes=1)
    fake.broker.records[0] += minutes(245)
    fake.broker.records[1] += minutes(246)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    assert [f"2025-08-01T0{n}" for n in range(1, 6)] == labels(tick(fake))


def test_equal_offsets_alone_prove_no_empty_hour(fake: FakeLanding) -> None:
    """Offset 7 is of 03:50 and has not landed: no record is of 04, and the job may be dead."""
    fake.clock.time = H1.plus(5).start + timedelta(minutes=1)
    fake.broker.records[0] += minutes(170, 250)
    found = tick(fake)
    assert ["2025-08-01T01", "2025-08-01T02"] == labels(found)
    assert "2025-08-01T03 waits for offsets 7-7 of platform-events[0] to land" in found.sentence()
    assert "2025-08-01T04 waits for offsets 7-7 of platform-events[0] to land" in found.sentence()
    fake.job.land(0, 7, 8, fake.clock.utc_now())
    assert [f"2025-08-01T0{n}" for n in (3, 4)] == labels(tick(fake, found.cursor))[:2]


def test_a_late_record_of_an_empty_hour_makes_revision_2(fake: FakeLanding) -> None:
    """With CreateTime a record of 04 comes after its seal of 0 records."""
    fake.broker.record_time = RecordTime.CREATE
    fake.clock.time = H4.end + timedelta(minutes=1)
    cursor = tick(fake).cursor
    later(fake, minutes=1)
    found = tick(fake, cursor)
    assert seal(fake, found.requests[-1]).hour == H4
    fake.broker.records[0] += minutes(200)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    later(fake, minutes=1)
    watched = tick(fake, found.cursor)
    later(fake, minutes=1)
    amended = tick(fake, watched.cursor)
    runs = [*zip(watched.requests, watched.reasons, strict=True), *zip(amended.requests, amended.reasons, strict=True)]
    request = next(request for request, reason in runs if reason == "amended")
    sealed = seal(fake, request)
    assert (H4, 2, 1) == (sealed.hour, sealed.revision, sealed.accepted)


def test_hours_before_the_first_record_are_not_sealed() -> None:
    """The stream begins with its first record, and never before its first hour."""
    fake = FakeLanding(FakeBroker({0: [H1.start.replace(year=2024), *minutes(5, 65)]}))
    fake.job.land_all(fake.clock.utc_now())
    assert ["2025-08-01T01", "2025-08-01T02", "2025-08-01T03"] == labels(tick(fake))
    with pytest.raises(HourNotCompleteError, match="waits for the first record of the stream"):
        prove(fake.stream, Request(H1.plus(-1)))


def test_an_older_first_record_moves_the_walk_back(fake: FakeLanding) -> None:
    """A replay brings records of 23:00 of the day before: the hour in between is empty, and sealed as well."""
    cursor = tick(fake).cursor
    fake.broker.records[0] += minutes(-90)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    found = tick(fake, cursor)
    assert ["2025-07-31T23", "2025-08-01T00"] == labels(found)
    assert [] == labels(tick(fake, found.cursor))


def test_an_empty_hour_with_an_object_is_not_empty(fake: FakeLanding) -> None:
    """The ledger entry of an object is missing: the hour has records."""
    fake.clock.time = H4.end + timedelta(minutes=1)
    key = fake.stream.layout.hour_prefix(Kind.LANDING, H4) + "part-0123456789ab.9-0-0.jsonl"
    fake.bucket.objects[key] = b"e\n"
    assert f"2025-08-01T04 waits for the ledger entry of {key}" in tick(fake).sentence()


def test_offsets_that_were_deleted_before_they_landed_prove_nothing(fake: FakeLanding) -> None:
    """The job was dead while the broker deleted offsets 7 and 8: the hours around them are never called empty."""
    fake.clock.time = H1.plus(9).start
    fake.broker.records[0] += [*minutes(190, 250), *minutes(400)]
    fake.broker.low = {0: 9}
    fake.job.land(0, 9, 9, fake.clock.utc_now())
    found = tick(fake)
    assert ["2025-08-01T01", "2025-08-01T02", "2025-08-01T03", "2025-08-01T07", "2025-08-01T08"] == (labels(found))
    reason = "waits for offsets 7-8 of platform-events[0], which the broker deleted before they landed, to land"
    assert f"2025-08-01T04 {reason}" in found.sentence()
    assert [("2025/08/01/04", "2025/08/01/06")] == [
        (passed.first.path.rstrip("/"), passed.last.path.rstrip("/")) for passed in found.cursor.passed
    ]
    verdict = examine(fake.stream, H4, None, {}).verdict
    assert isinstance(verdict, Open)
    assert "deleted before they landed" in verdict.reason


def test_a_passed_hour_is_requested_when_its_offsets_land_after_all(fake: FakeLanding) -> None:
    """A gap holds hour 05 while hour 06 is complete; the entry that fills it comes later."""
    fake.clock.time = H1.plus(6).start + timedelta(minutes=1)
    fake.broker.records[0] += minutes(190, 310)
    fake.broker.records[1] += minutes(311)
    fake.job.land(0, 8, 8, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    found = tick(fake)
    assert ["2025-08-01T01", "2025-08-01T02", "2025-08-01T03", "2025-08-01T06"] == labels(found)
    assert 1 == len(found.cursor.passed)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    after = tick(fake, found.cursor)
    assert (["2025-08-01T04", "2025-08-01T05"], ()) == (labels(after), after.cursor.passed)


def test_the_walk_is_bounded_and_goes_on_in_the_next_tick(fake: FakeLanding) -> None:
    """After a month of silence each tick requests so many, and hours with records come first."""
    later(fake, hours=40)
    first = tick(fake, limits=Limits(requests_max=10))
    assert (10, True) == (len(first.requests), first.behind)
    second = tick(fake, first.cursor, Limits(requests_max=10))
    assert [H1.plus(10 + n).label for n in range(10)] == labels(second)


def test_a_long_past_is_requested_a_day_a_tick(fake: FakeLanding) -> None:
    """After a month of silence the hours with records come first, and 24 of the hours beyond the look-back."""
    later(fake, days=30)
    many = Limits(requests_max=576)
    first = run_tick(fake.stream, read_cursor(None, (TOPIC,)), many)
    assert ([H1.plus(n).label for n in range(3 + 24)], True) == (labels(first), first.behind)
    assert [H1.plus(n).label for n in range(27, 51)] == labels(run_tick(fake.stream, first.cursor, many))


def test_with_create_time_old_hours_are_silent_only_when_a_record_follows(fake: FakeLanding) -> None:
    """After a replay of last year's records the year until now is not sealed; with the next record it is."""
    fake.broker.record_time = RecordTime.CREATE
    later(fake, days=365)
    rests = tick(fake).cursor
    later(fake, minutes=1)
    found = tick(fake, rests)
    assert "2025-08-01T03" == labels(found)[-1]
    assert "every landed hour was requested; 2025/08/01/03 was the last" == tick(fake, found.cursor).sentence()
    fake.broker.records[0] += minutes(500)
    fake.broker.records[1] += minutes(501)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    assert [H1.plus(n).label for n in range(3, 8)] == labels(tick(fake, found.cursor))


def test_a_lost_cursor_repeats_the_run_keys_of_empty_hours(fake: FakeLanding) -> None:
    """Also of those that are sealed, and whose records the broker has deleted since."""
    fake.clock.time = H1.plus(6).start + timedelta(minutes=1)
    first = tick(fake)
    for request in first.requests:
        seal(fake, request)
    fake.broker.low = {0: 7, 1: 5}
    assert [run_key(r) for r in first.requests] == [run_key(r) for r in tick(fake).requests]


def test_a_migrated_cursor_walks_from_the_first_hour_of_the_bucket(fake: FakeLanding) -> None:
    """A cursor of version 1 has dropped the oldest hours: sealed ones are not requested again, empty ones are."""
    first = tick(fake)
    for request in first.requests:
        seal(fake, request)
    later(fake, days=4)
    dropped = published(first.cursor).forget(fake.clock.utc_now(), fake.stream.first_hour)
    old = dropped.model_copy(update={"begun": None, "walked": None})
    assert {} == old.totals.hours
    fake.broker.records[0] += [fake.clock.utc_now() - timedelta(minutes=5)]
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert H4.label == labels(tick(fake, old))[0]


def test_30_days_with_empty_hours_and_a_dead_job_have_a_seal_for_every_hour() -> None:
    """40 % of the hours are empty. The job is dead for two days: no hour of them is sealed before it lands."""
    rng = random.Random(7)  # noqa: S311 - a seed of a test
    fake = FakeLanding(FakeBroker({0: [], 1: []}), clock_at=H1.start)
    expected: dict[Hour, int] = {}
    landed = {0: 0, 1: 0}
    cursor = read_cursor(None, (TOPIC,))
    dead = (H1.plus(240), H1.plus(288))
    for n in range(720):
        hour = H1.plus(n)
        counts = {p: 0 if n and rng.random() < 0.6 else rng.randint(1, 2) for p in (0, 1)}
        expected[hour] = sum(counts.values())
        for partition, count in counts.items():
            fake.broker.records[partition] += [hour.start + timedelta(minutes=7 * m) for m in range(count)]
        fake.clock.time = hour.end + timedelta(seconds=50)
        is_dead = dead[0] <= hour < dead[1]
        for partition, times in fake.broker.records.items():
            if not is_dead and landed[partition] < len(times):
                fake.job.land(partition, landed[partition], len(times) - 1, fake.clock.utc_now())
                landed[partition] = len(times)
        found = run_tick(fake.stream, cursor, Limits(requests_max=60))
        cursor = found.cursor
        for request in found.requests:
            seal(fake, request)
        if is_dead:
            unlanded = min(
                (
                    Hour.containing(times[landed[p]])
                    for p, times in fake.broker.records.items()
                    if landed[p] < len(times)
                ),
                default=hour.plus(1),
            )
            assert all(request.hour < unlanded for request in found.requests)
    sealed = read_seals(fake.bucket, newest_seal_keys(fake.bucket, fake.stream.layout))
    assert expected == {hour: its.accepted for hour, its in sealed.items()}
    assert 0.3 < sum(count == 0 for count in expected.values()) / 720 < 0.5
    assert all(its.revision == 1 for its in sealed.values())
    assert latest_seal(fake.bucket, fake.stream.layout, dead[0]) is not None
