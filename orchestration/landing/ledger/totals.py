"""The ledger added up: the landed offsets of each partition, and what each hour was promised.

Totals keep no single entry; consecutive offsets and epochs are one range, so the size does not grow with the stream.
The order of the entries does not change the totals, except for the text of a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges, RangesText
from orchestration.landing.ledger.epochs import Epochs, HourLabel, HourPath

_FAULTS_MAX = 5
"""Faults that an hour keeps as text; one is enough to stop it."""


class Chain(BaseModel):
    """The landed offsets of one partition, and the emission hour of the newest entry."""

    model_config = ConfigDict(frozen=True)

    covered: RangesText
    emitted: HourPath

    @property
    def position(self) -> int:
        """The offset after the first unbroken range: the position of a consumer."""
        return self.covered.spans[0][1] + 1

    def gaps(self) -> list[tuple[int, int]]:
        """List the ranges of offsets between the first and the last landed one that no entry covers.

        A gap can disappear with the next listing, because a listing is not a snapshot. A gap that stays is a loss.
        """
        return self.covered.gaps()


class HourTotals(BaseModel):
    """The sums of one hour over the ledger.

    `since` and `until` are the emission hours of its first and of its last entry.
    """

    model_config = ConfigDict(frozen=True)

    since: HourPath
    until: HourPath
    accepted: int = 0
    rejected: int = 0
    landing_epochs: Epochs = Epochs()
    rejected_epochs: Epochs = Epochs()
    faults: tuple[str, ...] = ()

    def promised(self, kind: Kind) -> Epochs:
        """Return the epochs that must have an object of this kind in the hour."""
        return self.landing_epochs if kind is Kind.LANDING else self.rejected_epochs


class LedgerTotals(BaseModel):
    """The totals of one topic."""

    model_config = ConfigDict(frozen=True)

    topic: str
    chains: dict[int, Chain] = {}
    hours: dict[HourLabel, HourTotals] = {}

    def fold(self, entries: Iterable[tuple[Hour, LedgerEntry]]) -> LedgerTotals:
        """Return new totals with these entries added, each given with its emission hour."""
        chains, hours = dict(self.chains), dict(self.hours)
        for emitted, entry in entries:
            fault = self._fault(chains, entry)
            if entry.topic == self.topic:
                chains[entry.partition] = _extended(chains.get(entry.partition), emitted, entry)
            for label in entry.hours:
                hour = Hour.from_label(label)
                hours[hour] = _updated(hours.get(hour), emitted, entry, label, fault)
        return LedgerTotals(topic=self.topic, chains=chains, hours=hours)

    def without_hours(self, hours: Iterable[Hour]) -> LedgerTotals:
        """Return the totals without these hours; offsets stay."""
        gone = set(hours)
        return self.model_copy(update={"hours": {h: b for h, b in self.hours.items() if h not in gone}})

    def covered(self, partition: int) -> Ranges:
        """Return the landed offsets of a partition; empty for an unknown partition."""
        chain = self.chains.get(partition)
        return chain.covered if chain else Ranges()

    def findings(self) -> list[str]:
        """List every gap and every fault of the ledger, in a stable order."""
        gaps = [
            f"{self.topic}[{partition}]: offsets {first}-{last} are missing from the ledger"
            for partition, chain in sorted(self.chains.items())
            for first, last in chain.gaps()
        ]
        faults = {fault for _, hour in sorted(self.hours.items()) for fault in hour.faults}
        return gaps + sorted(faults)

    def _fault(self, chains: Mapping[int, Chain], entry: LedgerEntry) -> str | None:
        where = f"{entry.topic}[{entry.partition}]"
        if entry.topic != self.topic:
            return f"{where}: epoch {entry.epoch} is of another topic; this stream reads {self.topic}"
        chain = chains.get(entry.partition)
        overlap = chain.covered.overlap(entry.first_offset, entry.last_offset) if chain else None
        if overlap is None:
            return None
        return (
            f"{where}: offsets {overlap[0]}-{overlap[1]} landed twice, again by epoch {entry.epoch} "
            f"(job {entry.job_id}, checkpoint {entry.checkpoint}); "
            "the job was started without its last checkpoint"
        )


def _extended(chain: Chain | None, emitted: Hour, entry: LedgerEntry) -> Chain:
    covered = chain.covered if chain else Ranges()
    newest = max(chain.emitted, emitted) if chain else emitted
    return Chain(covered=covered.add(entry.first_offset, entry.last_offset), emitted=newest)


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
        faults=_with_fault(totals.faults, fault),
    )


def _with_fault(faults: tuple[str, ...], fault: str | None) -> tuple[str, ...]:
    if fault is None or fault in faults or len(faults) == _FAULTS_MAX:
        return faults
    return (*faults, fault)
