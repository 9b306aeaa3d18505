from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.manifest import graph_from_manifest
from orchestration.metapipeline.graph.nodes import GapKind, PlatformGraph
from orchestration.metapipeline.graph.projects import merge_projects
from orchestration.metapipeline.graph.shared_relations import join_shared_relations
from tests.unit.orchestration.metapipeline.graphs import graph_of, node


def project(name: str, nodes: Mapping[str, Mapping[str, Any]]) -> PlatformGraph:
    """Return the graph of a manifest; the first word of an id is its kind, the second its package."""
    found: dict[str, dict[str, Any]] = {"nodes": {}, "sources": {}}
    for unique_id, entry in nodes.items():
        kind, package, *_ = unique_id.split(".")
        plain = {"resource_type": kind, "package_name": package, "depends_on": {"nodes": entry.get("reads", [])}}
        found["sources" if kind == "source" else "nodes"][unique_id] = {"path": f"{unique_id}.sql", **plain, **entry}
    return graph_from_manifest({**found, "metadata": {"project_name": name}})


UP = project("up", {"source.up.s.raw": {}, "model.up.x": {"reads": ["source.up.s.raw"], "access": "public"}})
DOWN = project(
    "down",
    {
        "model.up.x": {"path": "", "access": "public", "description": "injected"},
        "model.down.y": {"reads": ["model.up.x"]},
    },
)


def test_a_reference_to_another_project_joins_both() -> None:
    """The injected node of the reader's manifest is the model of its own project, in whatever order they are read."""
    for order in permutations([UP, DOWN]):
        merged = merge_projects(order)
        assert (("model.up.x", "model.down.y"), ("source.up.s.raw", "model.up.x")) == merged.edges
        assert merged.by_id["model.up.x"].facts["origin"] == "own"
        assert "description" not in merged.by_id["model.up.x"].facts
        assert merged.gaps == ()


def test_a_model_keeps_the_edges_of_its_own_project_only() -> None:
    """The copy of a package in another project's manifest may be of another version."""
    own = project("lib", {"model.lib.a": {}, "model.lib.b": {"reads": ["model.lib.a"]}})
    installed = project("app", {"model.lib.b": {"reads": ["model.lib.old"]}, "model.lib.old": {}})
    merged = merge_projects([installed, own])
    assert (("model.lib.a", "model.lib.b"),) == merged.edges
    assert merged.by_id["model.lib.old"].facts["origin"] == "package"


def test_a_node_that_another_manifest_has_is_no_gap() -> None:
    """A manifest without the injected nodes still names them in its dependencies."""
    bare = project("down", {"model.down.y": {"reads": ["model.up.x", "model.up.gone"]}})
    assert len(bare.gaps) == 2
    merged = merge_projects([bare, UP])
    assert ("model.up.x", "model.down.y") in merged.edges
    assert [(GapKind.MISSING, "model.up.gone")] == [(gap.kind, gap.read) for gap in merged.gaps]


def test_two_manifests_of_one_project_are_refused() -> None:
    """They would be two targets or two days of the same models."""
    with pytest.raises(GraphError, match=r"of the project up: name one"):
        merge_projects([UP, DOWN, UP])


def test_a_cycle_across_projects_is_refused_by_name() -> None:
    """Neither project has it alone."""
    back = project("up", {"model.down.y": {"path": ""}, "model.up.x": {"reads": ["model.down.y"]}})
    with pytest.raises(GraphError, match=r"cycle: .*model\.down\.y.* -> .*model\.up\.x"):
        merge_projects([back, DOWN])


def test_no_project_is_an_empty_graph() -> None:
    """A platform may have a BI tool only."""
    assert PlatformGraph((), ()) == merge_projects([])


def test_the_model_of_a_relation_is_read_through_the_sources_of_every_project() -> None:
    """Quoting decides: an unquoted name is the quoted upper-case one."""
    writer = project("a", {"model.a.dates": {"relation_name": "db.util.dates"}})
    readers = [
        project(name, {f"source.{name}.util.dates": {"relation_name": relation}})
        for name, relation in (("b", '"DB"."UTIL"."DATES"'), ("c", "db.util.dates"), ("d", 'db.util."dates"'))
    ]
    merged = merge_projects([*readers, writer])
    assert (("model.a.dates", "source.b.util.dates"), ("model.a.dates", "source.c.util.dates")) == merged.edges


def test_a_model_that_reads_its_own_relation_as_a_source_is_a_gap_and_no_cycle() -> None:
    """Directly or through another model; other edges of shared relations stay."""
    graph = graph_of(
        {
            "source.p.s.a": [],
            "model.p.stg": ["source.p.s.a"],
            "model.p.a": ["model.p.stg"],
            "model.p.b": [],
            "source.p.s.b": [],
        },
        node("source.p.s.a", "d.s.a"),
        node("model.p.a", "d.s.a"),
        node("model.p.b", "d.s.b"),
        node("source.p.s.b", "d.s.b"),
    )
    joined = join_shared_relations(graph)
    assert {*graph.edges, ("model.p.b", "source.p.s.b")} == set(joined.edges)
    (gap,) = joined.gaps
    assert (GapKind.CYCLE, "source.p.s.a", "model.p.a") == (gap.kind, gap.reader, gap.read)
    assert "ref()" in gap.reason
    assert joined == join_shared_relations(joined)
    assert joined.gaps == join_shared_relations(joined).gaps


def test_two_relations_that_read_each_other_as_sources_keep_one_edge() -> None:
    """Each edge alone closes no cycle, both together do."""
    names = {f"{kind}.p.{name}": f"d.s.{name}" for kind in ("model", "source") for name in "ab"}
    parents = {"source.p.a": [], "source.p.b": [], "model.p.a": ["source.p.b"], "model.p.b": ["source.p.a"]}
    joined = join_shared_relations(graph_of(parents, *(node(name, relation) for name, relation in names.items())))
    assert ("model.p.a", "source.p.a") in joined.edges
    assert [("source.p.b", "model.p.b")] == [(gap.reader, gap.read) for gap in joined.gaps]
