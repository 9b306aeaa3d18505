"""Walks along the shortest paths from some nodes, by Brandes: only the nodes that a start reaches are touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sums:
    """What the walks from some starts add up to, by position of a node.

    Args:
        dependency: pairs of a start and an end whose shortest paths run through the node, each by its share of them, in
            a graded walk also by how far along the path the node is.
        distance: from the starts that reach the node.
        starts: how many starts reach the node, itself not counted.
        walks: how many starts there were.
    """

    dependency: list[float]
    distance: list[int]
    starts: list[int]
    walks: int


def walk(following: Sequence[Sequence[int]], starts: Sequence[int], *, graded: bool = False) -> Sums:
    """Walk from each start through a graph without cycles.

    Args:
        following: by position of a node, the positions where its edges lead.
        starts: positions to begin at.
        graded: count a pair by the distance of the node from the start, as a share of the whole path. Graded walks from
            all starts along the edges, and from all ends against them, add up to the plain dependency.
    """
    size = len(following)
    sums = Sums([0.0] * size, [0] * size, [0] * size, len(starts))
    dependency, distance, reached_by = sums.dependency, sums.distance, sums.starts  # local names are faster
    depth = [-1] * size
    paths = [0] * size  # exact, because their number grows exponentially with the depth
    depends = [0.0] * size
    for start in starts:
        reached = _reach(following, start, depth, paths)
        for node in reversed(reached):
            further, through, total = depth[node] + 1, paths[node], 0.0
            pair = 1.0 / further if graded else 1.0
            for other in following[node]:
                if depth[other] == further:
                    total += through / paths[other] * (pair + depends[other])
            depends[node] = total
            dependency[node] += total * (further - 1) if graded else total
        if not graded:
            dependency[start] -= depends[start]
        for node in reached:
            distance[node] += depth[node]
            reached_by[node] += 1
            depth[node] = -1
        reached_by[start] -= 1
    return sums


def _reach(following: Sequence[Sequence[int]], start: int, depth: list[int], paths: list[int]) -> list[int]:
    """Set depth and number of shortest paths of each node that a start reaches; return them in the order of depth."""
    depth[start], paths[start] = 0, 1
    reached = [start]
    for node in reached:  # grows while it is walked
        further, through = depth[node] + 1, paths[node]
        for other in following[node]:
            known = depth[other]
            if known < 0:
                depth[other], paths[other] = further, through
                reached.append(other)
            elif known == further:
                paths[other] += through
    return reached
