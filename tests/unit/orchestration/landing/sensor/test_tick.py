from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.errors import BucketUnavailableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal, fingerprint, write_seal
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.run_tags import run_key
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import FIRST_HOUR, H1, TOPIC, FakeLanding, minutes
from tests.fakes.published import published

H4 = H1.plus(3)


def tick(fake: FakeLanding, cursor: Cursor | None = None, limits: Limits | None = None) -> Tick:
    return run_tick(fake.stream, cursor or read_cursor(None, (TOPIC,)), limits or Limits())


def hours(found: Tick) -> list[tuple[str, str]]:
    return [(request.hour.label, reason) for request, reason in zip(found.requests, found.reasons, strict=True)]


def seal(fake: FakeLanding, found: Tick) -> None:
    """Seal the requested hours, as the runs do."""
    for request in found.requests:
        complete, evidence = prove(fake.stream, request)
        draft = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
        write_seal(fake.bucket, fake.stream.layout, draft)


def land_hour_4(fake: FakeLanding) -> None:
    """Produce and land two records of hour 04, and one of 05 behind them."""
    fake.clock.time = H4.end + timedelta(minutes=10)
    fake.broker.records[0] += minutes(190, 200, 245)
    fake.broker.records[1] += minutes(246)
    fake.job.land(0, 7, 9, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())


def test_each_complete_hour_is_requested_once_oldest_first(fake: FakeLanding) -> None:
    """Hours 01 to 03 are requested; when 04 arrives there is exactly one request for it, and then none."""
    first = tick(fake)
    assert [(f"2025-08-01T0{n}", "complete") for n in (1, 2, 3)] == hours(first)
    idle = tick(fake, first.cursor)
    assert ([], "every landed hour was requested; 2025/08/01/03 was the last") == (hours(idle), idle.sentence())
    land_hour_4(fake)
    fourth = tick(fake, idle.cursor)
    assert [("2025-08-01T04", "complete")] == hours(fourth)
    assert [] == hours(tick(fake, fourth.cursor))


def test_a_late_record_amends_its_hour_and_no_other(fake: FakeLanding) -> None:
    """One record of 02 comes after the cursor is at 03."""
    before = tick(fake)
    seal(fake, before)
    fake.broker.records[0] += minutes(70)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    late = tick(fake, before.cursor)
    assert [("2025-08-01T02", "amended")] == hours(late)
    assert late.requests[0].fingerprint != before.requests[1].fingerprint
    assert "2025/08/01/03" == (late.cursor.last.path.rstrip("/") if late.cursor.last else None)


def test_a_late_record_of_an_hour_that_the_cursor_forgot_amends_it(fake: FakeLanding) -> None:
    """A month later only the seal has the hour; its objects and the new one are one set."""
    before = tick(fake)
    seal(fake, before)
    fake.clock.time += timedelta(days=30)
    fake.broker.records[0] += minutes(70)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    forgotten = published(before.cursor).forget(fake.clock.utc_now(), FIRST_HOUR)
    assert {} == forgotten.totals.hours
    late = tick(fake, forgotten)
    assert ["2025-08-01T02"] == [label for label, reason in hours(late) if reason == "amended"]
    complete, _ = prove(fake.stream, late.requests[0])
    assert 3 == len(complete.objects)


def test_one_cursor_gives_the_same_run_keys_twice(fake: FakeLanding) -> None:
    """After a crash that did not save the cursor, Dagster gets run keys that it knows and starts nothing again."""
    assert [run_key(r) for r in tick(fake).requests] == [run_key(r) for r in tick(fake).requests]


def test_a_lost_cursor_repeats_the_run_keys_of_everything(fake: FakeLanding) -> None:
    """The ledger is read from its beginning, also after a revision."""
    first = tick(fake)
    seal(fake, first)
    fake.broker.records[0] += minutes(70)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    second = tick(fake, first.cursor)
    asked = {run_key(request) for request in (*first.requests, *second.requests)}
    assert {run_key(request) for request in tick(fake).requests} <= asked


def test_at_most_so_many_runs_per_tick_and_the_rest_in_the_next(fake: FakeLanding) -> None:
    """After an outage the backlog shrinks with each tick."""
    first = tick(fake, limits=Limits(requests_max=2))
    second = tick(fake, first.cursor, Limits(requests_max=2))
    assert ([True, False], ["01", "02"], ["03"]) == (
        [first.behind, second.behind],
        [request.hour.label[-2:] for request in first.requests],
        [request.hour.label[-2:] for request in second.requests],
    )


def test_nothing_is_concluded_from_a_ledger_that_was_read_in_part(fake: FakeLanding) -> None:
    """An absent entry may just not have been read yet."""
    first = tick(fake, limits=Limits(ledger_objects_max=1))
    assert ([], True) == (hours(first), first.behind)
    assert "more is left to read, the next tick continues" == first.sentence()
    assert 3 == len(tick(fake, first.cursor, Limits(ledger_objects_max=1)).requests)


def test_no_hour_is_examined_after_the_duration(fake: FakeLanding, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each listing takes 15 s: the first hour begins after 45 of 55 s, and the next tick continues with the second."""
    listing = fake.bucket.list

    def slow_listing(prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        fake.clock.sleep(15)
        return listing(prefix, start_after)

    with monkeypatch.context() as slow:
        slow.setattr(fake.bucket, "list", slow_listing)
        found = tick(fake, limits=Limits(duration=timedelta(seconds=55)))
    assert ([("2025-08-01T01", "complete")], True) == (hours(found), found.behind)
    assert ["02", "03"] == [request.hour.label[-2:] for request in tick(fake, found.cursor).requests]


def test_the_sentence_names_what_an_open_hour_waits_for(fake: FakeLanding) -> None:
    """The reason is one readable sentence with the hour, the offsets and the partition."""
    fake.broker.records[1] += minutes(170)
    assert "2025-08-01T03 waits for offsets 5-5 of platform-events[1] to land" == tick(fake).sentence()


def test_many_open_hours_are_counted_and_not_recited() -> None:
    """Five are named."""
    fake = FakeLanding(FakeBroker({0: minutes(*range(-600, 180, 60)), 1: minutes(-600)}))
    fake.job.land(0, 0, 12, fake.clock.utc_now())
    assert tick(fake).sentence().endswith("; 8 more hours")


def test_an_hour_without_a_partition_is_reported_and_the_others_go_on(fake: FakeLanding) -> None:
    """Records of 2031 and 1970 cause no request and no failing tick; the reason names both."""
    fake.broker.records[0] += [H1.start.replace(year=2031), H1.start.replace(year=1970)]
    fake.job.land(0, 7, 8, fake.clock.utc_now())
    found = tick(fake)
    assert ["01", "02", "03"] == [request.hour.label[-2:] for request in found.requests]
    assert "quarantined: 1970-08-01T01 lies before the first hour of the stream" in found.sentence()
    assert "quarantined: 2031-08-01T01 lies in the future" in found.sentence()


def test_the_last_hour_that_can_be_named_is_quarantined_and_the_others_go_on(fake: FakeLanding) -> None:
    """The job lands every record time after 9999 there."""
    fake.broker.records[0] += [datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    found = tick(fake)
    assert ["01", "02", "03"] == [request.hour.label[-2:] for request in found.requests]
    assert "quarantined: 9999-12-31T23 lies in the future" in found.sentence()


def test_a_record_from_the_future_is_sealed_when_its_hour_is_over(fake: FakeLanding) -> None:
    """Its hour is kept for any time."""
    fake.broker.records[0] += [H1.start + timedelta(days=9, minutes=5)]
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    cursor = tick(fake).cursor
    fake.clock.time += timedelta(days=9)
    found = tick(fake, cursor)
    assert ["2025-08-10T01"] == [
        request.hour.label for request in found.requests if request.fingerprint != fingerprint(())
    ]


def test_findings_of_the_ledger_are_reported(fake: FakeLanding) -> None:
    """A doubled landing stops its hour and is in the reason."""
    fake.job.land(0, 5, 6, fake.clock.utc_now())
    found = tick(fake)
    assert ["01", "02"] == [request.hour.label[-2:] for request in found.requests]
    assert "finding: platform-events[0]: offsets 5-6 landed twice" in found.sentence()


def test_unpromised_objects_are_reported(fake: FakeLanding) -> None:
    """They are in a sealed directory, and Snowflake will read them."""
    fake.bucket.objects[fake.stream.layout.hour_prefix(Kind.LANDING, H1) + "copy.jsonl"] = b"x"
    assert [
        "2025-08-01T01: no ledger entry promises platform-events/landing/2025/08/01/01/copy.jsonl; it is left out"
    ] == list(tick(fake).findings)


def test_a_bucket_that_is_away_is_an_error_that_can_be_retried(fake: FakeLanding) -> None:
    """The tick changed nothing and returns no cursor."""
    fake.bucket.failures = [BucketUnavailableError("bucket hourglass is away")]
    with pytest.raises(BucketUnavailableError):
        tick(fake)
    assert 3 == len(tick(fake).requests)


def test_an_empty_stream_has_its_own_sentence() -> None:
    """Without traffic and ledger there is nothing to do."""
    assert "every landed hour was requested; the ledger is empty" == tick(FakeLanding(FakeBroker({0: []}))).sentence()


@pytest.mark.parametrize("start", ["2025-12-31T22", "2025-03-30T00", "2025-11-02T04"])
def test_year_end_and_changes_of_the_clock_elsewhere_change_nothing(start: str) -> None:
    """Hours are UTC: 00 follows 23, and no hour occurs twice."""
    first = Hour.from_label(start)
    fake = FakeLanding(
        FakeBroker({0: [first.plus(n).start for n in range(5)]}), clock_at=first.plus(4).start + timedelta(minutes=1)
    )
    fake.job.land_all(fake.clock.utc_now())
    assert [first.plus(n).label for n in range(4)] == [request.hour.label for request in tick(fake).requests]


def test_a_sealed_hour_is_requested_under_its_old_key_after_the_cursor_was_lost(fake: FakeLanding) -> None:
    """The seal does not prove that the hour was published; the same Dagster knows the run key and starts nothing."""
    first = tick(fake)
    seal(fake, first)
    fake.clock.time += timedelta(days=30)
    again = tick(fake)
    assert ([run_key(r) for r in first.requests], [], {"complete"}) == (
        [run_key(r) for r in again.requests if r.fingerprint != fingerprint(())],
        again.cursor.open_hours(),
        set(again.reasons),
    )


def test_a_tick_asks_in_the_order_that_makes_its_answer_safe(fake: FakeLanding) -> None:
    """The order is end offsets, ledger, times, data: each later response can only hold more.

    A run, whose proof is sealed, asks for ids and partitions once more at the end.
    """
    effects = fake.broker.effects = fake.bucket.effects = []
    prove(fake.stream, Request(H1))
    assert [
        "ends",
        "list platform-events/ledger-days/",
        "list platform-events/ledger/",
        "times of platform-events",
        "times of platform-events",
        "list platform-events/landing/2025/08/01/01/",
        "list platform-events/rejected/2025/08/01/01/",
        "identity",
    ] == effects
    asked: list[str] = []
    fake.broker.effects = fake.bucket.effects = asked
    tick(fake, limits=Limits(requests_max=1))
    known = ("list platform-events/published/", "list platform-events/seals/2025/08/01/01/")
    assert effects[:-1] == [effect for effect in asked if effect not in known]
