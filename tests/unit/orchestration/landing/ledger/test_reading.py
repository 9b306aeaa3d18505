from __future__ import annotations

from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Kind, StreamLayout
from orchestration.landing.errors import LedgerUnreadableError
from orchestration.landing.ledger.reading import LedgerNews, Reading, read_ledger
from orchestration.landing.ledger.totals import LedgerBook
from tests.fakes.world import H1, TOPIC, World, minutes

LAYOUT = StreamLayout()


def advanced(world: World, news: LedgerNews) -> Reading:
    book = LedgerBook(topic=TOPIC).fold(news.entries)
    return news.reading.advance(book, world.broker.offsets(TOPIC), world.clock.now())


def test_an_object_is_fetched_once(world: World) -> None:
    """The second look lists again and fetches nothing."""
    news = read_ledger(world.bucket, LAYOUT, Reading())
    fetched = list(world.bucket.fetched)
    again = read_ledger(world.bucket, LAYOUT, advanced(world, news))
    assert 2 == len(fetched)
    assert (fetched, ()) == (world.bucket.fetched, again.entries)


def test_a_limit_cuts_the_look_short_and_the_next_one_goes_on(world: World) -> None:
    """After an outage each look brings some more, and says that there is more."""
    first = read_ledger(world.bucket, LAYOUT, Reading(), objects_max=1)
    second = read_ledger(world.bucket, LAYOUT, first.reading, objects_max=1)
    assert (True, False) == (first.more, second.more)
    assert {0, 1} == {entry.partition for _, entry in (*first.entries, *second.entries)}


def test_a_replayed_commit_appears_under_its_old_emission_hour_and_is_read(world: World) -> None:
    """Partition 0 has records that no entry covers, so nothing after its newest entry is passed over."""
    world.broker.records[0] += minutes(151, 152)
    reading = advanced(world, read_ledger(world.bucket, LAYOUT, Reading()))
    world.clock.time += timedelta(hours=30)
    reading = advanced(world, LedgerNews(reading, read_ledger(world.bucket, LAYOUT, Reading()).entries, more=False))
    world.job.land(0, 7, 8, world.clock.now() - timedelta(hours=30))
    assert [7] == [entry.first_offset for _, entry in read_ledger(world.bucket, LAYOUT, reading).entries]


def test_reading_begins_near_now_once_everything_has_landed(world: World) -> None:
    """A stream that runs for months is not listed from its beginning."""
    world.clock.time += timedelta(days=30)
    news = read_ledger(world.bucket, LAYOUT, Reading())
    reading = advanced(world, news)
    assert reading.start is not None
    assert world.clock.now() - timedelta(hours=2) <= reading.start.start
    assert {} == reading.seen


def test_the_start_never_moves_back(world: World) -> None:
    """A new record in a partition that rested must not make old entries new again."""
    world.clock.time += timedelta(days=30)
    news = read_ledger(world.bucket, LAYOUT, Reading())
    rested = advanced(world, news)
    world.broker.records[0] += [world.clock.now()]
    book = LedgerBook(topic=TOPIC).fold(news.entries)
    moved = rested.advance(book, world.broker.offsets(TOPIC), world.clock.now())
    assert rested.start == moved.start
    assert () == read_ledger(world.bucket, LAYOUT, moved).entries


def test_a_gap_holds_the_start(world: World) -> None:
    """What fills a gap appears under an emission hour that nobody knows."""
    world.broker.records[0] += minutes(*range(151, 160))
    world.job.land(0, 10, 12, world.clock.now())
    assert Reading().start == advanced(world, read_ledger(world.bucket, LAYOUT, Reading())).start


def test_foreign_keys_below_the_ledger_are_passed_over(world: World) -> None:
    """A directory marker or somebody's notes stop nothing."""
    world.bucket.objects[LAYOUT.prefix(Kind.LEDGER)] = b""
    world.bucket.objects[LAYOUT.hour_prefix(Kind.LEDGER, H1) + "notes.txt"] = b"hello"
    assert 2 == len(read_ledger(world.bucket, LAYOUT, Reading()).entries)


@pytest.mark.parametrize("body", [b"{}\n", b"not json\n", b"\x00\xff\n"])
def test_a_damaged_object_is_an_error_with_its_key(world: World, body: bytes) -> None:
    """The ledger is evidence: what cannot be read is not skipped."""
    key = LAYOUT.hour_prefix(Kind.LEDGER, H1) + "part-0123456789ab.99-0-0.jsonl"
    world.bucket.objects[key] = body
    with pytest.raises(LedgerUnreadableError, match=key):
        read_ledger(world.bucket, LAYOUT, Reading())


def test_a_second_object_of_one_epoch_is_found_although_the_first_was_read(world: World) -> None:
    """An epoch that was committed twice overlaps itself, even if the copy comes later."""
    news = read_ledger(world.bucket, LAYOUT, Reading())
    book = LedgerBook(topic=TOPIC).fold(news.entries)
    key = next(key for key in world.bucket.objects if "/ledger/" in key)
    world.bucket.objects[key.replace("-0-0.jsonl", "-0-1.jsonl")] = world.bucket.objects[key]
    again = read_ledger(world.bucket, LAYOUT, advanced(world, news))
    assert "landed twice" in book.fold(again.entries).findings()[0]
