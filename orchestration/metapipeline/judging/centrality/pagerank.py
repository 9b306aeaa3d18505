"""PageRank as networkx defines it, to 1e-13, without scipy."""

from __future__ import annotations

import numpy as np

from orchestration.metapipeline.judging.centrality.ordered import OrderedGraph

_DAMPING = 0.85
_ERROR_MAX = 1e-13
_ROUNDS_MAX = 1_000


def pagerank(graph: OrderedGraph) -> list[float]:
    """Compute the PageRank of each node, by its position; it flows from a node to its readers."""
    size = len(graph.ids)
    if not size:
        return []
    out_degree = np.array([len(readers) for readers in graph.readers], dtype=np.intp)
    heads = np.repeat(np.arange(size), out_degree)
    tails = np.array([reader for readers in graph.readers for reader in readers], dtype=np.intp)
    shares = 1 / np.maximum(out_degree, 1)
    rank = np.full(size, 1 / size)
    for _ in range(_ROUNDS_MAX):
        flow = np.bincount(tails, weights=(rank * shares)[heads], minlength=size)
        lost = rank[out_degree == 0].sum()  # nodes without reader give their rank to all nodes equally
        former, rank = rank, _DAMPING * (flow + lost / size) + (1 - _DAMPING) / size
        if np.abs(rank - former).sum() < _ERROR_MAX:
            break
    found: list[float] = rank.tolist()
    return found
