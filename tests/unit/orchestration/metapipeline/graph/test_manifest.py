from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import md5
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestration.metapipeline.errors import GraphError, ManifestError
from orchestration.metapipeline.graph.manifest import graph_from_manifest, read_manifest
from orchestration.metapipeline.graph.nodes import GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from tests.unit.orchestration.metapipeline.manifests import manifest_of

SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v{}.json"
EVERY_KIND = {
    "source.p.raw.orders": [],
    "seed.p.codes": [],
    "function.p.is_even": [],
    "model.p.stg": ["source.p.raw.orders", "seed.p.codes", "function.p.is_even"],
    "snapshot.p.history": ["model.p.stg"],
    "semantic_model.p.orders": ["model.p.stg"],
    "metric.p.revenue": ["semantic_model.p.orders"],
    "saved_query.p.daily": ["metric.p.revenue"],
    "exposure.p.board": ["metric.p.revenue"],
    "operation.p.p-on-run-end-0": ["model.p.stg"],
}


def entry(kind: str, *parents: str, **more: Any) -> dict[str, Any]:
    return {"resource_type": kind, "depends_on": {"nodes": list(parents), "macros": []}, **more}


def facts_of(unique_id: str, **entries: Mapping[str, Any]) -> Mapping[str, Any]:
    return graph_from_manifest({"nodes": {}, **entries}).by_id[unique_id].facts


def test_nodes_of_every_kind_are_read_with_their_edges() -> None:
    """An edge runs from a node to its reader; a function of dbt 1.11 and a hook are nodes."""
    graph = graph_from_manifest(manifest_of(EVERY_KIND))
    of_dbt = set(NodeKind) - {NodeKind.ASSET, NodeKind.REPORT, NodeKind.QUERY, NodeKind.USE}
    assert of_dbt == {node.kind for node in graph.nodes}
    assert tuple(sorted((parent, name) for name, found in EVERY_KIND.items() for parent in found)) == graph.edges
    assert graph.gaps == ()


@pytest.mark.parametrize("version", [*range(1, 13), 20])
def test_every_known_schema_is_read(version: int) -> None:
    """Each minor version of dbt writes one: 0.19 to 1.12 write v1 to v12; dbt 2 writes v12 or v20."""
    manifest = {**manifest_of(EVERY_KIND), "metadata": {"dbt_schema_version": SCHEMA.format(version)}}
    assert len(EVERY_KIND) == len(graph_from_manifest(manifest).nodes)


def test_tests_analyses_and_disabled_nodes_are_not_part_of_the_graph() -> None:
    """A test reads a model, and nothing depends on the test."""
    manifest = manifest_of({"model.p.a": [], "test.p.unique_a": ["model.p.a"], "analysis.p.q": ["model.p.a"]})
    manifest["disabled"] = {"model.p.old": [{"resource_type": "model", "depends_on": {"nodes": []}}]}
    graph = graph_from_manifest(manifest)
    assert ("model.p.a",) == graph.of_kind(*NodeKind)
    assert graph.edges == ()
    assert ["test.p.unique_a"] == graph.by_id["model.p.a"].facts["tests"]


def test_a_hook_that_reads_nothing_is_left_out() -> None:
    """Most are grants: isolated nodes, which would change the measures of all others."""
    assert ("model.p.a",) == graph_from_manifest(manifest_of({"model.p.a": [], "operation.p.x": []})).of_kind(*NodeKind)


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
    assert all(upstream in parents[downstream] for upstream, downstream in pairwise(told))


@pytest.mark.parametrize(
    "disabled", [{"model.p.off": [entry("model")]}, [{"unique_id": "model.p.off", **entry("model")}]]
)
def test_a_reader_of_a_disabled_model_is_a_gap_with_the_repair(disabled: object) -> None:
    """Partial parsing leaves such a reader behind; dbt 0.19 lists what is disabled, later versions key it by id."""
    manifest = {
        **manifest_of({"model.p.a": [], "exposure.p.board": ["model.p.a", "model.p.off"]}),
        "disabled": disabled,
    }
    graph = graph_from_manifest(manifest)
    assert (("model.p.a", "exposure.p.board"),) == graph.edges
    (gap,) = graph.gaps
    assert (GapKind.DISABLED, "exposure.p.board", "model.p.off") == (gap.kind, gap.reader, gap.read)
    assert "dbt parse --no-partial-parse" in gap.reason


def test_a_reader_of_a_node_that_is_nowhere_is_a_gap() -> None:
    """The rest of the graph is still there."""
    graph = graph_from_manifest(manifest_of({"model.p.a": ["source.p.gone"]}))
    assert [(GapKind.MISSING, "model.p.a", "source.p.gone")] == [(gap.kind, gap.reader, gap.read) for gap in graph.gaps]
    assert ("model.p.a",) == graph.of_kind(NodeKind.MODEL)


def test_names_that_differ_by_case_are_different_nodes() -> None:
    """Unique ids are compared as they are written."""
    graph = graph_from_manifest(manifest_of({"model.p.a": [], "model.p.A": ["model.p.a"]}))
    assert ("model.p.A", "model.p.a") == graph.of_kind(NodeKind.MODEL)
    assert frozenset({"model.p.A", "model.p.a"}) == graph.upstream_of(["model.p.A"])


def test_a_manifest_without_nodes_is_an_empty_graph() -> None:
    """An empty project is no error, and a section that is null counts as missing."""
    empty = {"metadata": {"dbt_schema_version": SCHEMA.format(12)}, "nodes": None, "exposures": None, "disabled": None}
    assert PlatformGraph((), ()) == graph_from_manifest(empty)
    assert PlatformGraph((), ()) == graph_from_manifest({"nodes": {}, "sources": None})


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (
            {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}},
            "run_results.json",
        ),
        ({"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"}}, "catalog.json"),
        ({"semantic_models": [], "metrics": [], "saved_queries": []}, "semantic_manifest.json, not a manifest"),
        ({"metadata": {"dbt_schema_version": SCHEMA.format(13)}, "nodes": {}}, "unknown dbt_schema_version .*v13"),
        ({"metadata": {"dbt_schema_version": "mine"}, "nodes": {}}, "unknown dbt_schema_version mine"),
        ({"nodes": {"1": {"name": "x"}}}, "entry '1' .* no resource_type"),
        ({"nodes": {"model.p.a": None}}, r"entry 'model\.p\.a' .* no resource_type"),
        ({"nodes": {}, "metrics": []}, "section 'metrics' is a list"),
        ({"nodes": []}, "no nodes"),
        ([], "JSON object, not list"),
        (None, "JSON object, not NoneType"),
    ],
)
def test_what_is_no_manifest_is_refused_by_name(manifest: object, said: str) -> None:
    """An empty graph would look like a project without models; the message has the repair."""
    with pytest.raises(ManifestError, match=said):
        graph_from_manifest(manifest)


@pytest.mark.parametrize(
    ("written", "said"),
    [("{", "is no JSON"), ("[" * 100_000, "is no JSON"), ("[]", "JSON object"), (None, "cannot be read")],
    ids=["cut", "nested", "a list", "missing"],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_path(tmp_path: Path, written: str | None, said: str) -> None:
    """Several projects have a file of the same name each."""
    path = tmp_path / "manifest.json"
    if written is not None:
        path.write_text(written)
    with pytest.raises(ManifestError, match=f"{path}.*{said}"):
        read_manifest(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    """The graph is that of the parsed text."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest_of(EVERY_KIND)))
    assert graph_from_manifest(manifest_of(EVERY_KIND)) == read_manifest(path)


def test_a_model_keeps_what_the_manifest_says_of_it() -> None:
    """The facts have the manifest's names; a value that is null is absent."""
    model = entry(
        "model",
        name="orders",
        package_name="shop",
        path="marts/orders.sql",
        original_file_path="models/marts/orders.sql",
        relation_name='analytics."Marts".orders_v2',
        database="analytics",
        schema="Marts",
        alias="orders_v2",
        access="protected",
        version=2,
        latest_version=3,
        deprecation_date=None,
        time_spine=None,
        columns={"id": {"name": "id", "data_type": "int", "description": "", "meta": {"pii": False}, "tags": []}},
        config={"materialized": "table", "group": "finance", "meta": {"owner": ["a@x.io", {"email": "b@x.io"}]}},
    )
    group = {"name": "finance", "package_name": "shop", "owner": {"name": "Finance", "email": "f@x.io"}}
    unit_test = {"unit_test.shop.orders.adds_up": entry("unit_test", "model.shop.orders.v2")}
    graph = graph_from_manifest(
        {
            "nodes": {"model.shop.orders.v2": model},
            "groups": {"group.shop.finance": group},
            "unit_tests": unit_test,
            "metadata": {"project_name": "shop"},
        }
    )
    (node,) = graph.nodes
    assert ("orders", "shop", RelationName(("ANALYTICS", "Marts", "ORDERS_V2"))) == (
        node.name,
        node.project,
        node.relation,
    )
    assert node.owners == ("a@x.io", "b@x.io", "f@x.io")
    assert node.facts == {
        "access": "protected",
        "alias": "orders_v2",
        "columns": [{"name": "id", "data_type": "int", "meta": {"pii": False}}],
        "database": "analytics",
        "group": "finance",
        "latest_version": 3,
        "materialized": "table",
        "meta": {"owner": ["a@x.io", {"email": "b@x.io"}]},
        "origin": "own",
        "original_file_path": "models/marts/orders.sql",
        "path": "marts/orders.sql",
        "relation_name": 'analytics."Marts".orders_v2',
        "root_project": "shop",
        "schema": "Marts",
        "tests": ["unit_test.shop.orders.adds_up"],
        "version": 2,
    }


def test_an_exposure_and_a_saved_query_keep_their_own_facts() -> None:
    """An exposure has type, owner and address, a saved query its exports."""
    owner = {"name": "Ann", "email": None}
    board = entry("exposure", name="board", type="dashboard", url="https://x.io/1", owner=owner, maturity="high")
    export = {"name": "daily", "config": {"export_as": "table"}, "unrendered_config": {}}
    graph = graph_from_manifest(
        {
            "nodes": {},
            "exposures": {"exposure.p.board": board},
            "saved_queries": {"saved_query.p.daily": entry("saved_query", exports=[export])},
        }
    )
    found = graph.by_id["exposure.p.board"]
    assert found.owners == ("Ann",)
    assert ("dashboard", "https://x.io/1", "high", owner) == tuple(
        found.facts[name] for name in ("type", "url", "maturity", "owner")
    )
    assert [{"name": "daily", "config": {"export_as": "table"}}] == graph.by_id["saved_query.p.daily"].facts["exports"]


@pytest.mark.parametrize(
    ("kind", "more", "relation"),
    [
        ("model", {"relation_name": "a.b.c"}, ("A", "B", "C")),
        ("source", {"relation_name": '"x_DB".sandbox."ORDER"'}, ("x_DB", "SANDBOX", "ORDER")),
        ("model", {"relation_name": "`my-project`.`shop`.`Orders`"}, ("my-project", "shop", "Orders")),
        ("model", {"relation_name": None}, None),
        ("model", {"relation_name": "a.b.c", "config": {"materialized": "ephemeral"}}, None),
        ("function", {"relation_name": "a.b.f"}, None),
        ("source", {"relation_name": "read_csv('s3://bucket/a.csv', b.c.d.e)"}, None),
    ],
)
def test_a_relation_is_what_a_query_can_read(kind: str, more: dict[str, Any], relation: tuple[str, ...] | None) -> None:
    """Quoting is kept; what is no name of a relation has none, and keeps its text."""
    section = {"source": "sources", "function": "functions"}.get(kind, "nodes")
    graph = graph_from_manifest({"nodes": {}, section: {f"{kind}.p.x": entry(kind, **more)}})
    (node,) = graph.nodes
    assert (None if relation is None else RelationName(relation)) == node.relation
    assert more["relation_name"] == node.facts.get("relation_name")


def test_nodes_of_packages_and_of_other_projects_are_marked() -> None:
    """A node that another project injects has the other project's name and an empty path."""
    nodes = {
        "model.p.a": entry("model", package_name="p", path="a.sql"),
        "model.tools.x": entry("model", package_name="tools", path="x.sql"),
        "model.up.y": entry("model", package_name="up", path=""),
    }
    graph = graph_from_manifest({"nodes": nodes, "metadata": {"project_name": "p"}})
    assert {"model.p.a": "own", "model.tools.x": "package", "model.up.y": "other_project"} == {
        node.id: node.facts["origin"] for node in graph.nodes
    }


def test_before_dbt_1_6_the_hash_of_the_project_names_it() -> None:
    """Without name and hash, a manifest of several packages does not say which of them is the project."""
    nodes = {f"model.{name}.a": entry("model", package_name=name) for name in ("p", "tools")}
    hashed = {"project_id": md5(b"p", usedforsecurity=False).hexdigest()}
    assert facts_of("model.p.a", nodes=nodes, metadata=hashed)["origin"] == "own"
    assert facts_of("model.tools.a", nodes=nodes, metadata=hashed)["origin"] == "package"
    assert facts_of("model.p.a", nodes=nodes)["origin"] == "unknown"
    assert facts_of("model.p.a", nodes={"model.p.a": nodes["model.p.a"]})["origin"] == "own"


def test_fifty_thousand_nodes_in_one_chain_are_walked_without_recursion() -> None:
    """The depth of a graph is not bounded by Python's stack."""
    chain = {f"model.p.{number:05}": [f"model.p.{number - 1:05}"] if number else [] for number in range(50_000)}
    graph = graph_from_manifest(manifest_of(chain))
    assert len(chain) == len(graph.upstream_of(["model.p.49999"]))
