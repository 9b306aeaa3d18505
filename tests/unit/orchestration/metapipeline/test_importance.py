from __future__ import annotations

from itertools import permutations
from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.metapipeline.errors import WeightError
from orchestration.metapipeline.graph.manifest import graph_from_manifest
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.importance import MEASURES, centralities, measure_importance
from tests.unit.orchestration.metapipeline.manifests import manifest_of, random_parents

EVEN = dict.fromkeys(MEASURES, 1.0)
EMPTY = PlatformGraph((), ())
ALONE = graph_from_manifest(manifest_of({"model.p.a": []}))
IN_PIECES = graph_from_manifest(manifest_of({"model.p.a": [], "model.p.b": ["model.p.a"], "model.p.c": []}))


def random_graph(seed: int) -> PlatformGraph:
    random = Random(seed)  # noqa: S311 (graphs, not secrets)
    return graph_from_manifest(manifest_of(random_parents(random, random.randint(1, 25), random.randint(0, 4))))


def as_shares(counts: dict[str, int]) -> dict[str, float]:
    """Divide each count by the number of other nodes; a single node has the degree centrality 1 by convention."""
    return {name: count / (len(counts) - 1) if len(counts) > 1 else 1.0 for name, count in counts.items()}


def shortest_paths(graph: PlatformGraph, start: str) -> tuple[dict[str, int], dict[str, int]]:
    """Walk breadth first along the edges: distance to each node, and how many shortest paths lead there."""
    distance, paths, border = {start: 0}, {start: 1}, [start]
    while border:
        reached: list[str] = []
        for node in border:
            for downstream in (b for a, b in graph.edges if a == node):
                if downstream not in distance:
                    distance[downstream], paths[downstream] = distance[node] + 1, 0
                    reached.append(downstream)
                if distance[downstream] == distance[node] + 1:
                    paths[downstream] += paths[node]
        border = reached
    return distance, paths


def closeness_by_definition(graph: PlatformGraph, name: str) -> float:
    """Divide the nodes that reach this one by their mean distance, both as a share of all others."""
    found = [shortest_paths(graph, node.id)[0].get(name, 0) for node in graph.nodes]
    reaching = sum(distance > 0 for distance in found)
    return reaching / sum(found) * reaching / (len(graph.nodes) - 1) if reaching else 0.0


def betweenness_by_definition(graph: PlatformGraph) -> dict[str, float]:
    """Add up, for each node, the share of shortest paths through it over all pairs of other nodes."""
    names = [node.id for node in graph.nodes]
    walked = {name: shortest_paths(graph, name) for name in names}
    sums = dict.fromkeys(names, 0.0)
    for through, start, end in permutations(names, 3):
        (distance, paths), (further, onward) = walked[start], walked[through]
        if through in distance and end in further and distance[end] == distance[through] + further[end]:
            sums[through] += paths[through] * onward[end] / paths[end]
    pairs = max((len(names) - 1) * (len(names) - 2), 1)
    return {name: total / pairs for name, total in sums.items()}


def exact_pagerank(graph: PlatformGraph) -> dict[str, float]:
    """Solve PageRank as a system of equations, over networkx's own matrix."""
    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(node.id for node in graph.nodes)
    digraph.add_edges_from(graph.edges)
    matrix = np.asarray(nx.google_matrix(digraph, alpha=0.85)).T
    size = len(digraph)
    system = np.vstack([matrix - np.eye(size), np.ones((1, size))])
    solved, *_ = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)
    return dict(zip(digraph, solved.tolist(), strict=True))


@pytest.mark.parametrize("graph", [*map(random_graph, range(50)), ALONE, IN_PIECES])
def test_the_six_measures_equal_the_reference(graph: PlatformGraph) -> None:
    """Each measure is the one of its definition, computed here without networkx but for PageRank's matrix, to 1e-9."""
    names = [node.id for node in graph.nodes]
    into = {name: sum(name == downstream for _, downstream in graph.edges) for name in names}
    out = {name: sum(name == upstream for upstream, _ in graph.edges) for name in names}
    reference = {
        "degree": as_shares({name: into[name] + out[name] for name in names}),
        "in_degree": as_shares(into),
        "out_degree": as_shares(out),
        "closeness": {name: closeness_by_definition(graph, name) for name in names},
        "betweenness": betweenness_by_definition(graph),
        "pagerank": exact_pagerank(graph),
    }
    assert list(MEASURES) == list(reference)
    for name, values in centralities(graph).items():
        assert reference[name] == pytest.approx(values, abs=1e-9), name


def test_an_empty_graph_has_no_rows() -> None:
    """An empty graph is not an error."""
    assert measure_importance(EMPTY, EVEN) == ()


def test_the_bottleneck_is_the_most_important() -> None:
    """Every path runs through one model, which leads; a node that is best in every measure has score 1."""
    graph = graph_from_manifest(
        manifest_of(
            {"model.p.hub": [f"source.p.s{n}" for n in range(3)]}
            | {f"source.p.s{n}": [] for n in range(3)}
            | {f"model.p.m{n}": ["model.p.hub"] for n in range(3)}
        )
    )
    rows = measure_importance(graph, {"degree": 1, "betweenness": 3})
    assert rows[0].unique_id == "model.p.hub"
    assert rows[0].score == 1.0
    assert len({row.score for row in rows[1:]}) == 1


def test_a_measure_without_weight_has_no_say() -> None:
    """With one weight the order is that of one measure."""
    graph = random_graph(7)
    rows = measure_importance(graph, {"out_degree": 2.5})
    assert [row.out_degree for row in rows] == sorted((row.out_degree for row in rows), reverse=True)


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), shuffle=st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_names(seed: int, shuffle: Random) -> None:
    """A relabelled graph gives every node the score it had: ranks survive the order in which floats are added."""
    graph = random_graph(seed)
    names = [node.id for node in graph.nodes]
    renamed = dict(zip(names, shuffle.sample([f"x{n}" for n in range(len(names))], len(names)), strict=True))
    other = PlatformGraph(
        tuple(sorted(Node(renamed[node.id], node.kind) for node in graph.nodes)),
        tuple(sorted((renamed[a], renamed[b]) for a, b in graph.edges)),
    )
    scores = {row.unique_id: row.score for row in measure_importance(graph, EVEN)}
    others = {row.unique_id: row.score for row in measure_importance(other, EVEN)}
    assert {renamed[name]: score for name, score in scores.items()} == others


def test_twins_have_equal_scores_although_their_sums_are_added_in_another_order() -> None:
    """Two models read equivalent sources, whose names are in opposite order."""
    parents: dict[str, list[str]] = {"model.p.left": [], "model.p.right": []}
    for width in range(1, 12):
        for twin, number in (("left", width), ("right", 12 - width)):
            source = f"source.p.{twin}_{number:02}"
            parents[source] = []
            parents[f"model.p.{twin}"].append(source)
            parents |= {f"model.p.{twin}_{number:02}_{leaf}": [source] for leaf in range(width)}
    rows = measure_importance(graph_from_manifest(manifest_of(parents)), EVEN)
    scores = {row.unique_id: row.score for row in rows}
    assert scores["model.p.left"] == scores["model.p.right"]


@given(st.dictionaries(st.sampled_from(MEASURES), st.floats(0, 10), min_size=1))
def test_scores_lie_between_zero_and_one(weights: dict[str, float]) -> None:
    """Scores are in this range for any weights with at least one above zero."""
    if sum(weights.values()) > 0:
        assert all(0 <= row.score <= 1 for row in measure_importance(IN_PIECES, weights))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"degree": 1, "beauty": 1}, "no such measure: beauty"),
        ({"degree": -1, "pagerank": 2}, "0 or more"),
        ({"degree": 0}, "above 0"),
        ({}, "above 0"),
    ],
)
def test_unusable_weights_are_refused(weights: dict[str, float], said: str) -> None:
    """The message names the valid measures, or defines a weight."""
    with pytest.raises(WeightError, match=said):
        measure_importance(ALONE, weights)


def test_rows_say_what_kind_of_node_they_are() -> None:
    """A source can lead the list, so a reader filters models by kind."""
    rows = measure_importance(random_graph(3), EVEN)
    assert {row.kind for row in rows} >= {NodeKind.SOURCE, NodeKind.MODEL}
