"""The chain of a partition: each entry begins where the one before ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flink_jobs.audit.entries import Entry
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.contracts.ranges import Ranges

Chains = Mapping[TopicPartition, Sequence[Entry]]
"""The entries of each partition in the order of their offsets."""


def chains_of(entries: Iterable[Entry]) -> Chains:
    """Group entries by partition, in the order of their offsets."""
    chains: dict[TopicPartition, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.partition].append(entry)
    return {
        partition: sorted(chain, key=lambda entry: (entry.first, entry.last))
        for partition, chain in sorted(chains.items())
    }


def chain_findings(chains: Chains) -> Iterator[Finding]:
    """Find every gap and every overlap of every partition."""
    for partition, chain in chains.items():
        yield from _walk(partition, chain)


def covered(chain: Iterable[Entry]) -> Ranges:
    """Return the offsets that the entries of one partition cover, holes included."""
    ranges = Ranges()
    for entry in chain:
        ranges = ranges.add(entry.first, entry.last)
    return ranges


def _walk(partition: TopicPartition, chain: Sequence[Entry]) -> Iterator[Finding]:
    furthest = chain[0]
    for entry in chain[1:]:
        if entry.first > furthest.last + 1:
            yield Finding(
                Code.GAP,
                partition_name(partition),
                f"offsets {furthest.last + 1}-{entry.first - 1} are in no entry, "
                f"between {furthest.writer} and {entry.writer}",
            )
        elif entry.first <= furthest.last:
            last = min(entry.last, furthest.last)
            yield Finding(
                Code.OVERLAP,
                partition_name(partition),
                f"offsets {entry.first}-{last} are booked twice, by {furthest.writer} and by {entry.writer}",
            )
        if entry.last > furthest.last:
            furthest = entry
