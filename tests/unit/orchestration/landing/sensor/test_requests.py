"""How many requests of the bucket a tick makes; a long past costs none."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestration.landing.proof.compaction import compact_ledger
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.counting_bucket import CountingBucket
from tests.fakes.long_stream import FIRST, LAYOUT, TOPIC, LongStream

MANY = Limits(requests_max=100_000)


def requests_of(stream: Stream, cursor: Cursor) -> tuple[Tick, Counter[str]]:
    """Run a tick; return what it found and its requests."""
    bucket = stream.bucket
    assert isinstance(bucket, CountingBucket)
    bucket.requests.clear()
    found = run_tick(stream, cursor, MANY)
    return found, Counter(bucket.requests)


@pytest.mark.parametrize("hours", [30, 120])
def test_a_tick_with_three_new_hours_costs_the_same_after_any_number_of_hours(hours: int) -> None:
    """One listing of the ledger, the new entries, and two listings for each hour."""
    its = LongStream(hours, checkpoints=4, unsealed=3)
    before = its.made(landed_hours=hours - 3)
    cursor = run_tick(before, read_cursor(None, (TOPIC,)), MANY).cursor
    found, requests = requests_of(its.made(), cursor)
    assert 3 == len(found.requests)
    entries = 3 * 4 + 1
    assert {"LIST": 1 + 2 * 3, "GET": entries} == requests


def test_a_tick_without_news_is_one_request() -> None:
    """It lists the ledger from the newest hour on."""
    its = LongStream(48, checkpoints=4)
    stream = its.made()
    cursor = run_tick(stream, read_cursor(None, (TOPIC,)), MANY).cursor
    assert {"LIST": 1} == requests_of(stream, cursor)[1]


def test_a_lost_cursor_costs_one_request_for_each_compacted_day() -> None:
    """Ten days of objects are ten totals; the objects of the open day are read."""
    its = LongStream(10 * 24 + 2, checkpoints=4)
    stream = its.made()
    compact_ledger(stream)
    assert isinstance(stream.bucket, CountingBucket)
    stream.bucket.fetched.clear()
    run_tick(stream, read_cursor(None, (TOPIC,)), MANY)
    of_the_ledger = [key for key in stream.bucket.fetched if "/ledger" in key]
    assert 10 + 2 * 4 + 1 == len(of_the_ledger)


def test_after_a_lost_cursor_published_hours_are_neither_asked_about_nor_kept() -> None:
    """One listing of the publications settles every old hour; three new ones are requested in the same tick."""
    its = LongStream(20 * 24 + 5, checkpoints=4, unsealed=3)
    stream = its.made()
    compact_ledger(stream)
    before = FIRST.plus(-500)
    stream.bucket.put_if_absent(LAYOUT.publication_key(before, 1, 7), b"{}")  # its ledger was deleted
    found, requests = requests_of(stream, read_cursor(None, (TOPIC,)))
    assert [its.end.plus(number) for number in (-3, -2, -1)] == [request.hour for request in found.requests]
    days, entries, of_each_hour = 20, 5 * 4 + 1, 2
    listings = {"ledger-days": 1, "ledger": 1, "published": 1, "hours": 3 * of_each_hour}
    assert {"GET": days + entries, "LIST": sum(listings.values())} == requests
    assert 72 + 5 >= len(found.cursor.totals.hours)
    assert found.cursor.requested.keys() <= found.cursor.totals.hours.keys()
    assert its.end == found.cursor.walked
    assert [] == [request.hour for request in run_tick(stream, found.cursor, MANY).requests]


def test_after_a_lost_cursor_hours_that_are_not_published_are_requested() -> None:
    """One has no publication, the publication of another one has a record less than the ledger."""
    its = LongStream(200, checkpoints=4)
    stream = its.made()
    bucket = stream.bucket
    assert isinstance(bucket, CountingBucket)
    lost, more = FIRST.plus(10), FIRST.plus(20)
    bucket.keys.remove(LAYOUT.publication_key(lost, 1, 4))
    bucket.keys.remove(LAYOUT.publication_key(more, 1, 4))
    bucket.put_if_absent(LAYOUT.publication_key(more, 1, 3), b"{}")
    found, _ = requests_of(stream, read_cursor(None, (TOPIC,)))
    assert [lost, more] == [request.hour for request in found.requests]
    assert {lost: 4, more: 4} == {hour: found.cursor.requested[hour].records for hour in (lost, more)}
    assert {lost, more} <= found.cursor.totals.hours.keys()
