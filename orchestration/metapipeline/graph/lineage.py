"""From topic to report through one node: find it by any of its names, and list what it rests on and who reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import TopologicalSorter
from typing import Any

from orchestration.metapipeline.errors import GraphError, RelationNameError
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName

_NEAR_MAX = 5
"""Names that an error lists."""
_OF_BI = (NodeKind.QUERY, NodeKind.REPORT)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything before and behind one node.

    Args:
        node: that was asked for.
        nodes: it, what it reads and what reads it, directly or not; each behind all that it reads.
        reads: id of a node -> ids of what it reads directly, only of these nodes.
        upstream: ids of what the node rests on, in order.
        downstream: ids of what rests on the node, in order.
    """

    node: Node
    nodes: tuple[Node, ...]
    reads: dict[str, tuple[str, ...]]
    upstream: tuple[str, ...]
    downstream: tuple[str, ...]


def lineage_of(graph: PlatformGraph, name: str) -> Lineage:
    """Return the lineage of the node that a name means; see `named`.

    Raises:
        GraphError: no node has the name, or several have it.
    """
    node = named(graph, name)
    before, behind = graph.upstream_of([node.id]) - {node.id}, graph.downstream_of([node.id]) - {node.id}
    ids = {node.id, *before, *behind}
    reads = {one: tuple(read for read in graph.reads.get(one, ()) if read in ids) for one in sorted(ids)}
    ordered = tuple(TopologicalSorter(reads).static_order())
    return Lineage(
        node,
        tuple(graph.by_id[one] for one in ordered),
        reads,
        upstream=tuple(one for one in ordered if one in before),
        downstream=tuple(one for one in ordered if one in behind),
    )


def named(graph: PlatformGraph, name: str) -> Node:
    """Find a node by its id, the key of its asset, its relation, or its name, in this order.

    A relation may lack its database, or its schema as well. An asset and a dbt node of one table are one table: the
    asset key finds the asset, the relation finds the node of dbt.

    Raises:
        GraphError: no node has the name, with the nearest names; or several have it, with their ids.
    """
    relation = _relation(name)
    ways: tuple[Callable[[Node], bool], ...] = (
        lambda node: node.id == name,
        lambda node: name in {node.facts.get("key"), node.facts.get("asset_key")},
        lambda node: relation is not None and _ends_with(node.relation, relation),
        lambda node: node.name == name,
        lambda node: node.name.lower() == name.lower(),
    )
    for is_meant in ways:
        found = [node for node in graph.nodes if is_meant(node)]
        if len(found) == 1:
            return found[0]
        if found:
            raise GraphError(
                f"{name} is the name of several: {', '.join(node.id for node in found)}; give one of these"
            )
    near = get_close_matches(name, sorted(set(_names(graph.nodes))), n=_NEAR_MAX, cutoff=0.5)
    said = f"near ones: {', '.join(near)}" if near else "`hourglass meta graph` shows every node"
    raise GraphError(f"nothing has the name {name}; {said}")


def bi_part(graph: PlatformGraph) -> bytes:
    """Return queries and reports of a graph, and what they read, as JSON: what `with_bi_part` adds to a graph."""
    nodes = [node for node in graph.nodes if node.kind in _OF_BI]
    ids = {node.id for node in nodes}
    return json.dumps(
        {
            "nodes": [{"id": one.id, "kind": one.kind, "name": one.name, "project": one.project} for one in nodes],
            "edges": [edge for edge in graph.edges if edge[1] in ids],
        }
    ).encode()


def with_bi_part(graph: PlatformGraph, stored: bytes) -> PlatformGraph:
    """Add stored queries and reports to a graph; an edge from a node that is gone is left out.

    Raises:
        GraphError: it is not what `bi_part` returns.
    """
    try:
        part: dict[str, Any] = json.loads(stored)
        added = [Node(one["id"], NodeKind(one["kind"]), one["name"], one["project"]) for one in part["nodes"]]
        edges = [(str(upstream), str(downstream)) for upstream, downstream in part["edges"]]
    except (ValueError, TypeError, KeyError) as exc:
        raise GraphError(f"the stored reports cannot be read ({exc!r}): run the metapipeline again") from exc
    nodes = {node.id: node for node in (*graph.nodes, *added)}
    kept = {edge for edge in edges if edge[0] in nodes}
    return PlatformGraph(tuple(sorted(nodes.values())), tuple(sorted({*graph.edges, *kept})), graph.gaps)


def _relation(name: str) -> tuple[str, ...] | None:
    try:
        return RelationName.parse(name).parts
    except RelationNameError:
        return None


def _ends_with(relation: RelationName | None, parts: tuple[str, ...]) -> bool:
    return relation is not None and relation.parts[-len(parts) :] == parts


def _names(nodes: Iterable[Node]) -> Iterable[str]:
    for node in nodes:
        yield node.name
        yield node.id
        if node.relation is not None:
            yield str(node.relation)
        if key := node.facts.get("asset_key") or node.facts.get("key"):
            yield str(key)
