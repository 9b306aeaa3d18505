"""Platform graphs of 50,000 nodes and 150,000 edges, in two shapes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random

from benchmarks.metapipeline.measured import Clock, Measured
from orchestration.metapipeline.findings import Answer, Found
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.shared_relations import join_shared_relations
from orchestration.metapipeline.judging.centrality.paths import VISITS_MAX
from orchestration.metapipeline.judging.importance import MEASURES, Centralities, measure_centralities, rank
from orchestration.metapipeline.judging.unused import UnusedRules, find_unused
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf

NODES, EDGES = 50_000, 150_000
LEVELS = 20
_DOMAIN = 200
_OF_DOMAIN, _OF_NEIGHBOURS, _NEIGHBOURS = 0.97, 0.7, 15
"""Shares of the edges that stay in a domain, and that read one of the nearest nodes before the reader."""
_KINDS = ((0.35, NodeKind.SOURCE), (0.85, NodeKind.MODEL), (0.96, NodeKind.QUERY), (1.0, NodeKind.REPORT))
_SEED = 16

Edges = set[tuple[int, int]]


def measure_project() -> list[Measured]:
    """Measure the graph of a large company: domains with sources, models, queries and reports, and shared hubs."""
    return _measure("like a project", *_project(Random(_SEED)))  # noqa: S311 (graphs, not secrets)


def measure_dense() -> list[Measured]:
    """Measure the hardest graph: each level reads the one above it at random, so everything reaches everything."""
    return _measure("dense levels", *_dense(Random(_SEED)))  # noqa: S311 (graphs, not secrets)


def _measure(shape: str, nodes: list[Node], edges: list[tuple[str, str]]) -> list[Measured]:
    clock = Clock()
    graph = clock.step(f"{shape}: graph", lambda: PlatformGraph(tuple(nodes), tuple(edges)), _kinds)
    joined = clock.step(f"{shape}: relations joined", lambda: join_shared_relations(graph))
    runs = [_run(node.id) for node in nodes if node.kind is NodeKind.MODEL]
    rules = UnusedRules(plausible_share=1.0)
    clock.step(f"{shape}: unused models", lambda: find_unused(joined, runs, rules), _found)
    measured = clock.step(f"{shape}: six centralities", lambda: measure_centralities(joined), _errors)
    clock.step(f"{shape}: ranks and score", lambda: rank(joined, measured, dict.fromkeys(MEASURES, 1.0)))
    clock.total(f"**{shape}: all of it**", f"{len(nodes):,} nodes, {len(edges):,} edges")
    return clock.rows


def _kinds(graph: PlatformGraph) -> str:
    return ", ".join(f"{kind.value} {count:,}" for kind, count in Counter(node.kind for node in graph.nodes).items())


def _found(answer: Answer) -> str:
    return f"{len(answer.findings):,} findings" if isinstance(answer, Found) else "withheld"


def _errors(measured: Centralities) -> str:
    if not measured.betweenness_error:
        return f"exact, {measured.walks:,} walks"
    of = {name: max(measured.values[name].values()) for name in ("betweenness", "closeness")}
    return (
        f"sampled, {measured.walks:,} walks within {VISITS_MAX / 1e6:.0f} million visits; largest error of betweenness "
        f"{measured.betweenness_error:.1e} (largest value {of['betweenness']:.1e}), of closeness "
        f"{measured.closeness_error:.1e} ({of['closeness']:.1e})"
    )


def _run(model: str) -> ModelRun:
    step = StepOf("acme", "prod", None, "run", model)
    return ModelRun(step, model, RunState.SUCCEEDED, (datetime(2025, 8, 1, tzinfo=UTC),), 3.0)


def _project(random: Random) -> tuple[list[Node], list[tuple[str, str]]]:
    nodes = [_node(number, _kind((number % _DOMAIN) / _DOMAIN)) for number in range(NODES)]
    edges: Edges = set()
    while len(edges) < EDGES:
        reader = random.randrange(_DOMAIN, NODES)
        place = reader % _DOMAIN
        kind = nodes[reader].kind
        if kind is NodeKind.SOURCE:
            continue
        domain = reader - place if random.random() < _OF_DOMAIN else 0  # the first domain is shared
        first, last = _readable(kind, place)
        if random.random() < _OF_NEIGHBOURS:
            first = max(first, last - _NEIGHBOURS)
        edges.add((domain + random.randrange(first, last), reader))
    return nodes, sorted((nodes[read].id, nodes[reader].id) for read, reader in edges)


def _readable(kind: NodeKind, place: int) -> tuple[int, int]:
    """Return the places of a domain that a node can read: a report its queries, everything else models and sources."""
    queries, reports = (round(share * _DOMAIN) for share, _ in _KINDS[1:3])
    if kind is NodeKind.REPORT:
        return queries, reports
    return 0, min(place, queries)


def _dense(random: Random) -> tuple[list[Node], list[tuple[str, str]]]:
    width = NODES // LEVELS
    edges: Edges = set()
    while len(edges) < EDGES:
        level = random.randrange(LEVELS - 1) * width
        edges.add((level + random.randrange(width), level + width + random.randrange(width)))
    kinds = [NodeKind.SOURCE, *[NodeKind.MODEL] * (LEVELS - 2), NodeKind.EXPOSURE]
    nodes = [_node(number, kinds[number // width]) for number in range(NODES)]
    return nodes, sorted((nodes[read].id, nodes[reader].id) for read, reader in edges)


def _kind(place: float) -> NodeKind:
    return next(kind for share, kind in _KINDS if place < share)


def _node(number: int, kind: NodeKind) -> Node:
    name = f"n{number:05}"
    relation = RelationName(("DB", "S", name)) if kind in (NodeKind.MODEL, NodeKind.SOURCE) else None
    return Node(f"{kind.value}.p.{name}", kind, name, "p", relation)
