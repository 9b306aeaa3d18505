"""Decide whether an hour is complete: pure arithmetic over the ledger, the broker's offsets and two listings.

Hour H begins at S and ends at E. Its records lie between the first offset with a timestamp of S or later and the
boundary: the first offset with a timestamp of E + D or later, where D is the allowed disorder of record time. H is
complete when the ledger covers these offsets in every partition and each epoch promised for H is listed.

Where no record is later than E + D yet, the boundary is the end of the partition, read later than E + D + grace. With
`CreateTime` that proves nothing while a replay runs, so the end must also not have moved for the grace.

Transaction markers and aborted records cannot be read and never land. Where the ledger does not reach the boundary,
the broker is asked whether a readable record lies between the two; a record of an open transaction counts as readable.

Only hours with records are considered: an hour in which nothing was produced has no seal. Not promised: that no
record with `CreateTime` comes later than D; such a record amends its hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from flink_jobs.contracts.layout import DATA_KINDS, Hour
from flink_jobs.contracts.promises import compare
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.kafka import RecordTime, TimestampedOffset, TopicOffsets
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.ledger.totals import HourTotals, LedgerTotals

FUTURE = timedelta(minutes=5)
"""How far ahead of the clock the start of an hour may be before the hour is quarantined."""


class Proof(StrEnum):
    """How an hour was proven complete."""

    OFFSETS = "offsets"
    """By offsets of the broker alone."""
    IDLE = "idle"
    """At least one partition had no later record, and its end had not moved for the grace."""


@dataclass(frozen=True, slots=True)
class CompletenessPolicy:
    """How long the end of a partition must be in the past before it counts as the boundary.

    Args:
        disorder: how far record time may run backwards within a partition (D).
        grace: how much later than E + D the end of a partition counts as the boundary.
    """

    disorder: timedelta = timedelta(seconds=5)
    grace: timedelta = timedelta(seconds=30)

    def beyond(self, hour: Hour) -> datetime:
        """Return E + D: a record of that time or later proves that the hour is over in its partition."""
        return hour.end + self.disorder


@dataclass(frozen=True, slots=True)
class BrokerView:
    """The broker's answers about one hour.

    Args:
        offsets: partitions and their offset ranges.
        asked_at: when the ranges were read.
        first: partition -> first record with a timestamp of S or later.
        beyond: partition -> first record with a timestamp of E + D or later.
        unmoved_since: partition -> when its present end was read first.
        unreadable: partition -> offsets at which nothing can be read, now or later.
    """

    offsets: TopicOffsets
    asked_at: datetime
    first: Mapping[int, TimestampedOffset | None]
    beyond: Mapping[int, TimestampedOffset | None]
    unmoved_since: Mapping[int, datetime]
    unreadable: Mapping[int, Ranges] = field(default_factory=dict)

    def later(self, partition: int) -> TimestampedOffset | None:
        """Return the record that proves that the hour is over; one from the future does not."""
        beyond = self.beyond[partition]
        return beyond if beyond is not None and beyond.timestamp <= self.asked_at + FUTURE else None

    def needed(self, partition: int) -> tuple[int, int]:
        """Return the first and the last offset that must have landed; last < first when there is none."""
        later, first = self.later(partition), self.first[partition]
        if later is not None:
            return (first.offset if first else later.offset), later.offset - 1
        # The last offset is needed even without a record of the hour: the partition must have landed to its end.
        offsets = self.offsets.partitions[partition]
        last = offsets.end - 1
        return max(offsets.low, min(first.offset if first else last, last)), last


@dataclass(frozen=True, slots=True)
class Complete:
    """The hour is complete. `objects` are those that the ledger promises, in the order of keys."""

    hour: Hour
    proof: Proof
    objects: tuple[ListedObject, ...]
    unpromised_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """The hour is not complete. `reason` continues `waits for`; `retry_at` is set when only time is missing."""

    hour: Hour
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The hour has no partition: it lies in the future, or before the first one. It is never sealed."""

    hour: Hour
    reason: str


def before_asking(hour: Hour, now: datetime, first_hour: Hour) -> Open | Quarantined | None:
    """Decide without the broker: hours without a partition, and hours that are not over. None: ask the broker."""
    if hour.start > now + FUTURE:
        return Quarantined(hour, f"{hour} lies in the future; the clock of a producer is wrong")
    if hour < first_hour:
        return Quarantined(hour, f"{hour} lies before the first hour of the stream, {first_hour}")
    if now < hour.end:
        return Open(hour, f"its end at {hour.end:%H:%M}", retry_at=hour.end)
    return None


def offsets_reached(hour: Hour, totals: LedgerTotals, view: BrokerView, policy: CompletenessPolicy) -> Open | Proof:
    """Decide whether the landed offsets of every partition reach the boundary of the hour."""
    faults = totals.hours[hour].faults
    if faults:
        return Open(hour, f"a repair: {faults[0]}")
    missing = missing_offsets(totals, view)
    if missing:
        return Open(hour, f"{missing[0]} to land")
    proof = Proof.OFFSETS
    for partition in sorted(view.offsets.partitions):
        reached = _boundary_of(hour, view, partition, policy)
        if isinstance(reached, Open):
            return reached
        proof = reached if reached is Proof.IDLE else proof
    return proof


def missing_offsets(totals: LedgerTotals, view: BrokerView) -> list[str]:
    """Describe, per partition, the first offsets up to the boundary that the ledger does not cover."""
    missing = []
    for partition in sorted(view.offsets.partitions):
        span = missing_span(totals, view, partition)
        if span:
            missing.append(f"offsets {span[0]}-{span[1]} of {view.offsets.topic}[{partition}]")
    return missing


def missing_span(totals: LedgerTotals, view: BrokerView, partition: int) -> tuple[int, int] | None:
    """Return the first range of readable offsets up to the boundary that has not landed."""
    accounted = totals.covered(partition)
    for first, last in view.unreadable.get(partition, Ranges()).spans:
        accounted = accounted.add(first, last)
    return accounted.missing(*view.needed(partition))


def objects_listed(hour: Hour, totals: HourTotals, listed: Iterable[ListedObject], proof: Proof) -> Open | Complete:
    """Decide whether each promised epoch is listed; `listed` must have been read after the ledger."""
    promised = frozenset((kind, epoch) for kind in DATA_KINDS for epoch in totals.promised(kind).epochs())
    kept = compare(promised, listed)
    if kept.missing:
        return Open(hour, f"{len(kept.missing)} promised objects, the first of epoch {kept.missing[0][1]}")
    if kept.doubled:
        return Open(hour, f"a repair: a second object of one epoch, {kept.doubled[0].key}")
    return Complete(hour, proof, kept.objects, kept.unpromised_keys)


def _boundary_of(hour: Hour, view: BrokerView, partition: int, policy: CompletenessPolicy) -> Open | Proof:
    if view.later(partition) is not None:
        return Proof.OFFSETS
    name = f"{view.offsets.topic}[{partition}]"
    ready_at = policy.beyond(hour) + policy.grace
    if view.asked_at <= ready_at:
        return Open(hour, f"{ready_at:%H:%M:%S}: no record of {name} is later yet", retry_at=ready_at)
    # A record from the future means that no replay runs: only the clock of its producer is wrong.
    if view.offsets.record_time is RecordTime.LOG_APPEND or view.beyond[partition] is not None:
        return Proof.OFFSETS
    idle_at = view.unmoved_since[partition] + policy.grace
    if view.asked_at < idle_at:
        end = view.offsets.partitions[partition].end
        return Open(hour, f"{name} to rest at offset {end} until {idle_at:%H:%M:%S}", retry_at=idle_at)
    return Proof.IDLE
