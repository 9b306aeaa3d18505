"""Importance of the nodes of the dbt graph: six centralities and one score."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from orchestration.metapipeline.errors import WeightError
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph

MEASURES = ("degree", "in_degree", "out_degree", "closeness", "betweenness", "pagerank")
"""The centralities by the names that weights use."""

_DAMPING = 0.85
_PAGERANK_ERROR_MAX = 1e-13
_PAGERANK_ROUNDS_MAX = 1_000
_DIGITS = 12
"""Digits after the point that count for a rank; further digits depend on the order of a sum of floats."""


@dataclass(frozen=True, slots=True)
class Importance:
    """One node and its measures, each as networkx defines it; `score` lies between 0 and 1."""

    unique_id: str
    kind: NodeKind
    degree: float
    in_degree: float
    out_degree: float
    closeness: float
    betweenness: float
    pagerank: float
    score: float


def measure_importance(graph: PlatformGraph, weights: Mapping[str, float]) -> tuple[Importance, ...]:
    """Measure every node.

    The score of a node is the weighted mean of its ranks. Its rank in a measure is the share of the other nodes with a
    lower value, so the scale of a measure does not matter.

    Args:
        graph: may be empty or disconnected.
        weights: measure -> weight, 0 or more, at least one above 0; default weight 0.

    Returns:
        Highest score first; equal scores by unique id.

    Raises:
        WeightError: the weights are not usable.
    """
    require_weights(weights)
    measures = centralities(graph)
    ranks = {name: _ranks(measures[name]) for name in weights}
    total = sum(weights.values())
    rows = [
        Importance(
            unique_id=node.id,
            kind=node.kind,
            **{name: measures[name][node.id] for name in MEASURES},
            score=round(sum(weights[name] * ranks[name][node.id] for name in sorted(weights)) / total, _DIGITS),
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


def centralities(graph: PlatformGraph) -> dict[str, dict[str, float]]:
    """Compute the six measures: measure -> unique id -> value."""
    digraph = graph.digraph()
    return {
        "degree": nx.degree_centrality(digraph),
        "in_degree": nx.in_degree_centrality(digraph),
        "out_degree": nx.out_degree_centrality(digraph),
        "closeness": nx.closeness_centrality(digraph),
        "betweenness": nx.betweenness_centrality(digraph),
        "pagerank": pagerank(digraph),
    }


def pagerank(digraph: Any) -> dict[str, float]:
    """Compute PageRank as networkx defines it, to 1e-13, without scipy."""
    nodes = list(digraph)
    if not nodes:
        return {}
    index = {node: position for position, node in enumerate(nodes)}
    heads = np.array([index[upstream] for upstream, _ in digraph.edges], dtype=np.intp)
    tails = np.array([index[downstream] for _, downstream in digraph.edges], dtype=np.intp)
    out_degree = np.bincount(heads, minlength=len(nodes))
    shares = 1 / np.maximum(out_degree, 1)
    rank = np.full(len(nodes), 1 / len(nodes))
    for _ in range(_PAGERANK_ROUNDS_MAX):
        flow = np.bincount(tails, weights=(rank * shares)[heads], minlength=len(nodes))
        lost = rank[out_degree == 0].sum()  # nodes without successor give their rank to all nodes equally
        former, rank = rank, _DAMPING * (flow + lost / len(nodes)) + (1 - _DAMPING) / len(nodes)
        if np.abs(rank - former).sum() < _PAGERANK_ERROR_MAX:
            break
    return dict(zip(nodes, rank.tolist(), strict=True))


def _ranks(values: Mapping[str, float]) -> dict[str, float]:
    """Return for each node the share of the other nodes with a lower value."""
    rounded = {node: round(value, _DIGITS) for node, value in values.items()}
    ascending = sorted(rounded.values())
    others = max(len(ascending) - 1, 1)
    return {node: bisect_left(ascending, value) / others for node, value in rounded.items()}
