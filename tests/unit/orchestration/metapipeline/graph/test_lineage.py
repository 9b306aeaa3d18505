"""The lineage of a node, and the names that find it."""

from __future__ import annotations

import pytest

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.graph.lineage import bi_part, lineage_of, named, with_bi_part
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName


def asset(key: str) -> Node:
    return Node(f"asset.{key}", NodeKind.ASSET, key, facts={"key": key})


def model(name: str, project: str = "shop") -> Node:
    relation = RelationName(("DB", "DEV", name.upper()))
    return Node(f"model.{project}.{name}", NodeKind.MODEL, name, project, relation, facts={"asset_key": name})


WAREHOUSE = PlatformGraph(
    tuple(sorted([asset("topic"), asset("aws/dev/raw"), model("orders"), model("daily"), model("other")])),
    (
        ("asset.aws/dev/raw", "model.shop.orders"),
        ("asset.aws/dev/raw", "model.shop.other"),
        ("asset.topic", "asset.aws/dev/raw"),
        ("model.shop.orders", "model.shop.daily"),
    ),
)
REPORT, QUERY = Node("report.mode.w.r", NodeKind.REPORT, "Sales"), Node("query.mode.w.q", NodeKind.QUERY, "q")


def test_a_model_lies_between_its_topic_and_its_readers() -> None:
    """What neither leads to it nor comes from it is left out; each node comes behind all that it reads."""
    found = lineage_of(WAREHOUSE, "orders")
    assert ["asset.topic", "asset.aws/dev/raw", "model.shop.orders", "model.shop.daily"] == [n.id for n in found.nodes]
    assert (("asset.topic", "asset.aws/dev/raw"), ("model.shop.daily",)) == (found.upstream, found.downstream)
    assert ("asset.aws/dev/raw",) == found.reads["model.shop.orders"]


@pytest.mark.parametrize("name", ["model.shop.orders", "orders", "DB.DEV.ORDERS", "db.dev.orders", "dev.Orders"])
def test_a_node_is_found_by_each_of_its_names(name: str) -> None:
    """Id, asset key, relation in any case and with fewer parts."""
    assert "model.shop.orders" == named(WAREHOUSE, name).id


def test_an_asset_is_found_by_its_key() -> None:
    """As Dagster shows it."""
    assert "asset.aws/dev/raw" == named(WAREHOUSE, "aws/dev/raw").id


def test_an_unknown_name_lists_near_ones() -> None:
    """A typing mistake."""
    with pytest.raises(GraphError, match="nothing has the name ordrs; near ones: orders"):
        named(WAREHOUSE, "ordrs")


def test_a_name_of_several_lists_their_ids() -> None:
    """Two packages may have a model of one name."""
    two = PlatformGraph((Node("model.a.x", NodeKind.MODEL, "x", "a"), Node("model.b.x", NodeKind.MODEL, "x", "b")), ())
    with pytest.raises(GraphError, match=r"several: model\.a\.x, model\.b\.x"):
        named(two, "x")
    assert "model.b.x" == named(two, "model.b.x").id


def test_reports_that_were_kept_are_behind_what_they_read() -> None:
    """A query of a model that is gone stays, without this edge."""
    before = PlatformGraph(
        tuple(sorted([*WAREHOUSE.nodes, model("gone"), QUERY, REPORT])),
        tuple(
            sorted(
                [*WAREHOUSE.edges, ("model.shop.daily", QUERY.id), ("model.shop.gone", QUERY.id), (QUERY.id, REPORT.id)]
            )
        ),
    )
    found = lineage_of(with_bi_part(WAREHOUSE, bi_part(before)), "topic")
    assert [QUERY.id, REPORT.id] == [node.id for node in found.nodes][-2:]
    assert ("model.shop.daily",) == found.reads[QUERY.id]


@pytest.mark.parametrize("stored", [b"", b"[]", b'{"nodes": [{"id": "a"}], "edges": []}'])
def test_a_file_that_is_no_graph_is_named(stored: bytes) -> None:
    """The command goes on without reports."""
    with pytest.raises(GraphError, match="the stored reports cannot be read"):
        with_bi_part(WAREHOUSE, stored)
