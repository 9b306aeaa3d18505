"""Closeness and betweenness: exact for real projects, sampled with a measured error for a dense graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.metapipeline.judging.centrality.ordered import OrderedGraph
from orchestration.metapipeline.judging.centrality.walks import walk

VISITS_MAX = 30_000_000
"""Edges that the walks from all nodes may pass, about 15 s of one core. Real projects of 4,000 and of 12,000 nodes pass
0.2 million; only a graph whose nodes reach each other in large numbers passes more, and is sampled."""


@dataclass(frozen=True, slots=True)
class PathMeasures:
    """The measures of shortest paths, by position of a node.

    Args:
        closeness: share of the other nodes that reach the node, divided by their mean distance.
        betweenness: share of all pairs of other nodes whose shortest paths run through it.
        closeness_error: largest error of one node; 0 when exact.
        betweenness_error: likewise.
        walks: how many nodes were walked from.
    """

    closeness: Sequence[float]
    betweenness: Sequence[float]
    closeness_error: float
    betweenness_error: float
    walks: int


def measure_paths(graph: OrderedGraph, visits_max: int = VISITS_MAX) -> PathMeasures:
    """Compute closeness and betweenness as networkx defines them.

    They are exact while the walks from all nodes pass at most `visits_max` edges. Beyond that they come from a sample
    that passes as many, see `centrality.sample`.
    """
    upstream = graph.upstream_counts()
    visits = sum(len(readers) * (count + 1) for readers, count in zip(graph.readers, upstream, strict=True))
    if visits > visits_max:
        from orchestration.metapipeline.judging.centrality.sample import sample_paths  # noqa: PLC0415 (imports numpy)

        return sample_paths(graph, upstream, visits_max / visits)
    starts = [node for node, readers in enumerate(graph.readers) if readers]
    sums = walk(graph.readers, starts)
    others = max(len(upstream) - 1, 1)
    pairs = max(others * (others - 1), 1)
    closeness = [
        count / distance * count / others if count else 0.0
        for count, distance in zip(upstream, sums.distance, strict=True)
    ]
    return PathMeasures(closeness, [total / pairs for total in sums.dependency], 0.0, 0.0, len(starts))
