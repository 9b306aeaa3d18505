"""Small platform graphs: nodes by their ids, with what a test says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from orchestration.metapipeline.graph.nodes import Gap, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName

_KINDS = {"operation": NodeKind.HOOK}
DRAWN = (
    NodeKind.MODEL,
    NodeKind.SEED,
    NodeKind.SNAPSHOT,
    NodeKind.FUNCTION,
    NodeKind.SEMANTIC_MODEL,
    NodeKind.METRIC,
    NodeKind.SAVED_QUERY,
    NodeKind.EXPOSURE,
    NodeKind.HOOK,
    NodeKind.ASSET,
    NodeKind.QUERY,
    NodeKind.REPORT,
    NodeKind.USE,
    NodeKind.SOURCE,
)


def node(unique_id: str, relation: str | None = None, **facts: Any) -> Node:
    """Return a node whose kind is the first word of its id and whose name is the last."""
    kind, _, rest = unique_id.partition(".")
    return Node(
        id=unique_id,
        kind=_KINDS.get(kind) or NodeKind(kind),
        name=rest.rpartition(".")[2],
        project=rest.partition(".")[0],
        relation=None if relation is None else RelationName.parse(relation),
        facts=facts,
    )


def graph_of(parents: Mapping[str, Iterable[str]], *described: Node, gaps: Iterable[Gap] = ()) -> PlatformGraph:
    """Return the graph of `node -> what it reads`; described nodes replace the plain ones."""
    nodes = {unique_id: node(unique_id) for unique_id in parents} | {one.id: one for one in described}
    edges = {(parent, reader) for reader, found in parents.items() for parent in found}
    return PlatformGraph(tuple(sorted(nodes.values())), tuple(sorted(edges)), tuple(sorted(gaps)))


def random_platform(random: Random, size: int) -> tuple[dict[str, list[str]], list[Node]]:
    """Draw nodes of every kind with the facts that matter to a consumer; a node reads only nodes drawn before it."""
    parents: dict[str, list[str]] = {}
    described: list[Node] = []
    for number in range(size):
        kind = random.choices(DRAWN, (12, *[1] * (len(DRAWN) - 1)))[0]
        unique_id = f"{'operation' if kind is NodeKind.HOOK else kind.value}.p.n{number}"
        described.append(_described(random, unique_id, kind))
        parents[unique_id] = random.sample(list(parents), random.randint(0, min(3, len(parents))))
    return parents, described


def _described(random: Random, unique_id: str, kind: NodeKind) -> Node:
    relation = f"db.s.t{random.randint(0, 8)}" if kind in (NodeKind.MODEL, NodeKind.SOURCE, NodeKind.SEED) else None
    drawn: dict[NodeKind, dict[str, Any]] = {
        NodeKind.MODEL: {"access": random.choice(["public", *["protected"] * 6])},
        NodeKind.REPORT: {"archived": random.random() < 0.5},
        NodeKind.SAVED_QUERY: {"exports": random.choice([[], [{"name": "x"}]])},
        NodeKind.ASSET: {"group": random.choice(["metapipeline", "other"])},
    }
    facts = drawn.get(kind, {})
    if kind is NodeKind.MODEL and random.random() < 0.1:
        facts["time_spine"] = {"standard_granularity_column": "day"}
    return node(unique_id, relation, **facts)
