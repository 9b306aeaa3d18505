"""A graph as lists of positions in a topological order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from orchestration.metapipeline.graph.nodes import PlatformGraph

_STARTS_AT_ONCE = 8_192
"""Bits of one set; 50,000 nodes need 50 MB for it."""


@dataclass(frozen=True, slots=True)
class OrderedGraph:
    """The nodes in an order in which each comes after everything that it reads.

    Args:
        ids: by position.
        reads: by position, the positions that it reads; all are lower.
        readers: by position, the positions that read it; all are higher.
    """

    ids: Sequence[str]
    reads: Sequence[Sequence[int]]
    readers: Sequence[Sequence[int]]

    @classmethod
    def of(cls, graph: PlatformGraph) -> Self:
        """Order the nodes of a graph."""
        waiting = {node.id: len(graph.reads.get(node.id, ())) for node in graph.nodes}
        ids = [name for name, count in waiting.items() if not count]
        for name in ids:  # grows while it is walked
            for reader in graph.readers.get(name, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    ids.append(reader)
        position = {name: number for number, name in enumerate(ids)}
        reads = [[position[read] for read in graph.reads.get(name, ())] for name in ids]
        readers = [[position[reader] for reader in graph.readers.get(name, ())] for name in ids]
        return cls(ids, reads, readers)

    def upstream_counts(self) -> list[int]:
        """Count what each node reads, directly or not."""
        counts = [-1] * len(self.ids)
        for first in range(0, len(self.ids), _STARTS_AT_ONCE):
            reached = [0] * len(self.ids)
            for node in range(first, len(self.ids)):
                found = 1 << (node - first) if node - first < _STARTS_AT_ONCE else 0
                for read in self.reads[node]:
                    found |= reached[read]
                reached[node] = found
                counts[node] += found.bit_count()
        return counts
