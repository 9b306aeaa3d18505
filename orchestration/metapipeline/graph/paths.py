"""Ways through the platform graph, for people."""

from __future__ import annotations

from graphlib import TopologicalSorter

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph

_BUILT_BY_DBT = frozenset({NodeKind.MODEL, NodeKind.SEED, NodeKind.SNAPSHOT})


def path_between(graph: PlatformGraph, start: str, end: str) -> tuple[str, ...]:
    """Return the way that data takes from one node to another, over as many stations as there are; empty without one.

    An edge from an asset to a model orders their runs, and no data takes it: dbt reads sources and models. So the way
    has as few of these as possible. Equal ways are decided by the ids of their nodes.

    Raises:
        GraphError: one of the nodes is not in the graph.
    """
    _require(graph, start, end)
    between = graph.downstream_of([start]) & graph.upstream_of([end])
    reads = {node: [read for read in graph.reads.get(node, ()) if read in between] for node in between}
    best: dict[str, tuple[int, int]] = {}
    before: dict[str, str] = {}
    for node in TopologicalSorter(reads).static_order():
        if node == start:
            best[node] = (0, 0)
            continue
        ways = [(best[read][0] - _only_orders(graph, read, node), best[read][1] + 1, read) for read in reads[node]]
        fewest, longest, before[node] = max(ways)
        best[node] = fewest, longest
    return _walked(before, start, end) if start in between else ()


def ancestors(graph: PlatformGraph, unique_id: str) -> tuple[str, ...]:
    """Return everything that a node reads, directly or not, sorted.

    Raises:
        GraphError: the node is not in the graph.
    """
    _require(graph, unique_id)
    return tuple(sorted(graph.upstream_of([unique_id]) - {unique_id}))


def _require(graph: PlatformGraph, *ids: str) -> None:
    for unique_id in ids:
        if unique_id not in graph.by_id:
            raise GraphError(f"the graph has no node {unique_id}")


def _only_orders(graph: PlatformGraph, read: str, reader: str) -> bool:
    return graph.by_id[read].kind is NodeKind.ASSET and graph.by_id[reader].kind in _BUILT_BY_DBT


def _walked(before: dict[str, str], start: str, end: str) -> tuple[str, ...]:
    way = [end]
    while way[-1] != start:
        way.append(before[way[-1]])
    return tuple(reversed(way))
