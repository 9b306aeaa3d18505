"""Compare the ledger with the broker: lag, and whether the offsets that it calls holes can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flink_jobs.audit.broker import BrokerReader
from flink_jobs.audit.chain import ChainId, Chains, covered
from flink_jobs.audit.entries import Entry
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.audit.objects.doubles import Held, offsets_held
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.contracts.ranges import Ranges
from producers.kafka import OffsetRange

_RANGES_SHOWN = 10
"""Ranges that one finding prints; further offsets are counted."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One partition: the offsets that the broker has, and those that the ledger covers."""

    on_broker: OffsetRange
    covered: Ranges

    @property
    def lag(self) -> int:
        """Count the offsets behind the last covered one; transaction markers count, too."""
        last = self.covered.last
        return self.on_broker.end - max(self.on_broker.low, -1 if last is None else last + 1)


def coverage_of(chains: Chains, on_broker: Mapping[ChainId, OffsetRange]) -> dict[ChainId, Coverage]:
    """Pair each partition's offsets with its entries; `on_broker` must have been read after the ledger."""
    return {chain: Coverage(on_broker[chain], covered(chains.get(chain, ()))) for chain in sorted(on_broker)}


def coverage_findings(coverage: Mapping[ChainId, Coverage], reader: BrokerReader) -> Iterator[Finding]:
    """Find covered offsets beyond the broker's end, and readable offsets before the first entry."""
    for chain, its in coverage.items():
        partition = chain.at
        if not its.covered.spans:
            continue
        first, last = its.covered.spans[0][0], its.covered.spans[-1][1]
        if last >= its.on_broker.end:
            what = f"offsets {max(its.on_broker.end, first)}-{last} are booked, the broker ends at {its.on_broker.end}"
            yield Finding(Code.BEYOND_BROKER, partition_name(partition), what)
        if its.on_broker.low < first:
            missed = _readable(reader, partition, Ranges(((its.on_broker.low, min(first, its.on_broker.end) - 1),)))
            if missed.spans:
                what = f"offsets {_shown(missed)} can be read, the first entry begins at {first}"
                yield Finding(Code.NEVER_LANDED, partition_name(partition), what)


def hole_findings(chain: Sequence[Entry], on_broker: OffsetRange, reader: BrokerReader) -> Iterator[Finding]:
    """Ask the broker about the holes of one partition's entries.

    For an entry that lists its holes these offsets are read; for one that only counts them its whole range is, and as
    many records must be readable as it counts. Offsets below the low watermark are skipped.
    """
    doubtful = Ranges()
    for entry in chain:
        for first, last in _doubtful(entry, on_broker):
            doubtful = doubtful.add(first, last)
    partition = chain[0].partition
    readable = _readable(reader, partition, doubtful.within(on_broker.low, on_broker.end - 1))
    for entry in chain:
        if _lists_its_holes(entry):
            found = [span for first, last in entry.hole_ranges for span in readable.within(first, last).spans]
            if found:
                yield _hole(entry, f"offsets {_shown(Ranges(tuple(found)))} can be read")
        elif entry.holes and entry.first >= on_broker.low:
            count = len(readable.within(entry.first, entry.last))
            if count != entry.records:
                what = f"of offsets {entry.first}-{entry.last} {count} can be read, {entry.records} are booked"
                yield _hole(entry, what)


def landed_findings(
    chains: Chains,
    held: Mapping[ChainId, Sequence[Held]],
    on_broker: Mapping[ChainId, OffsetRange],
    reader: BrokerReader,
) -> Iterator[Finding]:
    """Ask the broker about every covered offset that no object holds, whether or not an entry calls it a hole."""
    for chain in sorted(chains.keys() & on_broker.keys()):
        present = offsets_held(held.get(chain, ()))
        absent = Ranges(tuple(_without(covered(chains[chain]), present))).within(
            on_broker[chain].low, on_broker[chain].end - 1
        )
        found = _readable(reader, chain.at, absent)
        if found.spans:
            what = f"offsets {_shown(found)} can be read, and lie in no object"
            yield Finding(Code.HOLE_READABLE, partition_name(chain.at), what)


def _without(numbers: Ranges, present: Ranges) -> Iterator[tuple[int, int]]:
    for first, last in numbers.spans:
        begin = first
        while (missing := present.missing(begin, last)) is not None:
            yield missing
            begin = missing[1] + 1


def _doubtful(entry: Entry, on_broker: OffsetRange) -> Sequence[tuple[int, int]]:
    if _lists_its_holes(entry):
        return entry.hole_ranges
    return [(entry.first, entry.last)] if entry.holes and entry.first >= on_broker.low else []


def _lists_its_holes(entry: Entry) -> bool:
    return 0 < entry.holes == sum(last - first + 1 for first, last in entry.hole_ranges)


def _readable(reader: BrokerReader, partition: TopicPartition, wanted: Ranges) -> Ranges:
    return _ranges(reader.readable(partition, wanted)) if wanted.spans else Ranges()


def _hole(entry: Entry, what: str) -> Finding:
    return Finding(
        Code.HOLE_READABLE, partition_name(entry.partition), f"{what}; {entry.writer} counts {entry.holes} holes"
    )


def _ranges(offsets: Iterator[int]) -> Ranges:
    spans: list[tuple[int, int]] = []
    for offset in offsets:
        if spans and offset == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], offset)
        else:
            spans.append((offset, offset))
    return Ranges(tuple(spans))


def _shown(ranges: Ranges) -> str:
    shown = str(Ranges(ranges.spans[:_RANGES_SHOWN]))
    hidden = len(Ranges(ranges.spans[_RANGES_SHOWN:]))
    return f"{shown} and {hidden} more" if hidden else shown
