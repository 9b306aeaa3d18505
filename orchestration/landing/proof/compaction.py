"""Compact the ledger: write one snapshot for each UTC day of emission that no unread object can join.

A day is closed when all its objects were read and each partition emits its next one later (`Reading.advance`). A gap,
a damaged object or another topic than the ledger's keeps its day and all following ones open. The closed hours of the
first open day can be written, too: then readers fetch the objects of the last hours and not those of a whole day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey
from orchestration.landing.ledger.days import (
    DamagedDayError,
    LedgerDay,
    day_objects,
    list_day_objects,
    newest_day_keys,
    read_days,
    write_day,
)
from orchestration.landing.ledger.epochs import Epochs
from orchestration.landing.ledger.reading import Reading
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.evidence import Stream, compare_with_ledger, read_end_offsets

DAYS_MAX = 31
"""Days that one run compacts; the next run goes on."""
LATE = timedelta(days=31)
"""How far back a run looks for late objects of compacted days."""


def compact_ledger(stream: Stream, days_max: int = DAYS_MAX, *, open_day: bool = False) -> list[date]:
    """Write the closed days that have no snapshot of all their objects, oldest first, and return them.

    With `open_day` also the closed hours of the first open day, unless a day before it could not be written.

    1. Read the ends of the topics, then the ledger; find the first hour that is open.
    2. Of the days before it, choose those that are new, and of the newest ones those whose snapshot is gone or damaged,
       or lacks a late object.
    3. Write each of them, with the day before it.

    Raises:
        UnavailableError: the bucket or the broker is away; what was written stays.
    """
    open_hour = _first_open_hour(stream)
    if open_hour is None:
        return []
    begin = open_hour.start.date()
    keys = newest_day_keys(stream.bucket, stream.layout)
    newest = max(keys, default=None)
    listed_from = newest - LATE if newest else None
    earlier = [day for day in keys if listed_from and day < listed_from]
    previous = max(earlier, default=None)
    known = {day.day: day for day in read_days(stream.bucket, [key for day, key in keys.items() if day not in earlier])}
    written: list[date] = []
    for day in _days_with_objects(stream, listed_from):
        if day > begin or (day == begin and not open_day) or len(written) == days_max:
            break
        its = known.get(day)
        until = _until(its, open_hour) if day == begin else None
        if not _is_written(stream, its, previous, until):
            revision = keys[day].revision + 1 if day in keys else 1
            if _write(stream, day, previous, revision, until):
                written.append(day)
            elif its is None or its.until is not None:
                break
        previous = day
    return written


def _first_open_hour(stream: Stream) -> Hour | None:
    """Return the first hour of emission in which an unread object can appear; None when it cannot be known."""
    ends = read_end_offsets(stream, {})
    totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
    if compare_with_ledger(stream, totals, ends).refusal is not None:
        return None
    return Reading().advance(totals, ends.topics, ends.asked_at).start


def _until(known: LedgerDay | None, open_hour: Hour) -> Hour:
    """Return the end of the closed hours of the open day; a further revision has no fewer than the former one."""
    return max(open_hour, known.until) if known and known.until else open_hour


def _days_with_objects(stream: Stream, first: date | None) -> Iterator[date]:
    """Iterate over the days of emission from one on, by the first key of each."""
    prefix = stream.layout.prefix(Kind.LEDGER)
    after = stream.layout.ledger_day_objects(first) if first else prefix
    while True:
        listed = stream.bucket.list(prefix, after)
        key = next((key for found in listed if (key := ObjectKey.try_parse(found.key))), None)
        if key is None:
            return
        yield key.hour.start.date()
        after = f"{stream.layout.ledger_day_objects(key.hour.start.date())}~"


def _is_written(stream: Stream, known: LedgerDay | None, previous: date | None, until: Hour | None) -> bool:
    """Return whether a day has a snapshot of all its objects before `until`."""
    if known is None or known.previous != previous or (until is None and known.until is not None):
        return False
    keys = list_day_objects(stream.bucket, stream.layout, known.day, until)
    return len(keys) == known.objects and all(key.epoch in known.seen.get(key.hour, Epochs()) for key in keys)


def _write(stream: Stream, day: date, previous: date | None, revision: int, until: Hour | None) -> bool:
    bucket, layout = stream.bucket, stream.layout
    bodies = day_objects(bucket, layout, day, until)
    if not bodies:
        return False
    try:
        return write_day(bucket, layout, stream.topics, day, bodies, previous=previous, revision=revision, until=until)
    except DamagedDayError:
        return False
