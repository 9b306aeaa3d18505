from __future__ import annotations

from datetime import timedelta

from flink_jobs.contracts.layout import Kind, StreamLayout
from orchestration.landing.ledger.reading import LedgerNews, Reading, read_ledger
from orchestration.landing.ledger.totals import LedgerTotals
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

LAYOUT = StreamLayout()


def advanced(fake: FakeLanding, news: LedgerNews) -> Reading:
    totals = LedgerTotals(topics=(TOPIC,)).fold(news.entries)
    return news.reading.advance(totals, [fake.broker.offsets(TOPIC)], fake.clock.utc_now())


def test_an_object_is_fetched_once(fake: FakeLanding) -> None:
    """The second read lists again and fetches nothing."""
    news = read_ledger(fake.bucket, LAYOUT, Reading())
    fetched = list(fake.bucket.fetched)
    again = read_ledger(fake.bucket, LAYOUT, advanced(fake, news))
    assert 2 == len(fetched)
    assert (fetched, ()) == (fake.bucket.fetched, again.entries)


def test_a_limit_cuts_a_read_and_the_next_one_continues(fake: FakeLanding) -> None:
    """After an outage each read returns some objects, and reports that more are left."""
    first = read_ledger(fake.bucket, LAYOUT, Reading(), objects_max=1)
    second = read_ledger(fake.bucket, LAYOUT, first.reading, objects_max=1)
    assert (True, False) == (first.more, second.more)
    assert {0, 1} == {entry.partition for _, entry in (*first.entries, *second.entries)}


def test_a_replayed_commit_appears_under_its_old_emission_hour_and_is_read(fake: FakeLanding) -> None:
    """Partition 0 has records that no entry covers, so nothing after its newest entry is passed over."""
    fake.broker.records[0] += minutes(151, 152)
    reading = advanced(fake, read_ledger(fake.bucket, LAYOUT, Reading()))
    fake.clock.time += timedelta(hours=30)
    reading = advanced(fake, LedgerNews(reading, read_ledger(fake.bucket, LAYOUT, Reading()).entries, more=False))
    fake.job.land(0, 7, 8, fake.clock.utc_now() - timedelta(hours=30))
    assert [7] == [entry.first_offset for _, entry in read_ledger(fake.bucket, LAYOUT, reading).entries]


def test_reading_begins_near_now_once_everything_has_landed(fake: FakeLanding) -> None:
    """A stream that runs for months is not listed from its beginning."""
    fake.clock.time += timedelta(days=30)
    news = read_ledger(fake.bucket, LAYOUT, Reading())
    reading = advanced(fake, news)
    assert reading.start is not None
    assert fake.clock.utc_now() - timedelta(hours=2) <= reading.start.start
    assert {} == reading.seen


def test_the_start_never_moves_back(fake: FakeLanding) -> None:
    """A new record in an idle partition must not make old entries new again."""
    fake.clock.time += timedelta(days=30)
    news = read_ledger(fake.bucket, LAYOUT, Reading())
    rested = advanced(fake, news)
    fake.broker.records[0] += [fake.clock.utc_now()]
    totals = LedgerTotals(topics=(TOPIC,)).fold(news.entries)
    moved = rested.advance(totals, [fake.broker.offsets(TOPIC)], fake.clock.utc_now())
    assert rested.start == moved.start
    assert () == read_ledger(fake.bucket, LAYOUT, moved).entries


def test_a_gap_holds_the_start(fake: FakeLanding) -> None:
    """The entry that fills a gap can appear under any emission hour."""
    fake.broker.records[0] += minutes(*range(151, 160))
    fake.job.land(0, 10, 12, fake.clock.utc_now())
    assert Reading().start == advanced(fake, read_ledger(fake.bucket, LAYOUT, Reading())).start


def test_foreign_keys_below_the_ledger_are_passed_over(fake: FakeLanding) -> None:
    """A directory marker or other files are skipped."""
    fake.bucket.objects[LAYOUT.prefix(Kind.LEDGER)] = b""
    fake.bucket.objects[LAYOUT.hour_prefix(Kind.LEDGER, H1) + "notes.txt"] = b"hello"
    assert 2 == len(read_ledger(fake.bucket, LAYOUT, Reading()).entries)


def test_a_second_object_of_one_epoch_is_found_although_the_first_was_read(fake: FakeLanding) -> None:
    """An epoch that was committed twice overlaps itself, even if the copy comes later."""
    news = read_ledger(fake.bucket, LAYOUT, Reading())
    totals = LedgerTotals(topics=(TOPIC,)).fold(news.entries)
    key = next(key for key in fake.bucket.objects if "/ledger/" in key)
    fake.bucket.objects[key.replace("-0-0.jsonl", "-0-1.jsonl")] = fake.bucket.objects[key]
    again = read_ledger(fake.bucket, LAYOUT, advanced(fake, news))
    assert "landed twice" in totals.fold(again.entries).findings()[0]
