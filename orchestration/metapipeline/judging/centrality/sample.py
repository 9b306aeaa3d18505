"""Closeness and betweenness of a dense graph, from walks that begin at a part of its nodes.

Half of the walks lead downstream and half upstream, and both are graded: a walk counts a path through a node by the
distance of the node from its begin, so that a node near the few nodes of the sample gets no large and random part, and
the two directions together count each path once (Geisberger, Sanders and Schultes, 2008). Closeness takes the walks
downstream, and is exact for nodes that read few others.

The nodes to walk from are chosen evenly from an order by structure: how much a node reads, directly and not, and how
many read it. So names matter only among nodes that are equal in that.

The error is measured: the walks of each direction are divided into two halves, every other one into each, and the error
is half of the largest difference between the two values of one node. It is an estimate itself: on dense graphs whose
exact values are known, the largest true error was between half and twice of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.metapipeline.judging.centrality.ordered import OrderedGraph
from orchestration.metapipeline.judging.centrality.paths import PathMeasures
from orchestration.metapipeline.judging.centrality.walks import walk

_VISITS_OF_FEW_MAX = 10_000_000
"""Edges that may be passed to make the closeness of nodes exact; those that read least come first."""

_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Walked:
    """Sums of some walks in one direction, as arrays by position; see `Sums`."""

    dependency: _Values
    distance: _Values
    starts: _Values
    walks: int

    @classmethod
    def along(cls, following: Sequence[Sequence[int]], starts: Sequence[int]) -> _Walked:
        sums = walk(following, starts, graded=True)
        return cls(
            np.array(sums.dependency, float), np.array(sums.distance, float), np.array(sums.starts, float), sums.walks
        )

    def __add__(self, other: _Walked) -> _Walked:
        return _Walked(
            self.dependency + other.dependency,
            self.distance + other.distance,
            self.starts + other.starts,
            self.walks + other.walks,
        )

    def betweenness(self) -> _Values:
        """Return the part of the betweenness that this direction counts."""
        others = len(self.dependency) - 1
        return self.dependency / self.walks * (others + 1) / max(others * (others - 1), 1)


def sample_paths(graph: OrderedGraph, upstream: Sequence[int], share: float) -> PathMeasures:
    """Estimate the measures.

    Args:
        graph: with at least four nodes.
        upstream: how many nodes each node reads, directly or not.
        share: of the nodes to walk from, above 0; at least two in each direction are walked from.
    """
    count = max(round(len(graph.ids) * share / 2), 2)
    down, up = [_halves(following, _chosen(graph, upstream, count)) for following in (graph.readers, graph.reads)]
    exact = _mean_distances_of_few(graph, upstream)
    closeness, *closenesses = [_closeness(walked, upstream, exact) for walked in (down[0] + down[1], *down)]
    betweenness, *betweennesses = [
        downwards.betweenness() + upwards.betweenness()
        for downwards, upwards in ((down[0] + down[1], up[0] + up[1]), *zip(down, up, strict=True))
    ]
    return PathMeasures(
        closeness.tolist(), betweenness.tolist(), _error(*closenesses), _error(*betweennesses), 2 * count
    )


def _chosen(graph: OrderedGraph, upstream: Sequence[int], count: int) -> list[int]:
    def structure(node: int) -> tuple[int, int, int, str]:
        return upstream[node], len(graph.readers[node]), len(graph.reads[node]), graph.ids[node]

    in_order = sorted(range(len(upstream)), key=structure)
    return [in_order[(2 * number + 1) * len(in_order) // (2 * count)] for number in range(count)]


def _halves(following: Sequence[Sequence[int]], starts: Sequence[int]) -> tuple[_Walked, _Walked]:
    return _Walked.along(following, starts[::2]), _Walked.along(following, starts[1::2])


def _closeness(walked: _Walked, upstream: Sequence[int], exact: dict[int, float]) -> _Values:
    mean = np.divide(walked.distance, walked.starts, out=np.zeros(len(upstream)), where=walked.starts > 0)
    mean[list(exact)] = list(exact.values())
    count = np.array(upstream, float)
    found: _Values = np.divide(count, mean, out=np.zeros(len(upstream)), where=mean > 0)
    return found / (len(upstream) - 1)


def _error(some: _Values, others: _Values) -> float:
    return float(np.abs(some - others).max() / 2)


def _mean_distances_of_few(graph: OrderedGraph, upstream: Sequence[int]) -> dict[int, float]:
    """Compute the mean distance from all that a node reads, for the nodes that read least."""
    found: dict[int, float] = {}
    visits = 0
    for node in sorted((node for node, count in enumerate(upstream) if count), key=lambda node: upstream[node]):
        distances = _distances(graph.reads, node)
        visits += sum(len(graph.reads[read]) for read in distances)
        if visits > _VISITS_OF_FEW_MAX:
            break
        found[node] = sum(distances.values()) / upstream[node]
    return found


def _distances(following: Sequence[Sequence[int]], start: int) -> dict[int, int]:
    distance = {start: 0}
    reached = [start]
    for node in reached:  # grows while it is walked
        for other in following[node]:
            if other not in distance:
                distance[other] = distance[node] + 1
                reached.append(other)
    return distance
