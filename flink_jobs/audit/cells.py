"""What objects hold beside what the ledger says of them: cell by cell, number by number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields

from flink_jobs.audit.entries import Entry, Place, Sums, place_name
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.audit.tally import ObjectTally, Part
from flink_jobs.contracts.layout import Hour, Kind

Slot = tuple[Hour, Kind, str]
"""Hour, kind and epoch: one object."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger says that each object holds, by partition."""

    slots: Mapping[Slot, Mapping[Place, Sums]]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Booked:
        """Sort the cells of entries by object; an epoch may have several entries for one partition."""
        slots: dict[Slot, dict[Place, Sums]] = defaultdict(dict)
        for entry in entries:
            for hour, kind, sums in entry.cells:
                cells = slots[hour, kind, entry.epoch]
                before = cells.get(entry.place)
                cells[entry.place] = before.plus(sums) if before else sums
        return cls(dict(slots))

    def compare(self, tally: ObjectTally) -> Iterator[Finding]:
        """Compare an object that was read to its end with its cells; one that nobody promised has none."""
        cells = self.slots.get((tally.key.hour, tally.key.kind, tally.key.epoch))
        if cells is None or not tally.whole:
            return
        for place in sorted(cells.keys() | tally.parts.keys()):
            yield from _compare(tally.key.key, place, cells.get(place), tally.parts.get(place))


def reason_findings(entries: Iterable[Entry], tallies: Mapping[Slot, Mapping[Place, Part]]) -> Iterator[Finding]:
    """Compare the reasons of rejected records, by epoch and partition, where all their objects were read."""
    booked: dict[tuple[str, Place], Counter[str]] = defaultdict(Counter)
    slots: dict[tuple[str, Place], set[Slot]] = defaultdict(set)
    for entry in entries:
        at = (entry.epoch, entry.place)
        booked[at].update(dict(entry.reasons))
        slots[at].update((hour, kind, entry.epoch) for hour, kind, _ in entry.cells if kind is Kind.REJECTED)
    for at, counts in booked.items():
        if slots[at] <= tallies.keys():
            yield from _compare_reasons(at, counts, slots[at], tallies)


def _compare_reasons(
    at: tuple[str, Place], booked: Counter[str], slots: AbstractSet[Slot], tallies: Mapping[Slot, Mapping[Place, Part]]
) -> Iterator[Finding]:
    epoch, place = at
    read: Counter[str] = Counter()
    for slot in slots:
        if part := tallies[slot].get(place):
            read.update(part.reasons)
    if read != booked:
        yield Finding(
            Code.REASONS_DIFFER,
            place_name(place),
            f"epoch {epoch}: the ledger counts {_counts(booked)}, the rejected lines {_counts(read)}",
        )


def _compare(key: str, place: Place, booked: Sums | None, part: Part | None) -> Iterator[Finding]:
    if booked is None or part is None:
        lines, records = part.sums.records if part else 0, booked.records if booked else 0
        what = f"{place_name(place)}: records: the ledger says {records}, the object holds {lines}"
        yield Finding(Code.CELL_DIFFERS, key, what)
        return
    differences = [
        f"{name}: the ledger says {getattr(booked, name)}, the object holds {getattr(part.sums, name)}"
        for name in (field.name for field in fields(Sums))
        if getattr(booked, name) != getattr(part.sums, name)
    ]
    if differences:
        yield Finding(Code.CELL_DIFFERS, key, f"{place_name(place)}: {'; '.join(differences)}")
    if part.doubled:
        offsets = ", ".join(map(str, part.doubled[:10]))
        more = f" and {len(part.doubled) - 10} more" if len(part.doubled) > 10 else ""  # noqa: PLR2004 - as above
        yield Finding(Code.DOUBLED, place_name(place), f"offsets {offsets}{more} lie more than once in {key}")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items())) or "none"
