from __future__ import annotations

from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, write_seal
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.run_tags import run_key
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.world import H1, TOPIC, World, minutes

H4 = H1.plus(3)


def tick(world: World, cursor: Cursor | None = None, limits: Limits | None = None) -> Tick:
    return run_tick(world.stream, cursor or read_cursor(None, TOPIC), limits or Limits())


def hours(found: Tick) -> list[tuple[str, str]]:
    return [(request.hour.label, reason) for request, reason in zip(found.requests, found.reasons, strict=True)]


def seal(world: World, found: Tick) -> None:
    """Do what the runs do."""
    for request in found.requests:
        complete, evidence = prove(world.stream, request)
        draft = draft_seal("platform-events", complete, evidence.entries, world.clock.now())
        write_seal(world.bucket, world.stream.layout, draft)


def land_hour_4(world: World) -> None:
    """Produce and land two records of 04, and one of 05 behind them."""
    world.clock.time = H4.end + timedelta(minutes=10)
    world.broker.records[0] += minutes(190, 200, 245)
    world.broker.records[1] += minutes(246)
    world.job.land(0, 7, 9, world.clock.now())
    world.job.land(1, 5, 5, world.clock.now())


def test_each_complete_hour_is_asked_for_once_oldest_first(world: World) -> None:
    """Hours 01 to 03 are there, 04 arrives: exactly one request for it, and then none."""
    first = tick(world)
    assert [(f"2025-08-01T0{n}", "complete") for n in (1, 2, 3)] == hours(first)
    idle = tick(world, first.cursor)
    assert ([], "every landed hour was asked for; 2025/08/01/03 was the last") == (hours(idle), idle.sentence())
    land_hour_4(world)
    fourth = tick(world, idle.cursor)
    assert [("2025-08-01T04", "complete")] == hours(fourth)
    assert [] == hours(tick(world, fourth.cursor))


def test_a_late_record_amends_its_hour_and_no_other(world: World) -> None:
    """One record of 02 comes after the cursor is at 03."""
    before = tick(world)
    seal(world, before)
    world.broker.records[0] += minutes(70)
    world.job.land(0, 7, 7, world.clock.now())
    late = tick(world, before.cursor)
    assert [("2025-08-01T02", "amended")] == hours(late)
    assert late.requests[0].fingerprint != before.requests[1].fingerprint
    assert "2025/08/01/03" == (late.cursor.last.path.rstrip("/") if late.cursor.last else None)


def test_a_late_record_of_an_hour_that_the_cursor_forgot_amends_it(world: World) -> None:
    """A month later only the seal knows the hour: its objects and the new one are one set."""
    before = tick(world)
    seal(world, before)
    world.clock.time += timedelta(days=30)
    world.broker.records[0] += minutes(70)
    world.job.land(0, 7, 7, world.clock.now())
    forgotten = before.cursor.forget(world.clock.now())
    assert {} == forgotten.book.hours
    late = tick(world, forgotten)
    assert [("2025-08-01T02", "amended")] == hours(late)
    complete, _ = prove(world.stream, late.requests[0])
    assert 3 == len(complete.objects)


def test_a_crash_between_the_request_and_the_cursor_repeats_the_run_key(world: World) -> None:
    """The cursor was not saved, the same hours are asked for under the same names: Dagster starts nothing twice."""
    assert [run_key(r) for r in tick(world).requests] == [run_key(r) for r in tick(world).requests]


def test_a_lost_cursor_repeats_the_run_keys_of_everything(world: World) -> None:
    """The ledger is read from its beginning, also after a revision."""
    first = tick(world)
    seal(world, first)
    world.broker.records[0] += minutes(70)
    world.job.land(0, 7, 7, world.clock.now())
    second = tick(world, first.cursor)
    asked = {run_key(request) for request in (*first.requests, *second.requests)}
    assert {run_key(request) for request in tick(world).requests} <= asked


def test_at_most_so_many_runs_per_tick_and_the_rest_in_the_next(world: World) -> None:
    """After an outage the backlog shrinks with each tick."""
    first = tick(world, limits=Limits(requests_max=2))
    second = tick(world, first.cursor, Limits(requests_max=2))
    assert ([True, False], ["01", "02"], ["03"]) == (
        [first.behind, second.behind],
        [request.hour.label[-2:] for request in first.requests],
        [request.hour.label[-2:] for request in second.requests],
    )


def test_nothing_is_concluded_from_a_ledger_that_was_read_in_part(world: World) -> None:
    """What is absent may simply not have been read."""
    first = tick(world, limits=Limits(ledger_objects_max=1))
    assert ([], True) == (hours(first), first.behind)
    assert "there is more to read, the next tick goes on" == first.sentence()
    assert 3 == len(tick(world, first.cursor, Limits(ledger_objects_max=1)).requests)


def test_a_tick_ends_in_time(world: World) -> None:
    """A slow bucket: after the first hour no other is begun, and the next tick goes on with it."""
    slow = Limits(duration=timedelta(seconds=-1))
    found = tick(world, limits=slow)
    assert ([], True) == (hours(found), found.behind)
    assert 3 == len(tick(world, found.cursor).requests)


def test_an_open_hour_says_what_it_waits_for(world: World) -> None:
    """One readable sentence: the hour, the offsets, the partition."""
    world.broker.records[1] += minutes(170)
    assert "2025-08-01T03 waits for offsets 5-5 of platform-events[1] to land" == tick(world).sentence()


def test_many_open_hours_are_counted_and_not_recited() -> None:
    """Five are named."""
    world = World(FakeBroker({0: minutes(*range(-600, 180, 60)), 1: minutes(-600)}))
    world.job.land(0, 0, 12, world.clock.now())
    assert tick(world).sentence().endswith("; 8 more hours")


def test_an_hour_without_a_partition_is_reported_and_the_others_go_on(world: World) -> None:
    """A record of 2031 and one of 1970: no request for them, no failing tick, and a word for each."""
    world.broker.records[0] += [H1.start.replace(year=2031), H1.start.replace(year=1970)]
    world.job.land(0, 7, 8, world.clock.now())
    found = tick(world)
    assert ["01", "02", "03"] == [request.hour.label[-2:] for request in found.requests]
    assert "quarantined: 1970-08-01T01 lies before the first partition" in found.sentence()
    assert "quarantined: 2031-08-01T01 lies in the future" in found.sentence()


def test_a_record_from_the_future_is_sealed_when_its_hour_is_over(world: World) -> None:
    """Its hour is remembered, however long."""
    world.broker.records[0] += [H1.start + timedelta(days=9, minutes=5)]
    world.job.land(0, 7, 7, world.clock.now())
    cursor = tick(world).cursor
    world.clock.time += timedelta(days=9)
    assert [("2025-08-10T01", "complete")] == hours(tick(world, cursor))


def test_findings_of_the_ledger_are_told(world: World) -> None:
    """A doubled landing stops its hour and is in the sentence."""
    world.job.land(0, 5, 6, world.clock.now())
    found = tick(world)
    assert ["01", "02"] == [request.hour.label[-2:] for request in found.requests]
    assert "finding: platform-events[0]: offsets 5-6 landed twice" in found.sentence()


def test_objects_that_nobody_promises_are_told(world: World) -> None:
    """They lie in a sealed directory, and Snowflake will see them."""
    world.bucket.objects[world.stream.layout.hour_prefix(Kind.LANDING, H1) + "copy.jsonl"] = b"x"
    assert [
        "2025-08-01T01: no ledger entry promises platform-events/landing/2025/08/01/01/copy.jsonl; it is left out"
    ] == list(tick(world).findings)


def test_a_bucket_that_is_away_is_an_error_that_can_be_asked_again(world: World) -> None:
    """The tick changed nothing outside and hands back no cursor."""
    world.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    with pytest.raises(BucketUnavailableError):
        tick(world)
    assert 3 == len(tick(world).requests)


def test_an_empty_stream_says_so() -> None:
    """No topic traffic, no ledger: nothing to do."""
    assert "every landed hour was asked for; the ledger is empty" == tick(World(FakeBroker({0: []}))).sentence()


@pytest.mark.parametrize("start", ["2025-12-31T22", "2025-03-30T00", "2025-11-02T04"])
def test_year_end_and_changes_of_the_clock_elsewhere_change_nothing(start: str) -> None:
    """Hours are UTC: 23 is followed by 00, and no hour is there twice."""
    first = Hour.from_label(start)
    world = World(
        FakeBroker({0: [first.plus(n).start for n in range(5)]}), clock_at=first.plus(4).start + timedelta(minutes=1)
    )
    world.job.land_all(world.clock.now())
    assert [first.plus(n).label for n in range(4)] == [request.hour.label for request in tick(world).requests]


def test_what_is_sealed_is_asked_for_under_its_old_key_after_the_cursor_was_lost(world: World) -> None:
    """The seal alone does not say that the hour was published; Dagster knows the run key, if it is the same Dagster."""
    first = tick(world)
    seal(world, first)
    world.clock.time += timedelta(days=30)
    again = tick(world)
    assert ([run_key(r) for r in first.requests], [], {"complete"}) == (
        [run_key(r) for r in again.requests],
        again.cursor.open_hours(),
        set(again.reasons),
    )


def test_a_tick_asks_in_the_order_that_makes_its_answer_safe(world: World) -> None:
    """Ends before the ledger, the ledger before the times, the data last: each later answer can only hold more."""
    effects = world.broker.effects = world.bucket.effects = []
    prove(world.stream, Request(H1))
    assert [
        "ends",
        "list platform-events/ledger/",
        "times of platform-events",
        "times of platform-events",
        "list platform-events/landing/2025/08/01/01/",
        "list platform-events/rejected/2025/08/01/01/",
    ] == effects
    asked: list[str] = []
    world.broker.effects = world.bucket.effects = asked
    tick(world, limits=Limits(requests_max=1))
    seals = "list platform-events/seals/2025/08/01/01/"
    assert effects == [effect for effect in asked if effect != seals]
