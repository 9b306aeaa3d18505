"""The chain of a partition: each entry begins where the one before ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flink_jobs.audit.entries import Entry, Place, place_name
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ranges import Ranges

Chains = Mapping[Place, Sequence[Entry]]
"""The entries of each partition in the order of their offsets."""


def chains_of(entries: Iterable[Entry]) -> Chains:
    """Sort entries into chains."""
    chains: dict[Place, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.place].append(entry)
    return {
        place: sorted(chain, key=lambda entry: (entry.first, entry.last)) for place, chain in sorted(chains.items())
    }


def chain_findings(chains: Chains) -> Iterator[Finding]:
    """Find every gap and every overlap of every partition."""
    for place, chain in chains.items():
        yield from _walk(place, chain)


def covered(chain: Iterable[Entry]) -> Ranges:
    """Name the offsets that the entries of one partition cover, holes included."""
    ranges = Ranges()
    for entry in chain:
        ranges = ranges.add(entry.first, entry.last)
    return ranges


def _walk(place: Place, chain: Sequence[Entry]) -> Iterator[Finding]:
    furthest = chain[0]
    for entry in chain[1:]:
        if entry.first > furthest.last + 1:
            yield Finding(
                Code.GAP,
                place_name(place),
                f"offsets {furthest.last + 1}-{entry.first - 1} are in no entry, "
                f"between {furthest.writer} and {entry.writer}",
            )
        elif entry.first <= furthest.last:
            last = min(entry.last, furthest.last)
            yield Finding(
                Code.OVERLAP,
                place_name(place),
                f"offsets {entry.first}-{last} are booked twice, by {furthest.writer} and by {entry.writer}",
            )
        if entry.last > furthest.last:
            furthest = entry
