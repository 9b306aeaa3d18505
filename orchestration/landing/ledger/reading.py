"""Read the ledger from the bucket incrementally.

A commit that was interrupted appears later, under its old emission hour. So each read lists again from the earliest
emission hour in which an unread object can still appear (`Reading.start`), and skips the epochs that were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.layout import HOUR, Hour, Kind, ObjectKey, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.ledger.chains import Chain, ChainKey
from orchestration.landing.ledger.damage import Damage, parse_entries
from orchestration.landing.ledger.epochs import Epochs, HourPath
from orchestration.landing.ledger.totals import LedgerTotals
from producers.kafka import OffsetRange

CLOCK_SKEW = HOUR
"""How far the clock of a TaskManager may be behind the clock of this process."""


class Reading(BaseModel):
    """Where the next read starts, and the epochs that were read from there on, by emission hour.

    `start` is None while the whole ledger must be listed.
    """

    model_config = ConfigDict(frozen=True)

    start: HourPath | None = None
    seen: dict[HourPath, Epochs] = {}

    def contains(self, key: ObjectKey) -> bool:
        """Return whether an object of the ledger was read."""
        return key.epoch in self.seen.get(key.hour, Epochs())

    def add(self, keys: list[ObjectKey]) -> Reading:
        """Return the reading with these objects marked as read."""
        seen = dict(self.seen)
        for key in keys:
            seen[key.hour] = seen.get(key.hour, Epochs()).add(key.epoch)
        return self.model_copy(update={"seen": seen})

    def advance(self, totals: LedgerTotals, topics: Iterable[TopicOffsets], asked_at: datetime) -> Reading:
        """Move `start` forward to the earliest emission hour in which an unread object can appear; never back.

        The next entry of a partition is emitted after its newest one. If all records of a partition had landed when
        the broker was asked, its next entry is emitted after that time. An unreadable object is read again.

        Args:
            totals: of everything that was read.
            topics: the offsets of every topic, read before the ledger was listed.
            asked_at: when they were read.
        """
        marks = marks_of(topics)
        hours = [_earliest_unread(totals.chain(key), its, asked_at) for key, its in marks.items()]
        known = [hour for hour in hours if hour is not None]
        if not hours or len(known) < len(hours):
            return self
        known += [damage.emitted for damage in totals.damaged]
        start = max(min(known), self.start or min(known))
        return Reading(start=start, seen={hour: seen for hour, seen in self.seen.items() if hour >= start})


def marks_of(topics: Iterable[TopicOffsets]) -> dict[ChainKey, OffsetRange]:
    """Return the offset ranges of all partitions of some topics, by the chain that each of them is now."""
    return {
        ChainKey(topic.topic, topic.topic_id or "", partition): marks
        for topic in topics
        for partition, marks in sorted(topic.partitions.items())
    }


@dataclass(frozen=True, slots=True)
class LedgerNews:
    """The result of one read: new entries with their emission hours, in the order of keys.

    With `more`, the limit left objects unread, and a missing entry proves nothing. `damaged` are all objects from the
    start of the read on that cannot be read; none of them is marked as read.
    """

    reading: Reading
    entries: tuple[tuple[Hour, LedgerEntry], ...]
    more: bool
    damaged: tuple[Damage, ...] = ()


def read_ledger(  # noqa: PLR0913 - the bounds of a read
    bucket: Bucket,
    layout: StreamLayout,
    reading: Reading,
    *,
    damaged: Iterable[Damage] = (),
    objects_max: int | None = None,
    until: Hour | None = None,
) -> LedgerNews:
    """List the ledger from `reading.start` to before `until`, and fetch and parse the objects that are new.

    Keys below `ledger/` that the landing job does not write are skipped. An object that `damaged` has with the same
    ETag is not fetched again.

    Raises:
        BucketUnavailableError: the bucket is away; nothing is lost.
    """
    listing = _Listing(reading, {one.key: one for one in damaged}, objects_max)
    unread = listing.of(bucket, layout, until)
    read: list[ObjectKey] = []
    entries: list[tuple[Hour, LedgerEntry]] = []
    for (key, etag), body in zip(unread, bucket.get_present([key.key for key, _ in unread]), strict=True):
        if body is None:
            listing.damaged.append(
                Damage(key=key.key, emitted=key.hour, etag=None, reason="it was listed, and is gone")
            )
            continue
        found, wrong = parse_entries(key, body)
        if wrong is not None:
            listing.damaged.append(Damage(key=key.key, emitted=key.hour, etag=etag, reason=wrong))
            continue
        read.append(key)
        entries += [(key.hour, entry) for entry in found]
    ordered = tuple(sorted(listing.damaged, key=lambda one: one.key))
    return LedgerNews(reading.add(read), tuple(entries), listing.more, ordered)


class _Listing:
    """One listing of the ledger: the objects to fetch, and the damaged ones that have not changed."""

    def __init__(self, reading: Reading, known: Mapping[str, Damage], objects_max: int | None) -> None:
        self._reading = reading
        self._known = known
        self._objects_max = objects_max
        self.damaged: list[Damage] = []
        self.more = False

    def of(self, bucket: Bucket, layout: StreamLayout, until: Hour | None) -> list[tuple[ObjectKey, str]]:
        """List keys and ETags of unread objects, at most `objects_max`."""
        start = self._reading.start
        unread: list[tuple[ObjectKey, str]] = []
        listed: set[tuple[Hour, str]] = set()
        for found in bucket.list(layout.prefix(Kind.LEDGER), layout.hour_prefix(Kind.LEDGER, start) if start else ""):
            key = ObjectKey.try_parse(found.key)
            if key is None:
                continue
            if until is not None and key.hour >= until:
                break
            # A second object of one epoch is read even if the first one was: its offsets then overlap, which is the
            # fault.
            doubled = (key.hour, key.epoch) in listed
            listed.add((key.hour, key.epoch))
            if (self._reading.contains(key) and not doubled) or self._is_still_damaged(found):
                continue
            if len(unread) == self._objects_max:
                self.more = True
                self.damaged += [one for one in self._known.values() if one.key >= found.key]
                break
            unread.append((key, found.etag))
        return unread

    def _is_still_damaged(self, found: ListedObject) -> bool:
        known = self._known.get(found.key)
        if known is None or known.etag != found.etag:
            return False
        self.damaged.append(known)
        return True


def _earliest_unread(chain: Chain | None, marks: OffsetRange, asked_at: datetime) -> Hour | None:
    just_now = Hour.containing(asked_at - CLOCK_SKEW)
    if marks.low == marks.end:
        return just_now
    if chain is None or chain.gaps():
        # The entry that fills a gap can appear under any emission hour.
        return None
    if chain.covered.missing(max(marks.low, chain.covered.spans[0][0]), marks.end - 1) is None:
        return max(chain.emitted, just_now)
    # An emission hour is the job's clock; a partition may have moved to another host since.
    return chain.emitted.plus(-1)
