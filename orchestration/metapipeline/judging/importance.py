"""Importance of the nodes of a graph: six centralities and one score."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.metapipeline.errors import WeightError
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.judging.centrality.ordered import OrderedGraph
from orchestration.metapipeline.judging.centrality.paths import measure_paths

MEASURES = ("degree", "in_degree", "out_degree", "closeness", "betweenness", "pagerank")
"""The centralities by the names that weights use."""

_DIGITS = 12
"""Digits after the point that count for a rank; further digits depend on the order of a sum of floats."""


@dataclass(frozen=True, slots=True)
class Importance:
    """One node and its measures, each as networkx defines it; `score` lies between 0 and 1.

    Edges run from what is read to its reader: `in_degree` counts what a node reads and `out_degree` its readers;
    closeness and PageRank grow with what a node reads, so they praise the last nodes of a path.
    """

    unique_id: str
    kind: NodeKind
    degree: float
    in_degree: float
    out_degree: float
    closeness: float
    betweenness: float
    pagerank: float
    score: float


@dataclass(frozen=True, slots=True)
class Centralities:
    """The measures of every node.

    Args:
        values: measure -> id of a node -> value.
        closeness_error: largest error of one node, measured as `centrality.paths` describes; 0 when exact.
        betweenness_error: likewise.
        walks: how many nodes the shortest paths were walked from.
    """

    values: Mapping[str, Mapping[str, float]]
    closeness_error: float
    betweenness_error: float
    walks: int


def measure_importance(graph: PlatformGraph, weights: Mapping[str, float]) -> tuple[Importance, ...]:
    """Measure every node; see `rank`."""
    require_weights(weights)
    return rank(graph, measure_centralities(graph), weights)


def rank(graph: PlatformGraph, centralities: Centralities, weights: Mapping[str, float]) -> tuple[Importance, ...]:
    """Score every node by its measures.

    The score of a node is the weighted mean of its ranks. Its rank in a measure is the share of the other nodes with a
    lower value, so the scale of a measure does not matter.

    Like is compared with like: only nodes with an edge are ranked, among each other, and an isolated node has score 0.
    Every isolated node (most are sources that nobody reads) would have a lower value than all others, and raise all
    scores without changing their order. The values of the measures are those of the whole graph: an isolated node
    lowers the shares that degree, closeness and betweenness are, and takes a part of PageRank. So compare values within
    one graph only; scores are places in an order, and can be compared between graphs.

    Args:
        graph: may be empty or disconnected.
        centralities: of the same graph.
        weights: measure -> weight, 0 or more, at least one above 0; default weight 0.

    Returns:
        Highest score first; equal scores by id.

    Raises:
        WeightError: the weights are not usable.
    """
    require_weights(weights)
    values = centralities.values
    ranked = [node.id for node in graph.nodes if node.id in graph.reads or node.id in graph.readers]
    ranks = {name: _ranks({node: values[name][node] for node in ranked}) for name in weights}
    total = sum(weights.values())
    rows = [
        Importance(
            unique_id=node.id,
            kind=node.kind,
            **{name: values[name][node.id] for name in MEASURES},
            score=round(
                sum(weights[name] * ranks[name].get(node.id, 0.0) for name in sorted(weights)) / total, _DIGITS
            ),
        )
        for node in graph.nodes
    ]
    return tuple(sorted(rows, key=lambda row: (-row.score, row.unique_id)))


def require_weights(weights: Mapping[str, float]) -> None:
    """Raise `WeightError` for an unknown measure, a negative weight, or weights with the sum 0."""
    if unknown := sorted(set(weights) - set(MEASURES)):
        raise WeightError(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    if any(weight < 0 for weight in weights.values()) or not sum(weights.values()) > 0:
        raise WeightError("weights are 0 or more, and one of them is above 0")


def measure_centralities(graph: PlatformGraph) -> Centralities:
    """Compute the six measures; exactly, unless the graph is dense: see `centrality.paths`."""
    from orchestration.metapipeline.judging.centrality.pagerank import pagerank  # noqa: PLC0415 (imports numpy)

    ordered = OrderedGraph.of(graph)
    paths = measure_paths(ordered)
    reads, readers = [list(map(len, found)) for found in (ordered.reads, ordered.readers)]
    measured: dict[str, Sequence[float]] = {
        "degree": _shares([a + b for a, b in zip(reads, readers, strict=True)]),
        "in_degree": _shares(reads),
        "out_degree": _shares(readers),
        "closeness": paths.closeness,
        "betweenness": paths.betweenness,
        "pagerank": pagerank(ordered),
    }
    values = {name: dict(zip(ordered.ids, found, strict=True)) for name, found in measured.items()}
    return Centralities(values, paths.closeness_error, paths.betweenness_error, paths.walks)


def centralities(graph: PlatformGraph) -> Mapping[str, Mapping[str, float]]:
    """Compute the six measures: measure -> id of a node -> value."""
    return measure_centralities(graph).values


def _shares(counts: Sequence[int]) -> list[float]:
    """Divide counts by the number of other nodes; a single node has the degree centrality 1 by convention."""
    others = len(counts) - 1
    return [count / others if others > 0 else 1.0 for count in counts]


def _ranks(values: Mapping[str, float]) -> dict[str, float]:
    """Return for each node the share of the other nodes with a lower value."""
    rounded = {node: round(value, _DIGITS) for node, value in values.items()}
    ascending = sorted(rounded.values())
    others = max(len(ascending) - 1, 1)
    return {node: bisect_left(ascending, value) / others for node, value in rounded.items()}
