"""Several dbt projects as one graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.dbt_nodes import Origin
from orchestration.metapipeline.graph.nodes import GapKind, Node, PlatformGraph
from orchestration.metapipeline.graph.shared_relations import join_shared_relations

_PRECEDENCE = (Origin.OWN, Origin.UNKNOWN, Origin.PACKAGE, Origin.OTHER_PROJECT)


def merge_projects(projects: Sequence[PlatformGraph]) -> PlatformGraph:
    """Merge the graphs of dbt projects, in any order.

    A node that several manifests have is one node: that of its own project, with the edges and gaps that this project
    gives it. A node that a manifest lacks and another one has is no gap. Who reads a source reads the model that writes
    the same relation, in whichever project, see `join_shared_relations`.

    Raises:
        GraphError: two graphs are of one project, or the merged graph has a cycle.
    """
    if len(projects) == 1:
        return join_shared_relations(projects[0])
    in_order = sorted(projects, key=_root)
    roots = Counter(root for root in map(_root, in_order) if root)
    if twice := [root for root, count in roots.items() if count > 1]:
        raise GraphError(f"two manifests are of the project {', '.join(twice)}: name one manifest for each project")
    chosen: dict[str, tuple[Node, int]] = {}
    for number, project in enumerate(in_order):
        for node in project.nodes:
            known = chosen.get(node.id)
            if known is None or _precedence(node) < _precedence(known[0]):
                chosen[node.id] = node, number
    edges: set[tuple[str, str]] = set()
    gaps = set()
    for number, project in enumerate(in_order):
        edges.update(edge for edge in project.edges if chosen[edge[1]][1] == number)
        for gap in project.gaps:
            if gap.reader in chosen and chosen[gap.reader][1] != number:
                continue
            if gap.kind is GapKind.MISSING and gap.read in chosen:
                edges.add((gap.read, gap.reader))
            else:
                gaps.add(gap)
    nodes = tuple(chosen[unique_id][0] for unique_id in sorted(chosen))
    return join_shared_relations(PlatformGraph(nodes, tuple(sorted(edges)), tuple(sorted(gaps))))


def _root(project: PlatformGraph) -> str:
    return next((str(node.facts["root_project"]) for node in project.nodes if "root_project" in node.facts), "")


def _precedence(node: Node) -> int:
    return _PRECEDENCE.index(Origin(node.facts.get("origin", Origin.OWN)))
