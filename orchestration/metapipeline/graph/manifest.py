"""The dependency graph of the dbt project, read from `manifest.json`."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from orchestration.metapipeline.errors import GraphError

if TYPE_CHECKING:
    from networkx import DiGraph


class NodeKind(StrEnum):
    """The kinds of nodes. Tests and analyses are not nodes: nothing depends on them."""

    MODEL = "model"
    SOURCE = "source"
    SEED = "seed"
    SNAPSHOT = "snapshot"
    EXPOSURE = "exposure"
    METRIC = "metric"
    SEMANTIC_MODEL = "semantic_model"
    SAVED_QUERY = "saved_query"


@dataclass(frozen=True, slots=True, order=True)
class GraphNode:
    """One node: dbt's unique id and its kind."""

    unique_id: str
    kind: NodeKind


@dataclass(frozen=True, slots=True)
class DbtGraph:
    """A directed graph without cycles.

    Args:
        nodes: sorted by unique id, each once.
        edges: (upstream, downstream), sorted, each once; both ends are nodes.

    Raises:
        GraphError: an edge to a missing node, or a cycle; the message names its nodes in order.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        known = {node.unique_id for node in self.nodes}
        for upstream, downstream in self.edges:
            if not {upstream, downstream} <= known:
                lost = upstream if upstream not in known else downstream
                raise GraphError(f"{downstream} depends on {upstream}, but {lost} is missing: run `make setup`")
        _require_no_cycle(self.edges)

    def of_kind(self, kind: NodeKind) -> tuple[str, ...]:
        """List the unique ids of a kind, sorted."""
        return tuple(node.unique_id for node in self.nodes if node.kind is kind)

    def upstream_of(self, starts: Iterable[str]) -> frozenset[str]:
        """Return the given nodes and everything that they depend on, directly or not."""
        parents = defaultdict(list)
        for upstream, downstream in self.edges:
            parents[downstream].append(upstream)
        found = set(starts)
        queue = deque(found)
        while queue:
            for parent in parents[queue.popleft()]:
                if parent not in found:
                    found.add(parent)
                    queue.append(parent)
        return frozenset(found)

    def digraph(self) -> DiGraph[str]:
        """Build the networkx graph; each node has the attribute `kind`."""
        import networkx as nx  # noqa: PLC0415 (a slow import, which only measures need)

        digraph: DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from((node.unique_id, {"kind": node.kind.value}) for node in self.nodes)
        digraph.add_edges_from(self.edges)
        return digraph


def graph_from_manifest(manifest: Mapping[str, Any]) -> DbtGraph:
    """Read dbt's `manifest.json` without disabled nodes, tests, analyses, macros and operations."""
    found = dict(_entries(manifest))
    edges = {
        (parent, unique_id)
        for unique_id, entry in found.items()
        for parent in (entry.get("depends_on") or {}).get("nodes", ())
    }
    nodes = (GraphNode(unique_id, NodeKind(entry["resource_type"])) for unique_id, entry in found.items())
    return DbtGraph(tuple(sorted(nodes)), tuple(sorted(edges)))


_SECTIONS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries")
_KINDS = frozenset(NodeKind)


def _entries(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for section in _SECTIONS:
        for unique_id, entry in manifest.get(section, {}).items():
            if entry["resource_type"] in _KINDS:
                yield unique_id, entry


def _require_no_cycle(edges: Iterable[tuple[str, str]]) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for upstream, downstream in edges:
        sorter.add(downstream, upstream)
    try:
        sorter.prepare()
    except CycleError as exc:
        raise GraphError(f"the graph has a cycle: {' -> '.join(exc.args[1])}") from exc
