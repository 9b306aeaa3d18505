"""The ledger, added up: which offsets of each partition are landed, and what each hour was promised.

A book holds no single entry, so it stays small however long the stream runs: consecutive offsets and epochs are one
range. Folding the same entries in any order gives the same book, but for the words of a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges, RangesText
from orchestration.landing.ledger.epochs import Epochs, HourLabel, HourPath

_FAULTS_MAX = 5
"""Faults that an hour keeps in words; one is enough to stop it."""


class Chain(BaseModel):
    """The landed offsets of one partition, and the emission hour of the newest entry."""

    model_config = ConfigDict(frozen=True)

    covered: RangesText
    emitted: HourPath

    @property
    def position(self) -> int:
        """The offset after the first unbroken stretch: what a consumer would call its position."""
        return self.covered.spans[0][1] + 1

    def gaps(self) -> list[tuple[int, int]]:
        """List the stretches of offsets between the first and the last landed one that no entry covers.

        A gap may be a moment's view (a listing is no snapshot); one that stays is a loss.
        """
        return self.covered.gaps()


class HourBook(BaseModel):
    """What the ledger says of one hour.

    `since` and `until` are the emission hours of the first and the last entry that touched it.
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
        """Name the epochs that must have an object of this kind under the hour."""
        return self.landing_epochs if kind is Kind.LANDING else self.rejected_epochs


class LedgerBook(BaseModel):
    """The ledger of one topic, folded."""

    model_config = ConfigDict(frozen=True)

    topic: str
    chains: dict[int, Chain] = {}
    hours: dict[HourLabel, HourBook] = {}

    def fold(self, entries: Iterable[tuple[Hour, LedgerEntry]]) -> LedgerBook:
        """Add entries, each with its emission hour, to a new book."""
        chains, hours = dict(self.chains), dict(self.hours)
        for emitted, entry in entries:
            fault = self._fault(chains, entry)
            if entry.topic == self.topic:
                chains[entry.partition] = _extended(chains.get(entry.partition), emitted, entry)
            for label in entry.hours:
                hour = Hour.from_label(label)
                hours[hour] = _touched(hours.get(hour), emitted, entry, label, fault)
        return LedgerBook(topic=self.topic, chains=chains, hours=hours)

    def without_hours(self, hours: Iterable[Hour]) -> LedgerBook:
        """Forget hours; offsets stay."""
        gone = set(hours)
        return self.model_copy(update={"hours": {h: b for h, b in self.hours.items() if h not in gone}})

    def covered(self, partition: int) -> Ranges:
        """Name the landed offsets of a partition, none when the ledger does not know it."""
        chain = self.chains.get(partition)
        return chain.covered if chain else Ranges()

    def findings(self) -> list[str]:
        """Say everything that is wrong with the ledger itself, in an order that does not change."""
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


def _touched(book: HourBook | None, emitted: Hour, entry: LedgerEntry, label: str, fault: str | None) -> HourBook:
    book = book or HourBook(since=emitted, until=emitted)
    cells = entry.hours[label]
    accepted, rejected = cells.accepted, cells.rejected
    return HourBook(
        since=min(book.since, emitted),
        until=max(book.until, emitted),
        accepted=book.accepted + (accepted.records if accepted else 0),
        rejected=book.rejected + (rejected.records if rejected else 0),
        landing_epochs=book.landing_epochs.add(entry.epoch) if accepted else book.landing_epochs,
        rejected_epochs=book.rejected_epochs.add(entry.epoch) if rejected else book.rejected_epochs,
        faults=_with_fault(book.faults, fault),
    )


def _with_fault(faults: tuple[str, ...], fault: str | None) -> tuple[str, ...]:
    if fault is None or fault in faults or len(faults) == _FAULTS_MAX:
        return faults
    return (*faults, fault)
