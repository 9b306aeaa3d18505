"""Edges between the nodes of one relation: who reads a source reads the model that writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph, cycle_in
from orchestration.metapipeline.relations import RelationName

_WRITTEN = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})


def join_shared_relations(graph: PlatformGraph) -> PlatformGraph:
    """Add an edge from a model, seed or snapshot to each source of the same relation, in whatever project it is.

    A model that reads its own relation as a source, directly or not, would close a cycle: the edge is left out, and a
    gap names both. A graph that has the edges already is returned as it is.
    """
    edges = set(graph.edges)
    wanted = sorted(edge for edge in _shared(graph.nodes) if edge not in edges)
    if not wanted:
        return graph
    added, left_out = (wanted, []) if not cycle_in([*graph.edges, *wanted]) else _without_cycles(graph, wanted)
    gaps = {*graph.gaps, *(_gap(*edge) for edge in left_out)}
    return PlatformGraph(graph.nodes, tuple(sorted(edges.union(added))), tuple(sorted(gaps)))


def _shared(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    written: defaultdict[RelationName, list[str]] = defaultdict(list)
    sources: list[tuple[RelationName, str]] = []
    for node in nodes:
        if node.relation is None:
            continue
        if node.kind in _WRITTEN:
            written[node.relation].append(node.id)
        elif node.kind is NodeKind.SOURCE:
            sources.append((node.relation, node.id))
    for relation, source in sources:
        yield from ((writer, source) for writer in written.get(relation, ()))


def _without_cycles(
    graph: PlatformGraph, wanted: Iterable[tuple[str, str]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Divide the edges into those that can be added one after the other, and those that would close a cycle then."""
    readers = {node: [*found] for node, found in graph.readers.items()}
    added: list[tuple[str, str]] = []
    left_out: list[tuple[str, str]] = []
    for writer, source in wanted:
        if writer in _reached(source, readers):
            left_out.append((writer, source))
        else:
            added.append((writer, source))
            readers.setdefault(writer, []).append(source)
    return added, left_out


def _reached(start: str, readers: Mapping[str, Iterable[str]]) -> set[str]:
    found, stack = {start}, [start]
    while stack:
        for reader in readers.get(stack.pop(), ()):
            if reader not in found:
                found.add(reader)
                stack.append(reader)
    return found


def _gap(writer: str, source: str) -> Gap:
    reason = (
        f"{source} is the relation that {writer} writes, and {writer} reads it: read the model with ref() instead, or "
        "with `this`"
    )
    return Gap(GapKind.CYCLE, source, writer, reason)
