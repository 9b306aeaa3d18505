"""Compacted days: whoever reads them gets what the objects of the ledger would give, for fewer requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flink_jobs.contracts.layout import Hour, Kind, LedgerDayKey, StreamLayout
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.ledger.whole import Entries, read_whole_ledger
from orchestration.landing.proof.compaction import compact_ledger
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import draft_seal
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from orchestration.landing.verification.days import wrong_days
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding

LAYOUT = StreamLayout()
DAYS = "platform-events/ledger-days/"
FIRST, SECOND, THIRD, FOURTH = (date(2025, 8, number) for number in (1, 2, 3, 4))


def landed(hours: int = 80, step: int = 1) -> FakeLanding:
    """Land a record of each partition every so many hours, each of them at once; all but the present day is closed."""
    times = [H1.start + timedelta(hours=n, minutes=20) for n in range(0, hours, step)]
    fake = FakeLanding(FakeBroker({0: list(times), 1: list(times)}))
    fake.clock.time = times[-1] + timedelta(minutes=30)
    for offset, moment in enumerate(times):
        for partition in (0, 1):
            fake.job.land(partition, offset, offset, moment + timedelta(minutes=1))
    return fake


def read(fake: FakeLanding, hours: list[Hour], topics: tuple[str, ...] = (TOPIC,)) -> tuple[LedgerTotals, Entries]:
    return read_whole_ledger(fake.bucket, LAYOUT, topics, hours=hours)


def read_objects(
    fake: FakeLanding, hours: list[Hour], topics: tuple[str, ...] = (TOPIC,)
) -> tuple[LedgerTotals, Entries]:
    """Read the ledger as if no day were compacted."""
    bucket = type(fake.bucket)({k: body for k, body in fake.bucket.objects.items() if not k.startswith(DAYS)})
    return read_whole_ledger(bucket, LAYOUT, topics, hours=hours)


def snapshots(fake: FakeLanding) -> list[tuple[date, int]]:
    keys = [LedgerDayKey.try_parse(key) for key in sorted(fake.bucket.objects)]
    return [(key.day, key.revision) for key in keys if key]


def late_object(fake: FakeLanding, emitted: datetime) -> str:
    """Land one more record of partition 0, with an entry under an older hour of emission; return its key."""
    fake.broker.records[0].append(fake.clock.utc_now())
    before = set(fake.bucket.objects)
    offset = len(fake.broker.records[0]) - 1
    fake.job.land(0, offset, offset, emitted)
    return next(key for key in fake.bucket.objects.keys() - before if "/ledger/" in key)


def test_closed_days_are_compacted_once_oldest_first() -> None:
    """Three days are closed; the fourth is open. A second run writes nothing."""
    fake = landed()
    assert [FIRST, SECOND] == compact_ledger(fake.stream, days_max=2)
    assert [THIRD] == compact_ledger(fake.stream)
    assert [] == compact_ledger(fake.stream)
    assert [(FIRST, 1), (SECOND, 1), (THIRD, 1)] == snapshots(fake)


def test_a_day_that_an_unread_object_can_join_stays_open() -> None:
    """A gap, a damaged object, a record that has not landed, a topic that was created again."""
    gap = landed()
    key = next(key for key in sorted(gap.bucket.objects) if "/ledger/2025/08/02" in key)
    del gap.bucket.objects[key]
    damaged = landed()
    damaged.bucket.objects[key] = b"{}\n"
    lag = landed(hours=49)
    lag.clock.time += timedelta(days=9)
    lag.broker.records[0].append(lag.clock.utc_now())
    again = landed()
    again.broker.recreate("topic-2")
    assert [[], [], [FIRST, SECOND], []] == [compact_ledger(fake.stream) for fake in (gap, damaged, lag, again)]


def test_the_closed_hours_of_the_open_day_are_compacted_when_they_are_asked_for() -> None:
    """Readers fetch the objects of its open hours alone, and get the same; a second run writes nothing."""
    fake = landed()
    assert [FIRST, SECOND, THIRD, FOURTH] == compact_ledger(fake.stream, open_day=True)
    assert [] == compact_ledger(fake.stream, open_day=True)
    hours = [H1, H1.plus(75), H1.plus(79)]
    expected = read_objects(fake, hours)
    fake.bucket.fetched.clear()
    assert expected == read(fake, hours)
    objects = [key for key in fake.bucket.fetched if "/ledger/" in key]
    open_hour = LAYOUT.hour_prefix(Kind.LEDGER, H1.plus(79))
    assert objects == [key for key in sorted(fake.bucket.objects) if "/ledger/" in key and key > open_hour]
    assert [] == list(wrong_days(fake.bucket, LAYOUT))


def goes_on(fake: FakeLanding, hours: int) -> None:
    """Land a record of each partition an hour, for so many more hours."""
    for _ in range(hours):
        fake.clock.time += timedelta(hours=1)
        moment = fake.clock.time - timedelta(minutes=10)
        for partition in (0, 1):
            fake.broker.records[partition].append(moment)
            offset = len(fake.broker.records[partition]) - 1
            fake.job.land(partition, offset, offset, moment + timedelta(minutes=1))


@pytest.mark.parametrize("closes_it", [True, False])
def test_an_open_day_is_written_again_with_what_closes_later(*, closes_it: bool) -> None:
    """Its hours by the next run, the whole day by the first one after its end; no reader misses an object meanwhile."""
    fake = landed()
    compact_ledger(fake.stream, open_day=True)
    goes_on(fake, 3)
    assert [FOURTH] == compact_ledger(fake.stream, open_day=True)
    goes_on(fake, 30)
    assert read_objects(fake, [H1]) == read(fake, [H1])
    if closes_it:
        assert [FOURTH] == compact_ledger(fake.stream)
    else:
        assert [FOURTH, date(2025, 8, 5)] == compact_ledger(fake.stream, open_day=True)
    assert read_objects(fake, [H1]) == read(fake, [H1])
    assert [(FOURTH, 3)] == [found for found in snapshots(fake) if found[0] == FOURTH][-1:]
    assert [] == list(wrong_days(fake.bucket, LAYOUT))


def test_a_day_without_further_objects_is_written_as_a_whole_after_its_end() -> None:
    """Readers of later days need to know that it is whole."""
    fake = landed()
    fake.clock.time += timedelta(hours=3)
    compact_ledger(fake.stream, open_day=True)
    fake.clock.time += timedelta(hours=20)
    goes_on(fake, 1)
    assert [FOURTH] == compact_ledger(fake.stream)
    newest = json.loads(fake.bucket.objects[LAYOUT.ledger_day_key(FOURTH, 2)])
    assert (18, None) == (newest["objects"], newest["until"])


def test_no_day_is_written_behind_one_that_is_not_whole() -> None:
    """The snapshot of its first hours is there, its other objects cannot be read: readers begin there."""
    fake = landed()
    compact_ledger(fake.stream, open_day=True)
    goes_on(fake, 40)
    real, writes = fake.bucket.put_if_absent, fake.bucket.written
    fake.bucket.put_if_absent = lambda key, body: "2025-08-04" not in key and real(key, body)  # type: ignore[method-assign]
    before = list(writes)
    assert [] == compact_ledger(fake.stream, open_day=True)
    assert before == writes
    assert read_objects(fake, [H1]) == read(fake, [H1])


def test_days_behind_one_that_is_not_whole_are_read_with_its_other_objects() -> None:
    """As if its newest snapshot was deleted, and a former one of its first hours is left."""
    fake = landed()
    compact_ledger(fake.stream, open_day=True)
    goes_on(fake, 70)
    compact_ledger(fake.stream)
    del fake.bucket.objects[LAYOUT.ledger_day_key(FOURTH, 2)]
    hours = [H1, H1.plus(75), H1.plus(79), H1.plus(90)]
    assert read_objects(fake, hours) == read(fake, hours)
    expected = run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())
    fake.bucket.objects = {key: body for key, body in fake.bucket.objects.items() if not key.startswith(DAYS)}
    assert run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits()).cursor.totals == expected.cursor.totals


def test_compacted_days_cost_one_request_each() -> None:
    """A reader fetches three totals and the objects of the open day and of nothing else."""
    fake = landed()
    compact_ledger(fake.stream)
    fake.bucket.fetched.clear()
    read(fake, [])
    objects = [key for key in fake.bucket.fetched if "/ledger/" in key]
    assert 3 == len(fake.bucket.fetched) - len(objects)
    assert objects == [key for key in sorted(fake.bucket.objects) if "/ledger/2025/08/04/" in key]


STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 5), st.integers(0, 9), st.sampled_from((False, False, False, True))),
    min_size=8,
    max_size=30,
)


@settings(max_examples=30, deadline=None)
@given(STEPS, st.booleans(), st.sampled_from([(TOPIC,), (TOPIC, "others")]), st.booleans())
def test_days_and_objects_give_the_same_totals_and_entries(
    steps: list[tuple[int, int, int, bool]], writes_ids: bool, topics: tuple[str, ...], compacts_open_day: bool
) -> None:
    """Over gaps, overlaps, rejects, old records, entries of earlier releases, and another list of topics."""
    fake = FakeLanding(FakeBroker({0: [H1.start], 1: [H1.start]}))
    fake.job.writes_ids = writes_ids
    emitted = H1.start
    for partition, records, hours, repeats in [(0, 1, 0, False), (1, 1, 0, False), *steps]:
        emitted += timedelta(hours=hours)
        times = fake.broker.records[partition]
        first = max(0, len(times) - (2 if repeats else 0))
        times += [emitted - timedelta(hours=3 * n % 7) for n in range(records)]
        fake.job.rejected.add((partition, len(times) - 1))
        fake.job.land(partition, first, len(times) - 1, emitted)
        fake.job.writes_ids = fake.job.writes_ids or repeats
    fake.clock.time = emitted + timedelta(minutes=1)
    compact_ledger(fake.stream, open_day=compacts_open_day)
    wanted = sorted(read_objects(fake, [])[0].hours)[::2]
    expected, entries = read_objects(fake, wanted, topics)
    totals, found = read(fake, wanted, topics)
    assert sorted_faults(expected) == sorted_faults(totals)
    assert sorted(entries, key=str) == sorted(found, key=str)


def sorted_faults(totals: LedgerTotals) -> LedgerTotals:
    """Return the totals without the text of faults, which depends on the order of entries."""
    hours = {h: its.model_copy(update={"faults": ("fault",) if its.faults else ()}) for h, its in totals.hours.items()}
    return totals.model_copy(update={"hours": hours})


def test_a_late_object_of_a_compacted_day_is_read_beside_it_and_written_into_its_next_revision() -> None:
    """A commit that was cut is completed under its old hour of emission, which proof had excluded."""
    fake = landed()
    compact_ledger(fake.stream)
    late_object(fake, datetime.combine(THIRD, H1.start.timetz()))
    assert read_objects(fake, []) == read(fake, [])
    late_object(fake, datetime.combine(FIRST, H1.start.timetz()))
    assert [FIRST, THIRD] == compact_ledger(fake.stream)
    assert [(FIRST, 1), (FIRST, 2), (SECOND, 1), (THIRD, 1), (THIRD, 2)] == snapshots(fake)
    assert read_objects(fake, []) == read(fake, [])


def test_a_late_object_of_a_day_without_objects_makes_a_day_of_its_own() -> None:
    """The following day then names it as the one before."""
    fake = landed(hours=100, step=48)
    assert [FIRST, THIRD] == compact_ledger(fake.stream)
    late_object(fake, datetime.combine(SECOND, H1.start.timetz()))
    assert [SECOND, THIRD] == compact_ledger(fake.stream)
    assert read_objects(fake, []) == read(fake, [])


@pytest.mark.parametrize("wrong", ["gone", "not json", "other day"])
@pytest.mark.parametrize("day", [FIRST, SECOND, THIRD])
def test_without_a_readable_snapshot_the_objects_are_read(day: date, wrong: str) -> None:
    """A snapshot holds nothing that the ledger does not have; the next run writes it again."""
    fake = landed()
    compact_ledger(fake.stream)
    key = LAYOUT.ledger_day_key(day, 1)
    if wrong == "gone":
        del fake.bucket.objects[key]
    else:
        other = LAYOUT.ledger_day_key(FIRST if day != FIRST else THIRD, 1)
        fake.bucket.objects[key] = b"{" if wrong == "not json" else fake.bucket.objects[other]
    hours = [H1, H1.plus(25), H1.plus(50)]
    assert read_objects(fake, hours) == read(fake, hours)
    assert [day] == compact_ledger(fake.stream)
    assert read_objects(fake, hours) == read(fake, hours)


@pytest.mark.parametrize("wrong", [None, b"", b"other bytes"])
def test_without_the_entries_of_a_day_its_objects_are_read(wrong: bytes | None) -> None:
    """A seal is made from entries; totals are not enough."""
    fake = landed()
    compact_ledger(fake.stream)
    key = next(key for key in fake.bucket.objects if key.endswith(".jsonl.gz"))
    if wrong is None:
        del fake.bucket.objects[key]
    else:
        fake.bucket.objects[key] = wrong
    assert read_objects(fake, [H1]) == read(fake, [H1])


def test_a_lost_cursor_goes_on_after_the_compacted_days() -> None:
    """The same hours are requested as from the objects, and only the objects behind the days are fetched."""
    fake = landed()
    expected = run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())
    compact_ledger(fake.stream)
    fake.bucket.fetched.clear()
    found = run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())
    assert (expected.requests, expected.reasons) == (found.requests, found.reasons)
    assert expected.cursor.totals == found.cursor.totals
    fetched = [key for key in fake.bucket.fetched if "/ledger/" in key]
    assert fetched
    assert all("/ledger/2025/08/04/" in key for key in fetched)


def test_a_manual_run_seals_the_same_from_days_and_from_objects() -> None:
    """Contents, reasons and the hash over the entries come from the entries of the day."""
    fake = landed()
    first = prove(fake.stream, Request(H1.plus(4)))
    compact_ledger(fake.stream)
    fake.bucket.fetched.clear()
    second = prove(fake.stream, Request(H1.plus(4)))
    seals = [draft_seal("s", its, evidence.entries, H1.start) for its, evidence in (first, second)]
    assert seals[0] == seals[1]
    assert not [key for key in fake.bucket.fetched if "/ledger/2025/08/01" in key]


def test_a_snapshot_can_be_compared_with_the_objects_of_its_day() -> None:
    """It has their number, and a hash over keys and bytes."""
    fake = landed()
    compact_ledger(fake.stream)
    document = json.loads(fake.bucket.objects[LAYOUT.ledger_day_key(FIRST, 1)])
    keys = [key for key in fake.bucket.objects if key.startswith(f"{LAYOUT.prefix(Kind.LEDGER)}2025/08/01/")]
    assert len(keys) == document["objects"] == 46


def test_wrong_snapshots_are_named() -> None:
    """A healthy one is compared with every object of its day, and is no finding."""
    fake = landed()
    compact_ledger(fake.stream)
    assert [] == list(wrong_days(fake.bucket, LAYOUT))
    text = fake.bucket.objects[LAYOUT.ledger_day_key(FIRST, 1)]
    fake.bucket.objects[LAYOUT.ledger_day_key(FIRST, 1)] = text.replace(b'"accepted": 2', b'"accepted": 3', 1)
    fake.bucket.objects[LAYOUT.ledger_day_key(SECOND, 1)] = b"{}"
    key = next(key for key in sorted(fake.bucket.objects) if "/ledger/2025/08/03/" in key)
    del fake.bucket.objects[key]
    assert [
        (LAYOUT.ledger_day_key(FIRST, 1), "its totals are not those of its objects"),
        (LAYOUT.ledger_day_key(SECOND, 1), "it is no snapshot of this day; delete it, and run compact_ledger"),
        (LAYOUT.ledger_day_key(THIRD, 1), "it has 48 objects of the ledger, the bucket has 47 of its day"),
    ] == [(found.where, found.what) for found in wrong_days(fake.bucket, LAYOUT)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda body: body.replace(b'"checkpoint":', b'"checkpoint": '), "objects of its day have other bytes"),
        (lambda _: b"{}\n", "an object of its day is damaged since"),
    ],
)
def test_a_changed_object_of_a_compacted_day_is_found(change: Callable[[bytes], bytes], what: str) -> None:
    """The snapshot has the hash over its bytes."""
    fake = landed()
    compact_ledger(fake.stream)
    key = next(key for key in sorted(fake.bucket.objects) if "/ledger/2025/08/02/" in key)
    fake.bucket.objects[key] = change(fake.bucket.objects[key])
    (found,) = wrong_days(fake.bucket, LAYOUT)
    assert (LAYOUT.ledger_day_key(SECOND, 1), True) == (found.where, found.what.startswith(what))
