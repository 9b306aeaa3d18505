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
from orchestration.metapipeline.judging.centrality.ordered import OrderedGraph
from orchestration.metapipeline.judging.centrality.paths import measure_paths
from orchestration.metapipeline.judging.centrality.sample import sample_paths
from orchestration.metapipeline.judging.centrality.walks import walk
from orchestration.metapipeline.judging.importance import (
    MEASURES,
    centralities,
    measure_centralities,
    measure_importance,
)
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


def networkx_measures(graph: PlatformGraph) -> dict[str, dict[str, float]]:
    """Compute with networkx what it computes itself; its PageRank needs scipy."""
    digraph = graph.digraph()
    return {
        "degree": nx.degree_centrality(digraph),
        "in_degree": nx.in_degree_centrality(digraph),
        "out_degree": nx.out_degree_centrality(digraph),
        "closeness": nx.closeness_centrality(digraph),
        "betweenness": nx.betweenness_centrality(digraph),
    }


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
    for name, values in networkx_measures(graph).items():
        assert values == pytest.approx(reference[name], abs=1e-9), name


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


def test_isolated_nodes_change_no_score() -> None:
    """A source that nobody reads is no worse reader or bottleneck; it would raise every score without a new order."""
    graph = random_graph(11)
    more = tuple(Node(f"source.p.unread{number}", NodeKind.SOURCE) for number in range(40))
    connected = {end for edge in graph.edges for end in edge}
    wider = PlatformGraph(tuple(sorted(graph.nodes + more)), graph.edges)
    scores = {row.unique_id: row.score for row in measure_importance(graph, EVEN)}
    others = {row.unique_id: row.score for row in measure_importance(wider, EVEN)}
    assert {name: scores[name] for name in connected} == {name: others[name] for name in connected}
    assert {0.0} == {others[node.id] for node in more}


def test_two_to_the_power_of_1500_paths_are_counted_exactly() -> None:
    """The number of shortest paths exceeds every float, their shares do not."""
    parents: dict[str, list[str]] = {"model.p.0": []}
    for level in range(1, 3_001, 2):
        middle = [f"model.p.{level}{side}" for side in "ab"]
        parents |= {name: [f"model.p.{level - 1}"] for name in middle} | {f"model.p.{level + 1}": middle}
    graph = OrderedGraph.of(graph_from_manifest(manifest_of(parents)))
    depends = dict(zip(graph.ids, walk(graph.readers, [0]).dependency, strict=True))
    assert depends["model.p.300"] == pytest.approx(3 * 1350, rel=1e-12)
    assert depends["model.p.301a"] == depends["model.p.301b"] == pytest.approx((3 * 1349 + 1) / 2, rel=1e-12)


def layered(seed: int, levels: int, width: int, reads: int) -> PlatformGraph:
    """Draw a dense graph: each node reads some of the level above it."""
    random = Random(seed)  # noqa: S311 (graphs, not secrets)
    parents: dict[str, list[str]] = {}
    for level in range(levels):
        above = [f"model.p.{level - 1}_{number}" for number in range(width)] if level else []
        parents |= {
            f"model.p.{level}_{number}": random.sample(above, min(reads, len(above))) for number in range(width)
        }
    return graph_from_manifest(manifest_of(parents))


@pytest.mark.parametrize("seed", range(4))
def test_the_measured_error_of_a_sample_is_that_of_its_values(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest difference to the exact values is of the size of the error that the sample says of itself."""
    monkeypatch.setattr("orchestration.metapipeline.judging.centrality.sample._VISITS_OF_FEW_MAX", 2_000)
    graph = OrderedGraph.of(layered(seed, levels=10, width=40, reads=3))
    exact, sample = measure_paths(graph), measure_paths(graph, visits_max=10_000)
    assert (exact.betweenness_error, exact.closeness_error) == (0, 0)
    assert exact.walks > 3 * sample.walks
    for name in ("betweenness", "closeness"):
        true = max(abs(a - b) for a, b in zip(getattr(exact, name), getattr(sample, name), strict=True))
        assert true / 2 < getattr(sample, f"{name}_error") < 2 * true, name
        assert 0 < true < max(getattr(exact, name)), name


def test_a_sample_of_all_nodes_is_exact() -> None:
    """Both directions of the walks add up to the same pairs."""
    graph = OrderedGraph.of(layered(1, levels=5, width=6, reads=2))
    exact, sample = measure_paths(graph), sample_paths(graph, graph.upstream_counts(), 2.0)
    assert exact.betweenness == pytest.approx(sample.betweenness, abs=1e-12)
    assert exact.closeness == pytest.approx(sample.closeness, abs=1e-12)


def test_a_real_project_is_far_below_the_limit_of_a_sample() -> None:
    """A project of a few thousand nodes is measured exactly."""
    measured = measure_centralities(random_graph(5))
    assert (0, 0) == (measured.betweenness_error, measured.closeness_error)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_upstream_nodes_are_counted_across_the_limit_of_one_set(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes are counted in portions, which are bits of one number."""
    graph = random_graph(23)
    monkeypatch.setattr("orchestration.metapipeline.judging.centrality.ordered._STARTS_AT_ONCE", size)
    ordered = OrderedGraph.of(graph)
    expected = [len(graph.upstream_of([name])) - 1 for name in ordered.ids]
    assert expected == ordered.upstream_counts()


def test_rows_say_what_kind_of_node_they_are() -> None:
    """A source can lead the list, so a reader filters models by kind."""
    rows = measure_importance(random_graph(3), EVEN)
    assert {row.kind for row in rows} >= {NodeKind.SOURCE, NodeKind.MODEL}
