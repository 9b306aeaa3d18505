"""Find the boundary of an hour beside records from the future. Pure; a caller reads the records.

`ListOffsets` answers with the first record of a time or later. Where that record is from the future, because a
producer's clock is wrong, every later answer is the same one. The record times of a partition rise by and by, except
for such records and for a disorder D, so a binary search that reads one record a step finds the boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

SKIPPED_MAX = 1_000
"""Records from the future that one step skips, before it counts as a step without a record."""


@dataclass(frozen=True, slots=True)
class TimestampedOffset:
    """A record: its offset and its timestamp."""

    offset: int
    timestamp: datetime


Probe = Callable[[int], TimestampedOffset | None]
"""Returns the first record at an offset or later; None when there is none yet."""


def first_within(probe: Probe, first: int, end: int, earliest: datetime, latest: datetime) -> TimestampedOffset | None:
    """Find a record from `first` to before `end` whose time is from `earliest` to `latest`, near the first such one.

    If record times never run back by more than D, it lies at or before the first record from `earliest` + D to
    `latest`. None: there may be one up to `earliest` + D, and none later.
    """
    found = None
    while first < end:
        middle = (first + end) // 2
        record = _next_until(probe, middle, end, latest)
        if record is not None and record.timestamp < earliest:
            first = record.offset + 1
            continue
        found, end = record or found, middle
    return found


def _next_until(probe: Probe, offset: int, end: int, latest: datetime) -> TimestampedOffset | None:
    """Read on to the first record that is not later than `latest`."""
    for _ in range(SKIPPED_MAX):
        record = probe(offset)
        if record is None or record.offset >= end:
            return None
        if record.timestamp <= latest:
            return record
        offset = record.offset + 1
    return None
