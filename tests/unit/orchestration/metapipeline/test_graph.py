from __future__ import annotations

import pytest

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.manifest import DbtGraph, GraphNode, NodeKind, graph_from_manifest
from tests.unit.orchestration.metapipeline.manifests import manifest_of


def test_nodes_of_every_kind_are_read_with_their_edges() -> None:
    """An edge runs from a node to its reader."""
    graph = graph_from_manifest(
        manifest_of(
            {
                "source.p.raw": [],
                "seed.p.codes": [],
                "model.p.stg": ["source.p.raw", "seed.p.codes"],
                "snapshot.p.history": ["model.p.stg"],
                "semantic_model.p.orders": ["model.p.stg"],
                "metric.p.revenue": ["semantic_model.p.orders"],
                "exposure.p.board": ["metric.p.revenue"],
            }
        )
    )
    assert set(NodeKind) - {NodeKind.SAVED_QUERY} == {node.kind for node in graph.nodes}
    assert (
        ("metric.p.revenue", "exposure.p.board"),
        ("model.p.stg", "semantic_model.p.orders"),
        ("model.p.stg", "snapshot.p.history"),
        ("seed.p.codes", "model.p.stg"),
        ("semantic_model.p.orders", "metric.p.revenue"),
        ("source.p.raw", "model.p.stg"),
    ) == graph.edges


def test_tests_and_disabled_nodes_are_not_part_of_the_graph() -> None:
    """A test reads a model, and nothing depends on the test."""
    manifest = manifest_of({"model.p.a": [], "test.p.unique_a": ["model.p.a"], "analysis.p.q": ["model.p.a"]})
    manifest["disabled"] = {"model.p.old": [{"resource_type": "model", "depends_on": {"nodes": []}}]}
    assert graph_from_manifest(manifest) == DbtGraph((GraphNode("model.p.a", NodeKind.MODEL),), ())


def test_a_node_that_depends_twice_on_another_has_one_edge() -> None:
    """An edge has no count."""
    graph = graph_from_manifest(manifest_of({"model.p.a": [], "model.p.b": ["model.p.a", "model.p.a"]}))
    assert (("model.p.a", "model.p.b"),) == graph.edges


@pytest.mark.parametrize(
    ("parents", "named"),
    [
        ({"model.p.a": ["model.p.c"], "model.p.b": ["model.p.a"], "model.p.c": ["model.p.b"]}, 3),
        ({"model.p.a": ["model.p.a"]}, 1),
    ],
)
def test_a_cycle_is_refused_by_the_names_of_its_nodes(parents: dict[str, list[str]], named: int) -> None:
    """The repair of a cycle needs its nodes; a node that reads itself is the shortest cycle."""
    with pytest.raises(GraphError, match="cycle") as caught:
        graph_from_manifest(manifest_of(parents))
    told = str(caught.value).partition(": ")[2].split(" -> ")
    assert set(parents) == set(told)
    assert named + 1 == len(told)
    assert told[0] == told[-1]


def test_an_edge_to_a_node_that_is_not_there_is_refused_by_both_names() -> None:
    """An incomplete manifest is not a graph."""
    with pytest.raises(GraphError, match=r"model\.p\.a depends on source\.p\.gone.*make setup"):
        graph_from_manifest(manifest_of({"model.p.a": ["source.p.gone"]}))


def test_names_that_differ_by_case_are_different_nodes() -> None:
    """Unique ids are compared as they are written."""
    graph = graph_from_manifest(manifest_of({"model.p.a": [], "model.p.A": ["model.p.a"]}))
    assert ("model.p.A", "model.p.a") == graph.of_kind(NodeKind.MODEL)
    assert frozenset({"model.p.A", "model.p.a"}) == graph.upstream_of(["model.p.A"])


def test_a_manifest_without_nodes_is_an_empty_graph() -> None:
    """An empty graph is not an error here; the caller decides what follows."""
    assert DbtGraph((), ()) == graph_from_manifest({})
    assert frozenset() == DbtGraph((), ()).upstream_of([])


def test_fifty_thousand_nodes_in_one_chain_are_walked_without_recursion() -> None:
    """The depth of a graph is not bounded by Python's stack."""
    chain = {f"model.p.{number:05}": [f"model.p.{number - 1:05}"] if number else [] for number in range(50_000)}
    graph = graph_from_manifest(manifest_of(chain))
    assert len(chain) == len(graph.upstream_of(["model.p.49999"]))
