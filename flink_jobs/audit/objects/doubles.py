"""Find offsets that lie in two objects, by comparing runs of offsets."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flink_jobs.audit.chain import ChainId
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ledger import partition_name
from flink_jobs.contracts.ranges import Ranges


@dataclass(frozen=True, slots=True)
class Held:
    """The offsets of one partition in one object, as flat pairs of first and last, in rising order."""

    key: str
    spans: array[int]


def double_findings(held: Mapping[ChainId, Sequence[Held]]) -> Iterator[Finding]:
    """Find the offsets of each partition that more than one object holds."""
    for chain, objects in sorted(held.items()):
        for one, other, shared in _shared(objects):
            yield Finding(
                Code.DOUBLED, partition_name(chain.at), f"offsets {shared} lie in {one.key} and in {other.key}"
            )


def offsets_held(objects: Iterable[Held]) -> Ranges:
    """Return the offsets that any of the objects holds."""
    pairs = sorted((spans[at], spans[at + 1]) for spans in (item.spans for item in objects) for at in _pairs(spans))
    joined: list[tuple[int, int]] = []
    for first, last in pairs:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return Ranges(tuple(joined))


def _shared(objects: Sequence[Held]) -> Iterator[tuple[Held, Held, Ranges]]:
    """Compare each object with those before it that reach beyond its first offset."""
    reaching: list[Held] = []
    for item in sorted(objects, key=lambda item: (item.spans[0], item.key)):
        reaching = [other for other in reaching if other.spans[-1] >= item.spans[0]]
        for other in reaching:
            if shared := _intersection(other.spans, item.spans):
                yield other, item, shared
        reaching.append(item)


def _intersection(one: array[int], other: array[int]) -> Ranges:
    found: list[tuple[int, int]] = []
    left = right = 0
    while left < len(one) and right < len(other):
        first, last = max(one[left], other[right]), min(one[left + 1], other[right + 1])
        if first <= last:
            found.append((first, last))
        if one[left + 1] < other[right + 1]:
            left += 2
        else:
            right += 2
    return Ranges(tuple(found))


def _pairs(spans: array[int]) -> range:
    return range(0, len(spans), 2)
