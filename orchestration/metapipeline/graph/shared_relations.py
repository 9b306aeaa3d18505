"""Edges between the nodes of one relation: who reads a source reads the model that writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from orchestration.metapipeline.graph.additions import add_edges
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName

_WRITTEN = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})


def join_shared_relations(graph: PlatformGraph) -> PlatformGraph:
    """Add an edge from a model, seed or snapshot to each source of the same relation, in whatever project it is.

    A model that reads its own relation as a source, directly or not, would close a cycle: the edge is left out, and a
    gap names both. A graph that has the edges already is returned as it is.
    """
    return add_edges(graph, _shared(graph.nodes), _gap)


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


def _gap(writer: str, source: str) -> Gap:
    reason = (
        f"{source} is the relation that {writer} writes, and {writer} reads it: read the model with ref() instead, or "
        "with `this`"
    )
    return Gap(GapKind.CYCLE, source, writer, reason)
