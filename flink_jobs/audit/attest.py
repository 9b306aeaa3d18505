"""The ledger beside the broker: how far it is, and whether its holes are holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flink_jobs.audit.broker import Marks, Witness
from flink_jobs.audit.chain import Chains, covered
from flink_jobs.audit.doubles import Held, offsets_held
from flink_jobs.audit.entries import Entry, Place, place_name
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ranges import Ranges


@dataclass(frozen=True, slots=True)
class Coverage:
    """One partition: what the broker has, and the offsets that the ledger covers."""

    marks: Marks
    covered: Ranges

    @property
    def lag(self) -> int:
        """Offsets at the end of the partition that no entry covers; markers of transactions count."""
        last = self.covered.last
        return self.marks.end - max(self.marks.low, -1 if last is None else last + 1)


def coverage_of(chains: Chains, marks: Mapping[Place, Marks]) -> dict[Place, Coverage]:
    """Put ledger and broker side by side; `marks` must have been read after the ledger."""
    return {place: Coverage(marks[place], covered(chains.get(place, ()))) for place in sorted(marks)}


def coverage_findings(coverage: Mapping[Place, Coverage], witness: Witness) -> Iterator[Finding]:
    """Find what the ledger claims beyond the broker's end, and what it left out before its first entry."""
    for place, its in coverage.items():
        if not its.covered.spans:
            continue
        first, last = its.covered.spans[0][0], its.covered.spans[-1][1]
        if last >= its.marks.end:
            what = f"offsets {max(its.marks.end, first)}-{last} are booked, the broker ends at {its.marks.end}"
            yield Finding(Code.BEYOND_BROKER, place_name(place), what)
        if its.marks.low < first:
            missed = _readable(witness, place, Ranges(((its.marks.low, min(first, its.marks.end) - 1),)))
            if missed.spans:
                what = f"offsets {_shown(missed)} can be read, the first entry begins at {first}"
                yield Finding(Code.NEVER_LANDED, place_name(place), what)


def hole_findings(chain: Sequence[Entry], marks: Marks, witness: Witness) -> Iterator[Finding]:
    """Ask the broker about the holes of one partition's entries.

    An entry that lists its holes is asked about these offsets; one that only counts them, about its whole range:
    then as many records must be readable as it counts. Offsets below the low watermark are not judged.
    """
    doubtful = Ranges()
    for entry in chain:
        for first, last in _doubtful(entry, marks):
            doubtful = doubtful.add(first, last)
    place = chain[0].place
    readable = _readable(witness, place, doubtful.within(marks.low, marks.end - 1))
    for entry in chain:
        if _lists_its_holes(entry):
            found = [span for first, last in entry.hole_ranges for span in readable.within(first, last).spans]
            if found:
                yield _hole(entry, f"offsets {_shown(Ranges(tuple(found)))} can be read")
        elif entry.holes and entry.first >= marks.low:
            count = len(readable.within(entry.first, entry.last))
            if count != entry.records:
                what = f"of offsets {entry.first}-{entry.last} {count} can be read, {entry.records} are booked"
                yield _hole(entry, what)


def landed_findings(
    chains: Chains, held: Mapping[Place, Sequence[Held]], marks: Mapping[Place, Marks], witness: Witness
) -> Iterator[Finding]:
    """Ask the broker about every booked offset that no object holds, whatever the entries say of holes."""
    for place in sorted(chains.keys() & marks.keys()):
        present = offsets_held(held.get(place, ()))
        absent = Ranges(tuple(_without(covered(chains[place]), present))).within(marks[place].low, marks[place].end - 1)
        found = _readable(witness, place, absent)
        if found.spans:
            what = f"offsets {_shown(found)} can be read, and lie in no object"
            yield Finding(Code.HOLE_READABLE, place_name(place), what)


def _without(numbers: Ranges, present: Ranges) -> Iterator[tuple[int, int]]:
    for first, last in numbers.spans:
        begin = first
        while (missing := present.missing(begin, last)) is not None:
            yield missing
            begin = missing[1] + 1


def _doubtful(entry: Entry, marks: Marks) -> Sequence[tuple[int, int]]:
    if _lists_its_holes(entry):
        return entry.hole_ranges
    return [(entry.first, entry.last)] if entry.holes and entry.first >= marks.low else []


def _lists_its_holes(entry: Entry) -> bool:
    return 0 < entry.holes == sum(last - first + 1 for first, last in entry.hole_ranges)


def _readable(witness: Witness, place: Place, wanted: Ranges) -> Ranges:
    return _ranges(witness.readable(place, wanted)) if wanted.spans else Ranges()


def _hole(entry: Entry, what: str) -> Finding:
    return Finding(Code.HOLE_READABLE, place_name(entry.place), f"{what}; {entry.writer} counts {entry.holes} holes")


def _ranges(offsets: Iterator[int]) -> Ranges:
    spans: list[tuple[int, int]] = []
    for offset in offsets:
        if spans and offset == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], offset)
        else:
            spans.append((offset, offset))
    return Ranges(tuple(spans))


def _shown(ranges: Ranges) -> str:
    shown = str(Ranges(ranges.spans[:10]))
    return shown if len(ranges.spans) <= 10 else f"{shown} and {len(Ranges(ranges.spans[10:]))} more"  # noqa: PLR2004 - as above
