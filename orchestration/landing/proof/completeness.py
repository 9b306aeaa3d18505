"""Decide whether an hour is complete: pure arithmetic over the ledger, the broker's offsets and two listings.

Hour H begins at S and ends at E. Its records lie between the first offset with a timestamp of S or later and the
boundary: the first offset with a timestamp of E + D or later, where D is the allowed disorder of record time. H is
complete when the ledger covers these offsets in every partition and each epoch promised for H is listed.

Where no record is later than E + D yet, the boundary is the end of the partition, read later than E + D + grace. With
`CreateTime` that proves nothing while a replay runs, so the end must also not have moved for the grace.

A record from the future, which a wrong clock has stamped, proves nothing. The boundary is then looked for behind it.

Transaction markers and aborted records cannot be read and never land. Where the ledger does not reach the boundary,
the broker is asked whether a readable record lies between the two; a record of an open transaction counts as readable.

A topic that was deleted and created again has two chains. The present one is proven as above. For the old one no
broker can answer any more: it ends with its last landed offset, and the proof is called `closed`.

An hour of which the ledger has no record is complete by the same rule, and by a stricter reach: the ledger must cover
every offset up to the boundary, because equal answers for S and E prove nothing. Where the broker has deleted the
records around S, the whole chain must be without a gap: offsets that were deleted before they landed may be of any
hour.

Not promised: that no record with `CreateTime` comes later than D; such a record amends its hour. Nor that a partition
without one landed record, of which everything was deleted, had no record of the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from flink_jobs.contracts.layout import DATA_KINDS, Hour, ObjectKey
from flink_jobs.contracts.promises import compare
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.damage import Damage, damage_before, damage_of_epochs
from orchestration.landing.ledger.totals import HourTotals, LedgerTotals
from producers.kafka import OffsetRange

if TYPE_CHECKING:
    from orchestration.landing.proof.witness import Witness

FUTURE = timedelta(minutes=5)
"""How far ahead of the clock the start of an hour may be before the hour is quarantined."""


class Proof(StrEnum):
    """How an hour was proven complete."""

    OFFSETS = "offsets"
    """By offsets of the broker alone."""
    IDLE = "idle"
    """At least one partition had no later record, and its end had not moved for the grace."""
    CLOSED = "closed"
    """A topic was replaced: the chain of the old one ends with its last landed offset, and nobody can be asked."""

    def weaker(self, other: Proof) -> Proof:
        """Return the weaker one of two proofs."""
        order = list(Proof)
        return max(self, other, key=order.index)


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
    """The broker's answers about one hour, by the chains that the partitions are now.

    Args:
        marks: offset ranges.
        record_times: topic -> who stamps its records.
        cluster_ids: topic -> id of its cluster.
        asked_at: when the ranges were read.
        first: first record with a timestamp of S or later.
        beyond: first record with a timestamp of E + D or later.
        later: the record that proves that the hour is over, if there is one; it is not from the future.
        unmoved_since: when the present end was read first.
        unreadable: offsets at which nothing can be read, now or later.
        closed: last landed offset of each chain of an earlier topic that may have records of the hour.
        is_empty: whether the ledger has no record of the hour.
    """

    marks: Mapping[ChainKey, OffsetRange]
    record_times: Mapping[str, RecordTime]
    cluster_ids: Mapping[str, str | None]
    asked_at: datetime
    first: Mapping[ChainKey, TimestampedOffset | None]
    beyond: Mapping[ChainKey, TimestampedOffset | None]
    later: Mapping[ChainKey, TimestampedOffset | None]
    unmoved_since: Mapping[ChainKey, datetime]
    unreadable: Mapping[ChainKey, Ranges] = field(default_factory=dict)
    closed: Mapping[ChainKey, int] = field(default_factory=dict)
    is_empty: bool = False

    def is_from_the_future(self, record: TimestampedOffset) -> bool:
        """Return whether the clock that stamped a record was wrong: it proves nothing then."""
        return record.timestamp > self.asked_at + FUTURE

    def needed(self, key: ChainKey, landed: Ranges) -> tuple[int, int]:
        """Return the first and the last offset that must have landed; last < first when there is none.

        Args:
            key: of the partition.
            landed: its landed offsets.
        """
        first, last = self._of_the_hour(key)
        if not self.is_empty:
            return first, last
        low = self.marks[key].low
        if not landed.spans:
            return low, last
        landed_from = landed.spans[0][0]
        return (min(low, landed_from) if self.has_deleted(key) else max(low, landed_from)), last

    def has_deleted(self, key: ChainKey) -> bool:
        """Return whether the broker may have deleted records of the hour: the first one that it has is not earlier."""
        marks, first = self.marks[key], self.first[key]
        return marks.low > 0 and (first.offset if first else marks.end) == marks.low

    def _of_the_hour(self, key: ChainKey) -> tuple[int, int]:
        """Return the first and the last offset that may be of the hour."""
        later, first = self.later[key], self.first[key]
        if later is not None:
            return (first.offset if first else later.offset), later.offset - 1
        # The last offset is needed even without a record of the hour: the partition must have landed to its end.
        marks = self.marks[key]
        last = marks.end - 1
        return max(marks.low, min(first.offset if first else last, last)), last


@dataclass(frozen=True, slots=True)
class Complete:
    """The hour is complete. `objects` are those that the ledger promises, in the order of keys.

    A proof that is to be sealed has the `witness` of the broker, and the emission hour from which the ledger was read.
    """

    hour: Hour
    proof: Proof
    objects: tuple[ListedObject, ...]
    unpromised_keys: tuple[str, ...] = ()
    witness: Witness | None = None
    since: Hour | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """The hour is not complete.

    Args:
        hour: the hour.
        reason: continues `waits for`.
        retry_at: is set when only time is missing.
        is_stuck: whether waiting alone changes nothing: offsets or objects are lost, or the topic is another one.
    """

    hour: Hour
    reason: str
    retry_at: datetime | None = None
    is_stuck: bool = False


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
    its = totals.hours.get(hour)
    if its and its.faults:
        return Open(hour, f"a repair: {its.faults[0]}", is_stuck=True)
    missing = missing_offsets(totals, view)
    if missing:
        is_gap = _has_lost(totals, view)
        waits = Open(hour, f"{missing[0]} to land", is_stuck=is_gap)
        return _held_by(waits, damage_before(totals.damaged, hour, is_gap=is_gap))
    proof = Proof.CLOSED if view.closed else Proof.OFFSETS
    for key in sorted(view.marks):
        reached = _boundary_of(hour, view, key, policy)
        if isinstance(reached, Open):
            return reached
        proof = proof.weaker(reached)
    return proof


def missing_offsets(totals: LedgerTotals, view: BrokerView) -> list[str]:
    """Describe the offsets that the ledger lacks: the first ones up to each boundary, and the gaps of old chains."""
    spans = {key: missing_span(totals, view, key) for key in sorted(view.marks)}
    missing = [
        f"offsets {span[0]}-{span[1]} of {key.name}{_if_deleted(span, view.marks[key])}"
        for key, span in spans.items()
        if span
    ]
    for key in sorted(view.closed):
        missing += [f"offsets {first}-{last} of {key}, a topic that is gone," for first, last in _gaps(totals, key)]
    return missing


def missing_span(totals: LedgerTotals, view: BrokerView, key: ChainKey) -> tuple[int, int] | None:
    """Return the first range of readable offsets up to the boundary that has not landed."""
    accounted = totals.covered(key)
    for first, last in view.unreadable.get(key, Ranges()).spans:
        accounted = accounted.add(first, last)
    return accounted.missing(*view.needed(key, totals.covered(key)))


def objects_listed(
    hour: Hour, totals: HourTotals | None, listed: Iterable[ListedObject], proof: Proof
) -> Open | Complete:
    """Decide whether each promised epoch is listed; `listed` must have been read after the ledger.

    An hour of which the ledger has no record must have no object: its totals are None.
    """
    promised = frozenset(
        (kind, epoch) for kind in DATA_KINDS for epoch in (totals.promised(kind).epochs() if totals else ())
    )
    kept = compare(promised, listed)
    if totals is None and (left := [key for key in kept.unpromised_keys if ObjectKey.try_parse(key)]):
        return Open(hour, f"the ledger entry of {left[0]}")
    if kept.missing:
        first = kept.missing[0][1]
        return Open(hour, f"{len(kept.missing)} promised objects, the first of epoch {first}", is_stuck=True)
    if kept.doubled:
        return Open(hour, f"a repair: a second object of one epoch, {kept.doubled[0].key}", is_stuck=True)
    return Complete(hour, proof, kept.objects, kept.unpromised_keys)


def beside_damage(verdict: Open | Complete, listed: Iterable[ListedObject], totals: LedgerTotals) -> Open | Complete:
    """Hold an hour whose listed objects are promised by an object of the ledger that cannot be read.

    An hour with such an object has records of which the ledger has no readable entry, whatever its offsets prove.
    """
    if isinstance(verdict, Open):
        return _held_by(verdict, damage_of_epochs(totals.damaged, [item.key for item in listed]))
    damage = damage_of_epochs(totals.damaged, verdict.unpromised_keys)
    return _held_by(Open(verdict.hour, "the entries of its objects"), damage) if damage else verdict


def _held_by(waits: Open, damage: Damage | None) -> Open:
    if damage is None:
        return waits
    reason = f"{waits.reason}; {damage.sentence()}"
    return replace(waits, reason=reason, is_stuck=waits.is_stuck or damage.is_lasting)


def _has_lost(totals: LedgerTotals, view: BrokerView) -> bool:
    """Return whether offsets are missing that no later entry can bring: later ones landed, or the broker has none."""
    for key in view.marks:
        span, last = missing_span(totals, view, key), totals.covered(key).last
        if span and (span[0] < view.marks[key].low or (last is not None and span[1] < last)):
            return True
    return any(_gaps(totals, key) for key in view.closed)


def _if_deleted(span: tuple[int, int], marks: OffsetRange) -> str:
    return ", which the broker deleted before they landed," if span[0] < marks.low else ""


def _gaps(totals: LedgerTotals, key: ChainKey) -> list[tuple[int, int]]:
    chain = totals.chain(key)
    return chain.gaps() if chain else []


def _boundary_of(hour: Hour, view: BrokerView, key: ChainKey, policy: CompletenessPolicy) -> Open | Proof:
    if view.later[key] is not None:
        return Proof.OFFSETS
    ready_at = policy.beyond(hour) + policy.grace
    if view.asked_at <= ready_at:
        return Open(hour, f"{ready_at:%H:%M:%S}: no record of {key.name} is later yet", retry_at=ready_at)
    if view.record_times[key.topic] is RecordTime.LOG_APPEND:
        return Proof.OFFSETS
    idle_at = view.unmoved_since[key] + policy.grace
    if view.asked_at < idle_at:
        end = view.marks[key].end
        return Open(hour, f"{key.name} to rest at offset {end} until {idle_at:%H:%M:%S}", retry_at=idle_at)
    return Proof.IDLE
