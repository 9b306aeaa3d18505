"""The platform graph: dbt projects, Dagster's assets, BI workspaces and what is shown to be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from orchestration.metapipeline.bi.workspace import Query, Report, Workspace
from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.graph.assets import AssetFacts, add_assets, asset_id
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.projects import merge_projects
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.usage.evidence import Named, Use


class ReadsOfQuery(Protocol):
    """What one query reads, as the resolution of its names returns it; `QueryReads` is the plain form."""

    @property
    def query(self) -> Query:
        """The query, of the workspace."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The ids of the nodes that its names mean."""
        ...

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Names that mean no node or several, and texts that cannot be read; their reader becomes the query's node."""
        ...


@dataclass(frozen=True, slots=True)
class QueryReads:
    """What one query reads; see `ReadsOfQuery`."""

    query: Query
    reads: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkspaceReads:
    """A BI workspace and what its queries read; a query without an entry reads nothing that is known."""

    workspace: Workspace
    queries: Sequence[ReadsOfQuery] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform graph, and what does not fit into it.

    Args:
        graph: of everything.
        unmatched: uses of names that no node has, such as models of a customer's own project; sorted.
    """

    graph: PlatformGraph
    unmatched: tuple[Use, ...] = ()


def report_id(workspace: Workspace, report: str) -> str:
    """Return the id of a report's node."""
    return _id("report", workspace.tool, workspace.name, report)


def query_id(workspace: Workspace, query: str) -> str:
    """Return the id of a query's node."""
    return _id("query", workspace.tool, workspace.name, query)


def use_id(organization: str, deployment: str) -> str:
    """Return the id of the node of a deployment that uses something."""
    return _id("use", organization, deployment)


def _id(*parts: str) -> str:
    """Join the parts; a dot inside of one before the last is escaped, so that two nodes never have one id."""
    *before, last = parts
    return ".".join([*(part.replace("%", "%25").replace(".", "%2E") for part in before), last])


def warehouse_graph(projects: Sequence[PlatformGraph], assets: Iterable[AssetFacts] = ()) -> PlatformGraph:
    """Merge dbt projects and assets: the nodes that the names in queries can mean.

    Raises:
        GraphError: two manifests are of one project, or the merged graph has a cycle.
    """
    return add_assets(merge_projects(projects), assets)


def platform_graph(
    warehouse: PlatformGraph, workspaces: Iterable[WorkspaceReads] = (), uses: Iterable[Use] = ()
) -> Platform:
    """Add reports, queries and uses to the graph of the warehouse; the same input gives the same graph.

    Edges run from what a query reads to the query, from a query to its report, and from what is used to the deployment
    that uses it. The facts, absent when unknown:

    - report: `tool`, `collection`, `url`, `created_at`, `last_run_at`, `archived_at` (ISO 8601), `never_run`, `runs`,
      `views`, `archived`
    - query: `tool`, `report` (id of its node), `dialect`, `database`, `schema`
    - use: `events`, `first_at`, `last_at`, `used` (a list of objects with `id`, `named`, `name`, `events`, `last_at`,
      `example`)

    Args:
        warehouse: from `warehouse_graph`.
        workspaces: each with what its queries read, as ids of `warehouse`.
        uses: names of dbt nodes by their ids, of relations by their whole names, and of assets by their keys.

    Raises:
        GraphError: a query reads a node that is not there, or two workspaces have one name.
    """
    parts = [_of_workspace(one) for one in workspaces]
    shown, unmatched = _of_uses(warehouse, uses)
    parts.append(shown)
    nodes = [*warehouse.nodes, *(node for part in parts for node in part.nodes)]
    edges = {*warehouse.edges, *(edge for part in parts for edge in part.edges)}
    gaps = {*warehouse.gaps, *(gap for part in parts for gap in part.gaps)}
    return Platform(PlatformGraph(tuple(sorted(nodes)), tuple(sorted(edges)), tuple(sorted(gaps))), unmatched)


@dataclass(frozen=True, slots=True)
class _Part:
    nodes: Sequence[Node]
    edges: Sequence[tuple[str, str]]
    gaps: Sequence[Gap] = ()


def _of_workspace(found: WorkspaceReads) -> _Part:
    workspace = found.workspace
    reads: dict[str, ReadsOfQuery] = {one.query.id: one for one in found.queries}
    reports = {report.id for report in workspace.reports}
    nodes = [_report_node(workspace, report) for report in workspace.reports]
    edges: list[tuple[str, str]] = []
    gaps: list[Gap] = []
    for query in workspace.queries:
        node = _query_node(workspace, query)
        nodes.append(node)
        of_query = reads.get(query.id, QueryReads(query))
        edges += [(read, node.id) for read in of_query.reads]
        gaps += [replace(gap, reader=node.id) for gap in of_query.gaps]
        if query.report in reports:
            edges.append((node.id, report_id(workspace, query.report)))
        elif query.report is not None:
            reason = f"{node.id} belongs to a report that the workspace does not list: read the workspace again"
            gaps.append(Gap(GapKind.MISSING, report_id(workspace, query.report), node.id, reason))
    return _Part(nodes, edges, gaps)


def _report_node(workspace: Workspace, report: Report) -> Node:
    facts = {
        "tool": workspace.tool,
        "collection": report.collection,
        "url": report.url or None,
        "created_at": _iso(report.created_at),
        "last_run_at": _iso(report.last_run_at),
        "archived_at": _iso(report.archived_at),
        "never_run": report.never_run,
        "runs": report.runs,
        "views": report.views,
        "archived": report.archived,
    }
    unique_id = report_id(workspace, report.id)
    name = report.name or report.id
    return Node(unique_id, NodeKind.REPORT, name, workspace.name, None, report.owners, _known(facts))


def _query_node(workspace: Workspace, query: Query) -> Node:
    facts = {
        "tool": workspace.tool,
        "report": None if query.report is None else report_id(workspace, query.report),
        "dialect": query.place.dialect,
        "database": query.place.database,
        "schema": query.place.schema,
    }
    unique_id = query_id(workspace, query.id)
    return Node(unique_id, NodeKind.QUERY, query.name or query.id, workspace.name, None, (), _known(facts))


def _of_uses(graph: PlatformGraph, uses: Iterable[Use]) -> tuple[_Part, tuple[Use, ...]]:
    named = _names(graph)
    matched: defaultdict[tuple[str, str], list[tuple[Use, tuple[str, ...]]]] = defaultdict(list)
    unmatched: list[Use] = []
    for use in sorted(uses):
        if found := named.get((use.named, _whole(use)), ()):
            matched[use.organization, use.deployment].append((use, found))
        else:
            unmatched.append(use)
    nodes = [_use_node(*by, of_deployment) for by, of_deployment in matched.items()]
    edges = [
        (read, use_id(*by)) for by, of_deployment in matched.items() for _, found in of_deployment for read in found
    ]
    return _Part(nodes, edges), tuple(unmatched)


def _names(graph: PlatformGraph) -> Mapping[tuple[Named, str], tuple[str, ...]]:
    found: defaultdict[tuple[Named, str], list[str]] = defaultdict(list)
    for node in graph.nodes:
        if node.kind is not NodeKind.ASSET:
            found[Named.DBT, node.id].append(node.id)
        if node.relation is not None:
            found[Named.RELATION, str(node.relation)].append(node.id)
        if key := node.facts.get("asset_key") or (node.facts["key"] if node.id == asset_id(node.name) else None):
            found[Named.ASSET, key].append(node.id)
    return {name: tuple(ids) for name, ids in found.items()}


def _whole(use: Use) -> str:
    """Return the name as the graph knows it; a relation in the spelling of `RelationName`."""
    if use.named is not Named.RELATION:
        return use.used
    try:
        return str(RelationName.parse(use.used).within(None, None) or "")
    except RelationNameError:
        return ""


def _use_node(organization: str, deployment: str, found: Sequence[tuple[Use, tuple[str, ...]]]) -> Node:
    facts = {
        "events": sum(use.events for use, _ in found),
        "first_at": _iso(min(use.first_at for use, _ in found)),
        "last_at": _iso(max(use.last_at for use, _ in found)),
        "used": [one for use, ids in found for one in _used(use, ids)],
    }
    name = f"{organization}/{deployment}"
    return Node(use_id(organization, deployment), NodeKind.USE, name, organization, None, (), facts)


def _used(use: Use, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for unique_id in ids:
        yield {
            "id": unique_id,
            "named": use.named.value,
            "name": use.used,
            "events": use.events,
            "last_at": _iso(use.last_at),
            "example": use.example,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
