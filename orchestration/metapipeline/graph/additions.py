"""Edges that are added to a graph, unless they close a cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from orchestration.metapipeline.graph.nodes import Gap, PlatformGraph, cycle_in


def add_edges(
    graph: PlatformGraph, edges: Iterable[tuple[str, str]], gap_of: Callable[[str, str], Gap]
) -> PlatformGraph:
    """Return the graph with more edges between its nodes.

    They are added in the order of their ids. One that would close a cycle with those before it is left out, and its gap
    is added instead. Without a new edge the graph is returned as it is.
    """
    known = set(graph.edges)
    wanted = sorted({edge for edge in edges if edge not in known})
    if not wanted:
        return graph
    added, left_out = (wanted, []) if not cycle_in([*graph.edges, *wanted]) else _without_cycles(graph, wanted)
    gaps = {*graph.gaps, *(gap_of(*edge) for edge in left_out)}
    return PlatformGraph(graph.nodes, tuple(sorted(known.union(added))), tuple(sorted(gaps)))


def _without_cycles(
    graph: PlatformGraph, wanted: Iterable[tuple[str, str]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    readers = {node: [*found] for node, found in graph.readers.items()}
    added: list[tuple[str, str]] = []
    left_out: list[tuple[str, str]] = []
    for upstream, downstream in wanted:
        if upstream in _reached(downstream, readers):
            left_out.append((upstream, downstream))
        else:
            added.append((upstream, downstream))
            readers.setdefault(upstream, []).append(downstream)
    return added, left_out


def _reached(start: str, readers: Mapping[str, Iterable[str]]) -> set[str]:
    found, stack = {start}, [start]
    while stack:
        for reader in readers.get(stack.pop(), ()):
            if reader not in found:
                found.add(reader)
                stack.append(reader)
    return found
