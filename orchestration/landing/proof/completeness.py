"""Decide whether an hour is complete: pure arithmetic over the ledger, the broker's offsets and two listings.

Hour H begins at S and ends at E. Its records lie between the first offset with a timestamp of S or later and the
boundary: the first offset with a timestamp of E + D or later, D being the allowed disorder of record time. H is
complete when the ledger covers these offsets in every partition and each epoch promised for H is listed.

Where no record is beyond E + D yet, the boundary is the end of the partition, read later than E + D + grace. With
`CreateTime` that proves nothing while a replay runs, so the end must also not have moved for the grace.

Offsets that nobody can read (markers and aborted records of transactions) are never landed. Where the ledger does not
reach the boundary, the broker is asked whether anything readable lies between the two; what an open transaction holds
back counts as readable.

Only hours with records are considered: an hour in which nothing was produced has no seal. Not promised: that no
record with `CreateTime` comes later than D; such a record amends its hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.promises import compare
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.kafka import Found, RecordTime, TopicOffsets
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.ledger.totals import HourBook, LedgerBook
from orchestration.landing.partitions import FIRST_HOUR

FUTURE = timedelta(minutes=5)
"""How far ahead of the clock the start of an hour may be before the hour is quarantined."""
DATA_KINDS = (Kind.LANDING, Kind.REJECTED)


class Proof(StrEnum):
    """What showed that an hour is complete."""

    OFFSETS = "offsets"
    """Offsets of the broker alone."""
    IDLE = "idle"
    """At least one partition had no later record and had not moved for the grace."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what.

    Args:
        disorder: how far record time may run backwards within a partition (D).
        grace: how much later than E + D the end of a partition counts as the boundary.
    """

    disorder: timedelta = timedelta(seconds=5)
    grace: timedelta = timedelta(seconds=30)

    def beyond(self, hour: Hour) -> datetime:
        """Name the moment from which on records are later than the hour whatever their disorder."""
        return hour.end + self.disorder


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What the broker says about one hour.

    Args:
        offsets: partitions and watermarks.
        asked_at: when the watermarks were read.
        first: partition -> first record with a timestamp of S or later.
        beyond: partition -> first record with a timestamp of E + D or later.
        unmoved_since: partition -> when its present end was seen first.
        unreadable: partition -> offsets at which, the broker attests, nothing can be read, now or later.
    """

    offsets: TopicOffsets
    asked_at: datetime
    first: Mapping[int, Found | None]
    beyond: Mapping[int, Found | None]
    unmoved_since: Mapping[int, datetime]
    unreadable: Mapping[int, Ranges] = field(default_factory=dict)

    def later(self, partition: int) -> Found | None:
        """Find the record that shows that the hour is over; one from the future shows nothing."""
        beyond = self.beyond[partition]
        return beyond if beyond is not None and beyond.timestamp <= self.asked_at + FUTURE else None

    def needed(self, partition: int) -> tuple[int, int]:
        """Name the first and the last offset that must have landed; the last is lower when there is none."""
        later, first = self.later(partition), self.first[partition]
        if later is not None:
            return (first.offset if first else later.offset), later.offset - 1
        # The last offset is needed even if no record of the hour is known: the partition is read to its end.
        marks = self.offsets.partitions[partition]
        last = marks.end - 1
        return max(marks.low, min(first.offset if first else last, last)), last


@dataclass(frozen=True, slots=True)
class Complete:
    """The hour is complete; `objects` are those that the ledger promises, in the order of keys."""

    hour: Hour
    proof: Proof
    objects: tuple[ListedObject, ...]
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """The hour is not complete. `reason` reads on after `waits for`; `retry_at` is set when only time is missing."""

    hour: Hour
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The hour has no partition: it lies in the future, or before the first one. It is never sealed."""

    hour: Hour
    reason: str


def before_asking(hour: Hour, now: datetime) -> Open | Quarantined | None:
    """Decide what needs no broker: hours without a partition, and hours that are not over."""
    if hour.start > now + FUTURE:
        return Quarantined(hour, f"{hour} lies in the future; the clock of a producer is wrong")
    if hour.start < FIRST_HOUR:
        return Quarantined(hour, f"{hour} lies before the first partition {FIRST_HOUR:%Y-%m-%dT%H}")
    if now < hour.end:
        return Open(hour, f"its end at {hour.end:%H:%M}", retry_at=hour.end)
    return None


def offsets_reached(hour: Hour, book: LedgerBook, view: BrokerView, patience: Patience) -> Open | Proof:
    """Decide whether every partition's landed offsets have reached the boundary of the hour."""
    faults = book.hours[hour].faults
    if faults:
        return Open(hour, f"a repair: {faults[0]}")
    missing = missing_offsets(book, view)
    if missing:
        return Open(hour, f"{missing[0]} to land")
    proof = Proof.OFFSETS
    for partition in sorted(view.offsets.partitions):
        reached = _boundary_stands(hour, view, partition, patience)
        if isinstance(reached, Open):
            return reached
        proof = reached if reached is Proof.IDLE else proof
    return proof


def missing_offsets(book: LedgerBook, view: BrokerView) -> list[str]:
    """Name, per partition, the first offsets up to the boundary that the ledger does not cover."""
    missing = []
    for partition in sorted(view.offsets.partitions):
        span = missing_span(book, view, partition)
        if span:
            missing.append(f"offsets {span[0]}-{span[1]} of {view.offsets.topic}[{partition}]")
    return missing


def missing_span(book: LedgerBook, view: BrokerView, partition: int) -> tuple[int, int] | None:
    """Name the first offsets up to the boundary that were not landed although somebody may read them."""
    accounted = book.covered(partition)
    for first, last in view.unreadable.get(partition, Ranges()).spans:
        accounted = accounted.add(first, last)
    return accounted.missing(*view.needed(partition))


def objects_listed(hour: Hour, book: HourBook, listed: Iterable[ListedObject], proof: Proof) -> Open | Complete:
    """Decide whether each promised epoch is listed; `listed` must have been read after the ledger."""
    promised = frozenset((kind, epoch) for kind in DATA_KINDS for epoch in book.promised(kind).epochs())
    kept = compare(promised, listed)
    if kept.missing:
        return Open(hour, f"{len(kept.missing)} promised objects, the first of epoch {kept.missing[0][1]}")
    if kept.doubled:
        return Open(hour, f"a repair: a second object of one epoch, {kept.doubled[0].key}")
    return Complete(hour, proof, kept.objects, kept.strays)


def _boundary_stands(hour: Hour, view: BrokerView, partition: int, patience: Patience) -> Open | Proof:
    if view.later(partition) is not None:
        return Proof.OFFSETS
    name = f"{view.offsets.topic}[{partition}]"
    ready_at = patience.beyond(hour) + patience.grace
    if view.asked_at <= ready_at:
        return Open(hour, f"{ready_at:%H:%M:%S}: no record of {name} is later yet", retry_at=ready_at)
    # A record from the future says that nobody replays: only its producer's clock is wrong.
    if view.offsets.record_time is RecordTime.LOG_APPEND or view.beyond[partition] is not None:
        return Proof.OFFSETS
    idle_at = view.unmoved_since[partition] + patience.grace
    if view.asked_at < idle_at:
        end = view.offsets.partitions[partition].end
        return Open(hour, f"{name} to rest at offset {end} until {idle_at:%H:%M:%S}", retry_at=idle_at)
    return Proof.IDLE
