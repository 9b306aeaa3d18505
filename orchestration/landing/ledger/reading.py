"""Read the ledger from the bucket incrementally.

A commit that was interrupted appears later, under its old emission hour. So each read lists again from the earliest
emission hour in which an unread object can still appear (`Reading.start`), and skips the epochs that were read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import HOUR, Hour, Kind, ObjectKey, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.errors import LedgerUnreadableError
from orchestration.landing.ledger.chains import Chain, ChainKey
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
        the broker was asked, its next entry is emitted after that time.

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

    With `more`, the limit left objects unread, and a missing entry proves nothing.
    """

    reading: Reading
    entries: tuple[tuple[Hour, LedgerEntry], ...]
    more: bool


def read_ledger(
    bucket: Bucket, layout: StreamLayout, reading: Reading, *, objects_max: int | None = None
) -> LedgerNews:
    """List the ledger from `reading.start`, and fetch and parse the objects that are new.

    Keys below `ledger/` that the landing job does not write are skipped.

    Raises:
        BucketUnavailableError: the bucket is away; nothing is lost.
        LedgerUnreadableError: an object of the ledger is damaged.
    """
    keys, more = _unread(bucket, layout, reading, objects_max)
    entries = [
        (key.hour, entry)
        for key, body in zip(keys, bucket.get([key.key for key in keys]), strict=True)
        for entry in _parse(key, body)
    ]
    return LedgerNews(reading.add(keys), tuple(entries), more)


def read_whole_ledger(
    bucket: Bucket, layout: StreamLayout, topics: tuple[str, ...], *, since: Hour | None = None
) -> tuple[LedgerTotals, tuple[tuple[Hour, LedgerEntry], ...]]:
    """Read and add up every entry that was emitted in or after `since`; None reads all of them."""
    news = read_ledger(bucket, layout, Reading(start=since))
    return LedgerTotals(topics=topics).fold(news.entries), news.entries


def _unread(
    bucket: Bucket, layout: StreamLayout, reading: Reading, objects_max: int | None
) -> tuple[list[ObjectKey], bool]:
    prefix = layout.prefix(Kind.LEDGER)
    start_after = layout.hour_prefix(Kind.LEDGER, reading.start) if reading.start else ""
    unread: list[ObjectKey] = []
    listed: set[tuple[Hour, str]] = set()
    for found in bucket.list(prefix, start_after):
        key = ObjectKey.try_parse(found.key)
        if key is None:
            continue
        # A second object of one epoch is read even if the first one was: its offsets then overlap, which is the fault.
        doubled = (key.hour, key.epoch) in listed
        listed.add((key.hour, key.epoch))
        if reading.contains(key) and not doubled:
            continue
        if len(unread) == objects_max:
            return unread, True
        unread.append(key)
    return unread, False


def _parse(key: ObjectKey, body: bytes) -> list[LedgerEntry]:
    if key.codec:
        raise LedgerUnreadableError(f"{key.key}: the ledger is plain JSON lines, not {key.codec}")
    try:
        return [LedgerEntry.model_validate_json(line) for line in body.splitlines()]
    except ValidationError as exc:
        raise LedgerUnreadableError(f"{key.key}: not a ledger entry: {exc.errors()[0]['msg']}") from exc


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
