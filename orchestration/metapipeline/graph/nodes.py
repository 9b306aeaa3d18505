"""The nodes and edges of the platform graph, as values."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.relations import RelationName

if TYPE_CHECKING:
    from networkx import DiGraph


class NodeKind(StrEnum):
    """The kinds of nodes."""

    MODEL = "model"
    SOURCE = "source"
    SEED = "seed"
    SNAPSHOT = "snapshot"
    FUNCTION = "function"
    METRIC = "metric"
    SEMANTIC_MODEL = "semantic_model"
    SAVED_QUERY = "saved_query"
    EXPOSURE = "exposure"
    HOOK = "hook"
    """An on-run-start or on-run-end statement of a dbt project (an `operation` of its manifest)."""
    ASSET = "asset"
    """An asset of Dagster, external ones included."""
    REPORT = "report"
    QUERY = "query"
    USE = "use"
    """Somebody whom the landed events show to use something: an organization and a deployment."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One node.

    Args:
        id: the same in each build of the graph. dbt: its unique id. Dagster: `asset.<key joined by />`. BI:
            `report.<tool>.<workspace>.<id>`, `query.<tool>.<workspace>.<id>`. Use: `use.<organization>.<deployment>`.
        kind: of the node.
        name: as people know it; text from the world, to be escaped wherever it is shown.
        project: dbt package, BI workspace, or code location; empty when the source does not say.
        relation: in the warehouse; None for what has none, such as an ephemeral model or a report.
        owners: as the source names them, in order of precedence.
        facts: what else the source says; plain JSON values, by names that the reader of the source documents.
    """

    id: str
    kind: NodeKind
    name: str = field(default="", compare=False)
    project: str = field(default="", compare=False)
    relation: RelationName | None = field(default=None, compare=False)
    owners: tuple[str, ...] = field(default=(), compare=False)
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)


class GapKind(StrEnum):
    """Why the graph may lack an edge or a node."""

    DISABLED = "disabled"
    """A node reads one that is disabled, as partial parsing of dbt leaves it."""
    MISSING = "missing"
    """A node reads one that is nowhere in its source."""
    AMBIGUOUS = "ambiguous"
    """A name in a query fits several relations."""
    ASSUMED = "assumed"
    """A name without database or schema fits exactly one relation; the connection has no defaults."""
    UNDECLARED = "undeclared"
    """The SQL of dbt names a relation without ref or source: the manifest lacks the edge, the graph of the platform has
    it if the reader is a node."""
    DYNAMIC = "dynamic"
    """A query chooses a relation when it runs."""
    UNPARSABLE = "unparsable"
    """A query is no SQL that can be read."""
    CYCLE = "cycle"
    """An edge to a node of the same relation, or of an asset, would close a cycle and is left out."""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Something that the graph cannot show as an edge, or a manifest does not, with the reason; listed, never guessed.

    Args:
        kind: of the gap.
        reader: id of the node that reads.
        read: id or name of what it reads, or an excerpt of the text.
        reason: one sentence with the repair.
        candidates: ids of the nodes that it may mean.
    """

    kind: GapKind
    reader: str
    read: str
    reason: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlatformGraph:
    """A directed graph without cycles.

    Args:
        nodes: sorted by id, each once.
        edges: (upstream, downstream), sorted, each once; both ends are nodes.
        gaps: sorted.

    Raises:
        GraphError: two nodes with one id, an edge to a missing node, or a cycle; the message names its nodes in order.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    gaps: tuple[Gap, ...] = ()

    def __post_init__(self) -> None:
        if len(self.by_id) != len(self.nodes):
            raise GraphError("two nodes of the graph have the same id")
        for edge in self.edges:
            for end in edge:
                if end not in self.by_id:
                    raise GraphError(f"the edge {edge[0]} -> {edge[1]} has no node {end}")
        if cycle := cycle_in(self.edges):
            raise GraphError(f"the graph has a cycle: {' -> '.join(cycle)}")

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """Id -> ids of the nodes that read it directly; only of nodes that somebody reads."""
        return _grouped(self.edges)

    @cached_property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Id -> ids of the nodes that it reads directly; only of nodes that read something."""
        return _grouped((downstream, upstream) for upstream, downstream in self.edges)

    def of_kind(self, *kinds: NodeKind) -> tuple[str, ...]:
        """List the ids of the nodes of some kinds, sorted."""
        return tuple(node.id for node in self.nodes if node.kind in kinds)

    def upstream_of(self, starts: Iterable[str]) -> frozenset[str]:
        """Return the given nodes and everything that they read, directly or not."""
        return _reached(starts, self.reads)

    def downstream_of(self, starts: Iterable[str]) -> frozenset[str]:
        """Return the given nodes and everything that reads them, directly or not."""
        return _reached(starts, self.readers)

    def digraph(self) -> DiGraph[str]:
        """Build the networkx graph; each node has the attributes `kind`, `name` and `project`."""
        import networkx as nx  # noqa: PLC0415 (a slow import, which only measures need)

        digraph: DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(
            (node.id, {"kind": node.kind.value, "name": node.name, "project": node.project}) for node in self.nodes
        )
        digraph.add_edges_from(self.edges)
        return digraph


def cycle_in(edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the nodes of one cycle in the order of its edges, the first again at the end; nothing without one."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for upstream, downstream in edges:
        sorter.add(downstream, upstream)
    try:
        sorter.prepare()
    except CycleError as exc:
        return tuple(exc.args[1])
    return ()


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def _reached(starts: Iterable[str], following: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    found = set(starts)
    queue = deque(found)
    while queue:
        for other in following.get(queue.popleft(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
    return frozenset(found)
