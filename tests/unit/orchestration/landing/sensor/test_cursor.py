from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orchestration.landing.errors import CursorTooNewError, CursorUnreadableError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import FIRST_HOUR, H1, TOPIC, FakeLanding
from tests.fakes.published import published


def ticked(fake: FakeLanding) -> Cursor:
    return run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits()).cursor


def test_the_cursor_shows_the_last_hour_in_the_form_of_the_keys(fake: FakeLanding) -> None:
    """A person reads it in the UI: the last hour, the position of each partition, each hour's sums."""
    shown = json.loads(ticked(fake).to_text())
    assert (2, "2025/08/01/03") == (shown["version"], shown["last"])
    assert {"platform-events[0]@topic-1": "0-6", "platform-events[1]@topic-1": "0-4"} == {
        name: chain["covered"] for name, chain in shown["totals"]["chains"].items()
    }
    assert (4, 1) == (
        shown["totals"]["hours"]["2025-08-01T01"]["accepted"],
        shown["totals"]["hours"]["2025-08-01T01"]["rejected"],
    )


def test_a_cursor_reads_back_as_it_was_written(fake: FakeLanding) -> None:
    """A restart loses nothing of the cursor."""
    cursor = ticked(fake)
    assert cursor == read_cursor(cursor.to_text(), (TOPIC,))


VERSION_1 = (
    '{"version":1,"last":"2025/08/01/03","book":{"topic":"platform-events","chains":{"0":{"covered":"0-6","emitted":'
    '"2025/08/01/04"},"1":{"covered":"0-4","emitted":"2025/08/01/04"}},"hours":{"2025-08-01T03":{"since":"2025/08/01/04",'
    '"until":"2025/08/01/04","accepted":3,"rejected":0,"landing_epochs":{"0123456789ab":"1-2"},"rejected_epochs":{},'
    '"faults":[]}}},"asked":{"2025-08-01T03":{"fingerprint":"f","records":3}},"reading":{"start":"2025/08/01/03","seen":'
    '{"2025/08/01/04":{"0123456789ab":"1-2"}}},"watched":{"0":{"end":7,"since":"2025-08-01T04:10:00Z"}}}'
)


def test_a_cursor_of_version_1_is_migrated_and_nothing_is_read_again(fake: FakeLanding) -> None:
    """The entries before it have no topic id; the tick goes on behind them and requests no hour again."""
    cursor = read_cursor(VERSION_1, (TOPIC,))
    found = run_tick(fake.stream, cursor, Limits())
    assert [] == fake.bucket.fetched
    assert () == found.requests
    assert "0-6" == str(found.cursor.totals.covered(ChainKey(TOPIC, "topic-1", 0)))
    assert found.cursor == read_cursor(found.cursor.to_text(), (TOPIC,))


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_beginning_of_the_ledger(text: str | None) -> None:
    """A new sensor and a lost cursor read everything; run keys absorb the repetition."""
    cursor = read_cursor(text, (TOPIC,))
    assert cursor.reading.start is None
    assert [] == cursor.open_hours()


@pytest.mark.parametrize(
    "text",
    [
        "2025/08/01/03",
        "null",
        "[]",
        "{}",
        '{"version": true}',
        '{"version": "1"}',
        '{"version": 1}',
        '{"version": 0, "book": {"topic": "platform-events"}}',
        '{"version": 1, "book": {"topic": "platform-events"}, "unknown": 1}',
        '{"version": 1, "book": {"topic": "platform-events", "hours": {"yesterday": {}}}}',
        '{"version": 1, "book": {"topic": "platform-events", "chains": {"0": {"covered": "x", "emitted": "y"}}}}',
        '{"version": 1, "last": "9999/99/99/99", "book": {"topic": "platform-events"}}',
        "\x00" * 1_000_000,
        "[" * 100_000,
    ],
    ids=range(14),
)
def test_garbage_is_an_error_that_names_the_repair(text: str) -> None:
    """Garbage never means "start from now"."""
    with pytest.raises(CursorUnreadableError, match="the whole ledger is then read again"):
        read_cursor(text, (TOPIC,))


def test_the_cursor_of_a_newer_release_is_an_error_of_its_own(fake: FakeLanding) -> None:
    """A rollback must not discard the state of the newer release."""
    newer = {**json.loads(ticked(fake).to_text()), "version": 3}
    with pytest.raises(CursorTooNewError, match="version 3"):
        read_cursor(json.dumps(newer), (TOPIC,))


def test_the_cursor_of_another_topic_is_refused(fake: FakeLanding) -> None:
    """Offsets of one topic are meaningless for another."""
    with pytest.raises(CursorUnreadableError, match="HOURGLASS_TOPIC"):
        read_cursor(ticked(fake).to_text(), ("other",))


def test_hours_leave_after_the_look_back_and_open_ones_stay(fake: FakeLanding) -> None:
    """Hour 03 has an object that is not listed: it is remembered until it is complete."""
    lost = next(key for key in fake.bucket.objects if "/landing/2025/08/01/03/" in key)
    del fake.bucket.objects[lost]
    cursor = published(ticked(fake))
    later = fake.clock.utc_now() + timedelta(hours=74)
    assert [H1, H1.plus(1), H1.plus(2)] == sorted(cursor.forget(fake.clock.utc_now(), FIRST_HOUR).totals.hours)
    assert [H1.plus(2)] == sorted(cursor.forget(later, FIRST_HOUR).totals.hours)
    assert cursor.totals.chains == cursor.forget(later, FIRST_HOUR).totals.chains


def test_hours_that_are_not_published_stay_after_the_look_back(fake: FakeLanding) -> None:
    """Their runs failed, and each of them must be requested again: with records, and without."""
    fake.clock.time = H1.plus(5).start
    cursor = ticked(fake)
    asked = {H1.plus(n) for n in range(4)}
    later = fake.clock.utc_now() + timedelta(hours=74)
    assert asked == set(cursor.forget(later, FIRST_HOUR).requested)
    assert set() == set(published(cursor).forget(later, FIRST_HOUR).requested)
    assert {H1.plus(3)} == set(cursor.forget(later, H1.plus(3)).requested)


def test_an_old_hour_stays_by_the_time_of_its_newest_entry(fake: FakeLanding) -> None:
    """Hours of a replay of last month are kept like today's hours."""
    fake.clock.time += timedelta(days=30)
    fake.broker.records[0] += [H1.start]
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert H1 in ticked(fake).forget(fake.clock.utc_now(), FIRST_HOUR).totals.hours


def test_its_size_does_not_grow_with_the_traffic() -> None:
    """Four days of checkpoints every minute: 72 hours remain, and less than 64 KiB."""
    fake = FakeLanding(FakeBroker({0: [H1.start + timedelta(minutes=n) for n in range(4 * 24 * 60)]}))
    cursor = read_cursor(None, (TOPIC,))
    for hour in range(4 * 24):
        for minute in range(60):
            offset = hour * 60 + minute
            fake.clock.time = fake.broker.records[0][offset]
            fake.job.land(0, offset, offset, fake.clock.utc_now())
        cursor = published(run_tick(fake.stream, cursor, Limits()).cursor)
    assert 74 >= len(cursor.totals.hours)
    assert 64 * 1024 > len(cursor.to_text())
