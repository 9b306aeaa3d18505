"""The ledger added up: the landed offsets of each partition, and what each hour was promised.

Totals keep no single entry; consecutive offsets and epochs are one range, so the size does not grow with the stream.
The order of the entries does not change the totals, except for the text of a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.ledger.chains import (
    Chain,
    ChainKey,
    ChainName,
    chains_to_compare,
    extended,
    joined_chains,
    topic_ids,
)
from orchestration.landing.ledger.damage import Damage
from orchestration.landing.ledger.epochs import Epochs, HourLabel, HourPath

_FAULTS_MAX = 5
"""Faults that an hour keeps as text; one is enough to stop it."""


class HourTotals(BaseModel):
    """The sums of one hour over the ledger.

    `since` and `until` are the emission hours of its first and of its last entry. `topic_ids` are those of its records;
    entries of earlier releases have none.
    """

    model_config = ConfigDict(frozen=True)

    since: HourPath
    until: HourPath
    accepted: int = 0
    rejected: int = 0
    landing_epochs: Epochs = Epochs()
    rejected_epochs: Epochs = Epochs()
    topic_ids: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def promised(self, kind: Kind) -> Epochs:
        """Return the epochs that must have an object of this kind in the hour."""
        return self.landing_epochs if kind is Kind.LANDING else self.rejected_epochs

    def plus(self, other: HourTotals) -> HourTotals:
        """Return the sums of both, which share no entry."""
        faults = self.faults
        for fault in other.faults:
            faults = _with_fault(faults, fault)
        return HourTotals(
            since=min(self.since, other.since),
            until=max(self.until, other.until),
            accepted=self.accepted + other.accepted,
            rejected=self.rejected + other.rejected,
            landing_epochs=self.landing_epochs.plus(other.landing_epochs),
            rejected_epochs=self.rejected_epochs.plus(other.rejected_epochs),
            topic_ids=tuple(sorted({*self.topic_ids, *other.topic_ids})),
            faults=faults,
        )


class LedgerTotals(BaseModel):
    """The totals of the topics of one stream, and the objects of the ledger that could not be read for them."""

    model_config = ConfigDict(frozen=True)

    topics: tuple[str, ...]
    chains: dict[ChainName, Chain] = {}
    hours: dict[HourLabel, HourTotals] = {}
    damaged: tuple[Damage, ...] = ()

    def fold(self, entries: Iterable[tuple[Hour, LedgerEntry]]) -> LedgerTotals:
        """Return new totals with these entries added, each given with its emission hour."""
        chains, hours = dict(self.chains), dict(self.hours)
        for emitted, entry in entries:
            fault = self._fault(chains, entry)
            if entry.topic in self.topics:
                key = ChainKey.of(entry)
                chains[key] = extended(chains.get(key), emitted, entry)
            for label in entry.hours:
                hour = Hour.from_label(label)
                hours[hour] = _updated(hours.get(hour), emitted, entry, label, fault)
        return self._summed(chains, hours, self.damaged)

    def plus(self, other: LedgerTotals) -> LedgerTotals | None:
        """Return the totals of both, which share no entry.

        None where only their entries can be added: both have the same offsets, they are of other topics, or the chains
        of earlier releases would belong to another topic id.
        """
        if self.topics != other.topics or _mixes_releases(other.chains) or self._overlaps(other):
            return None
        chains, hours = dict(self.chains), dict(self.hours)
        for key, chain in other.chains.items():
            chains[key] = chain.joined(chains[key]) if key in chains else chain
        for hour, totals in other.hours.items():
            hours[hour] = hours[hour].plus(totals) if hour in hours else totals
        return self._summed(chains, hours, (*self.damaged, *other.damaged))

    def _summed(
        self, chains: dict[ChainKey, Chain], hours: dict[Hour, HourTotals], damaged: tuple[Damage, ...]
    ) -> LedgerTotals:
        """Return totals without validating each hour again: hundreds of days are added, each to all before it."""
        return LedgerTotals.model_construct(topics=self.topics, chains=chains, hours=hours, damaged=damaged)

    def _overlaps(self, other: LedgerTotals) -> bool:
        return any(
            self.chains[known].covered.overlap(first, last)
            for key, chain in other.chains.items()
            for known in chains_to_compare(self.chains, key)
            if known in self.chains
            for first, last in chain.covered.spans
        )

    def with_damaged(self, damaged: Iterable[Damage]) -> LedgerTotals:
        """Return the totals with other unreadable objects: those of the newest read."""
        return self.model_copy(update={"damaged": tuple(damaged)})

    def without_hours(self, hours: Iterable[Hour]) -> LedgerTotals:
        """Return the totals without these hours; offsets stay."""
        gone = set(hours)
        return self.model_copy(update={"hours": {h: b for h, b in self.hours.items() if h not in gone}})

    @cached_property
    def joined(self) -> dict[ChainKey, Chain]:
        """Return the chains, with those of earlier releases as part of the first id of their topic."""
        return joined_chains(self.chains)

    def chain(self, key: ChainKey) -> Chain | None:
        """Return a chain. While the ledger has no id of the topic, its entries belong to the id that is asked for."""
        chains = self.joined
        if key in chains or self.topic_ids(key.topic):
            return chains.get(key)
        return chains.get(key.without_id())

    def covered(self, key: ChainKey) -> Ranges:
        """Return the landed offsets of a chain; empty for an unknown one."""
        chain = self.chain(key)
        return chain.covered if chain else Ranges()

    def topic_ids(self, topic: str) -> list[str]:
        """List the ids of a topic in the order in which their chains began."""
        return topic_ids(self.chains, topic)

    def findings(self) -> list[str]:
        """List every unreadable object, every gap and every fault of the ledger, in a stable order."""
        gaps = [
            f"{key.name}: offsets {first}-{last} are missing from the ledger"
            for key, chain in sorted(self.joined.items())
            for first, last in chain.gaps()
        ]
        faults = {fault for _, hour in sorted(self.hours.items()) for fault in hour.faults}
        return [*(one.sentence() for one in self.damaged), *gaps, *sorted(faults)]

    def _fault(self, chains: Mapping[ChainKey, Chain], entry: LedgerEntry) -> str | None:
        where = f"{entry.topic}[{entry.partition}]"
        if entry.topic not in self.topics:
            return f"{where}: epoch {entry.epoch} is of another topic; this stream reads {', '.join(self.topics)}"
        known = [chains[key].covered for key in chains_to_compare(chains, ChainKey.of(entry)) if key in chains]
        overlaps = (covered.overlap(entry.first_offset, entry.last_offset) for covered in known)
        overlap = next((found for found in overlaps if found), None)
        if overlap is None:
            return None
        return (
            f"{where}: offsets {overlap[0]}-{overlap[1]} landed twice, again by epoch {entry.epoch} "
            f"(job {entry.job_id}, checkpoint {entry.checkpoint}); {_cause(entry)}"
        )


def _mixes_releases(chains: Mapping[ChainKey, Chain]) -> bool:
    """Return whether a topic has entries with and without a topic id."""
    return any(key.topic_id and key.without_id() in chains for key in chains)


def _cause(entry: LedgerEntry) -> str:
    if entry.repeated:
        return "its log was cut, or the topic was created again under a job that writes no topic id"
    return "the job was started without its last checkpoint"


def _updated(totals: HourTotals | None, emitted: Hour, entry: LedgerEntry, label: str, fault: str | None) -> HourTotals:
    totals = totals or HourTotals(since=emitted, until=emitted)
    cells = entry.hours[label]
    accepted, rejected = cells.accepted, cells.rejected
    return HourTotals(
        since=min(totals.since, emitted),
        until=max(totals.until, emitted),
        accepted=totals.accepted + (accepted.records if accepted else 0),
        rejected=totals.rejected + (rejected.records if rejected else 0),
        landing_epochs=totals.landing_epochs.add(entry.epoch) if accepted else totals.landing_epochs,
        rejected_epochs=totals.rejected_epochs.add(entry.epoch) if rejected else totals.rejected_epochs,
        topic_ids=tuple(sorted({*totals.topic_ids, *([entry.topic_id] if entry.topic_id else [])})),
        faults=_with_fault(totals.faults, fault),
    )


def _with_fault(faults: tuple[str, ...], fault: str | None) -> tuple[str, ...]:
    if fault is None or fault in faults or len(faults) == _FAULTS_MAX:
        return faults
    return (*faults, fault)
