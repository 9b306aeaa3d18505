"""Who reads models from outside of their projects, and which models count as read without a known reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.metapipeline.errors import ConsumerError
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph

_TIME_SPINE = "metricflow_time_spine"
_DECLARED = frozenset({NodeKind.METRIC, NodeKind.SEMANTIC_MODEL, NodeKind.SAVED_QUERY, NodeKind.HOOK})


@dataclass(frozen=True, slots=True)
class Consumers:
    """The nodes from which use is followed upstream.

    Args:
        known: somebody outside of the project reads what they read: exposures, active reports, uses shown by events,
            assets that are no dbt nodes, saved queries with exports, and the configured ones.
        assumed: they have no known reader, and what they read counts as read nevertheless: public models, metrics,
            semantic models and saved queries are there for readers that no manifest names; hooks and time spines are
            needed to run.
    """

    known: frozenset[str]
    assumed: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Both together."""
        return self.known | self.assumed

    def counted(self, graph: PlatformGraph) -> str:
        """Return how many there are of each kind, for people."""
        counts = Counter(_word(graph.by_id[consumer].kind) for consumer in self.all)
        return ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))


def _word(kind: NodeKind) -> str:
    return "model read elsewhere" if kind is NodeKind.MODEL else kind.value.replace("_", " ")


def consumers_of(graph: PlatformGraph, configured: Iterable[str] = (), own_groups: Iterable[str] = ()) -> Consumers:
    """Find the consumers of a graph.

    Args:
        graph: of the platform, or of one project.
        configured: ids of nodes that are read outside of everything that the graph shows.
        own_groups: groups of Dagster whose assets are no consumers, such as that of the metapipeline itself.

    Raises:
        ConsumerError: a configured consumer is not in the graph.
    """
    chosen = frozenset(configured)
    if unknown := sorted(chosen - graph.by_id.keys()):
        raise ConsumerError(f"not in the graph: {', '.join(unknown)}; correct the configured consumers")
    groups = frozenset(own_groups)
    known = {node.id for node in graph.nodes if _is_known(node, groups)}
    assumed = {node.id for node in graph.nodes if _is_assumed(node)}
    return Consumers(chosen | known, frozenset(assumed - known - chosen))


def _is_known(node: Node, own_groups: frozenset[str]) -> bool:
    if node.kind is NodeKind.ASSET:
        return node.facts.get("group") not in own_groups
    if node.kind is NodeKind.REPORT:
        return not node.facts.get("archived")
    if node.kind is NodeKind.SAVED_QUERY:
        return bool(node.facts.get("exports"))
    return node.kind in (NodeKind.EXPOSURE, NodeKind.USE)


def _is_assumed(node: Node) -> bool:
    if node.kind is not NodeKind.MODEL:
        return node.kind in _DECLARED
    return node.facts.get("access") == "public" or bool(node.facts.get("time_spine")) or node.name == _TIME_SPINE
