"""Compare what objects hold with the cells of their ledger entries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields

from flink_jobs.audit.entries import Entry, Sums
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.audit.objects.tally import ObjectTally, Part
from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import TopicPartition, partition_name

_OFFSETS_SHOWN = 10

Slot = tuple[Hour, Kind, str]
"""Hour, kind and epoch: one object."""


@dataclass(frozen=True, slots=True)
class BookedCells:
    """The sums that the ledger books for each object, by partition."""

    slots: Mapping[Slot, Mapping[TopicPartition, Sums]]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> BookedCells:
        """Group the cells of entries by object; an epoch may have several entries for one partition."""
        slots: dict[Slot, dict[TopicPartition, Sums]] = defaultdict(dict)
        for entry in entries:
            for hour, kind, sums in entry.cells:
                cells = slots[hour, kind, entry.epoch]
                before = cells.get(entry.partition)
                cells[entry.partition] = before.plus(sums) if before else sums
        return cls(dict(slots))

    def compare(self, tally: ObjectTally) -> Iterator[Finding]:
        """Compare an object that was read to its end with its cells; an unpromised object has none."""
        cells = self.slots.get((tally.key.hour, tally.key.kind, tally.key.epoch))
        if cells is None or not tally.whole:
            return
        for partition in sorted(cells.keys() | tally.parts.keys()):
            yield from _compare(tally.key.key, partition, cells.get(partition), tally.parts.get(partition))


def reason_findings(
    entries: Iterable[Entry], tallies: Mapping[Slot, Mapping[TopicPartition, Part]]
) -> Iterator[Finding]:
    """Compare the reasons of rejected records, by epoch and partition, where all their objects were read."""
    booked: dict[tuple[str, TopicPartition], Counter[str]] = defaultdict(Counter)
    slots: dict[tuple[str, TopicPartition], set[Slot]] = defaultdict(set)
    for entry in entries:
        at = (entry.epoch, entry.partition)
        booked[at].update(dict(entry.reasons))
        slots[at].update((hour, kind, entry.epoch) for hour, kind, _ in entry.cells if kind is Kind.REJECTED)
    for at, counts in booked.items():
        if slots[at] <= tallies.keys():
            yield from _compare_reasons(at, counts, slots[at], tallies)


def _compare_reasons(
    at: tuple[str, TopicPartition],
    booked: Counter[str],
    slots: AbstractSet[Slot],
    tallies: Mapping[Slot, Mapping[TopicPartition, Part]],
) -> Iterator[Finding]:
    epoch, partition = at
    read: Counter[str] = Counter()
    for slot in slots:
        if part := tallies[slot].get(partition):
            read.update(part.reasons)
    if read != booked:
        yield Finding(
            Code.REASONS_DIFFER,
            partition_name(partition),
            f"epoch {epoch}: the ledger counts {_counts(booked)}, the rejected lines {_counts(read)}",
        )


def _compare(key: str, partition: TopicPartition, booked: Sums | None, part: Part | None) -> Iterator[Finding]:
    if booked is None or part is None:
        lines, records = part.sums.records if part else 0, booked.records if booked else 0
        what = f"{partition_name(partition)}: records: the ledger says {records}, the object holds {lines}"
        yield Finding(Code.CELL_DIFFERS, key, what)
        return
    differences = [
        f"{name}: the ledger says {getattr(booked, name)}, the object holds {getattr(part.sums, name)}"
        for name in (field.name for field in fields(Sums))
        if getattr(booked, name) != getattr(part.sums, name)
    ]
    if differences:
        yield Finding(Code.CELL_DIFFERS, key, f"{partition_name(partition)}: {'; '.join(differences)}")
    if part.doubled:
        offsets = ", ".join(map(str, part.doubled[:_OFFSETS_SHOWN]))
        hidden = len(part.doubled[_OFFSETS_SHOWN:])
        more = f" and {hidden} more" if hidden else ""
        yield Finding(Code.DOUBLED, partition_name(partition), f"offsets {offsets}{more} lie more than once in {key}")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items())) or "none"
