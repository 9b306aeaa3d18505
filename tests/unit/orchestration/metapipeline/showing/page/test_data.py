from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.showing.page.data import page_data

GRAPH = PlatformGraph(
    nodes=(
        Node("asset.events/topic", NodeKind.ASSET, "topic", "hourglass", facts={"kinds": ["kafka"]}),
        Node(
            "model.shop.orders", NodeKind.MODEL, "orders", "shop", RelationName(("DB", "S", "ORDERS")), ("ana", "ben")
        ),
        Node("model.shop.orders\U0001f600", NodeKind.MODEL, "", "shop"),
        Node("model.shop.orders\U0001f600.v2", NodeKind.MODEL, "orders", "shop", owners=("ben",)),
        Node("report.mode.acme.1", NodeKind.REPORT, "Revenue", "acme"),
    ),
    edges=(
        ("asset.events/topic", "model.shop.orders"),
        ("asset.events/topic", "model.shop.orders\U0001f600"),
        ("model.shop.orders", "report.mode.acme.1"),
        ("model.shop.orders\U0001f600", "report.mode.acme.1"),
    ),
)


def ids_of(data: Mapping[str, Any]) -> list[str]:
    """Read the ids as a script does, which counts in units of UTF-16."""
    ids: list[str] = []
    former = b""
    for shared, rest in zip(data["ids"][::2], data["ids"][1::2], strict=True):
        former = former[: 2 * shared] + rest.encode("utf-16-le")
        ids.append(former.decode("utf-16-le"))
    return ids


def edges_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    ids, steps = ids_of(data), iter(data["reader_steps"])
    edges = []
    for upstream, count in zip(ids, data["reader_counts"], strict=True):
        position = 0
        for _ in range(count):
            position += next(steps)
            edges.append((upstream, ids[position]))
    assert [] == list(steps)
    return edges


def test_nodes_and_edges_read_back_as_they_were() -> None:
    """Ids that share a part, a character of two units included, are whole again."""
    data = page_data(GRAPH, ())
    assert [node.id for node in GRAPH.nodes] == ids_of(data)
    assert list(GRAPH.edges) == edges_of(data)


def test_each_column_has_one_value_per_node() -> None:
    """A name that ends its id is left out; an empty name is not taken for that."""
    data = page_data(GRAPH, ())
    assert ["topic", 0, "", "orders", "Revenue"] == data["name"]
    assert ["asset", "model", "model", "model", "report"] == [data["kinds"][at] for at in data["kind"]]
    assert ["hourglass", "shop", "shop", "shop", "acme"] == [data["projects"][at] for at in data["project"]]
    assert [0, ["ana", "ben"], 0, ["ben"], 0] == [
        owners and [data["owners"][at] for at in owners] for owners in data["owner"]
    ]
    assert [0, "DB.S.ORDERS", 0, 0, 0] == data["relation"]
    assert [{"kinds": ["kafka"]}, 0, 0, 0, 0] == data["facts"]


def test_findings_withheld_answers_and_gaps_are_complete() -> None:
    """Findings keep their order; a withheld answer has its kind and reason; a gap has its candidates."""
    stale = Finding(
        FindingKind.STALE_REPORT,
        "report.mode.acme.1",
        "Revenue",
        "It rests.",
        ("Since May.",),
        {"views": 3, "runs": None},
        ("ana",),
    )
    unused = Finding(FindingKind.UNUSED_MODEL, "model.shop.orders", "orders", "Nobody reads it.", removable=False)
    gap = Gap(GapKind.AMBIGUOUS, "report.mode.acme.1", "ORDERS", "Write the schema.", ("model.shop.orders",))
    graph = PlatformGraph(GRAPH.nodes, GRAPH.edges, (gap,))
    answers: list[Found | Withheld] = [
        Found((unused,)),
        Withheld(FindingKind.SLOW_MODEL, "No run is known."),
        Found(()),
        Found((stale,)),
    ]
    data = page_data(graph, iter(answers))
    assert [
        ["unused_model", "model.shop.orders", "orders", "Nobody reads it.", [], {}, [], 0],
        [
            "stale_report",
            "report.mode.acme.1",
            "Revenue",
            "It rests.",
            ["Since May."],
            {"views": 3, "runs": None},
            ["ana"],
            1,
        ],
    ] == data["findings"]
    assert ["views", "runs"] == list(data["findings"][1][5])
    assert [["slow_model", "No run is known."]] == data["withheld"]
    assert [
        ["ambiguous", "report.mode.acme.1", "ORDERS", "Write the schema.", ["model.shop.orders"]],
    ] == data["gaps"]
    assert [kind.value for kind in FindingKind] == data["finding_kinds"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**53, "9007199254740992"),
        (True, True),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (Decimal("1.10"), "1.10"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        ({"b": (1, None), "a": {"z", "y"}}, {"a": ["y", "z"], "b": [1, None]}),
    ],
)
def test_a_fact_is_a_value_that_a_script_reads_without_loss(value: object, expected: object) -> None:
    """`JSON.parse` refuses NaN and rounds large integers: they become text."""
    graph = PlatformGraph((Node("model.a.b", NodeKind.MODEL, facts={"fact": value}),), ())
    [facts] = page_data(graph, ())["facts"]
    assert expected == facts["fact"]
    assert type(expected) is type(facts["fact"])


def test_a_fact_without_a_plain_form_is_refused_by_name() -> None:
    """An object would be shown as its address."""
    graph = PlatformGraph((Node("model.a.b", NodeKind.MODEL, facts={"reader": object()}),), ())
    with pytest.raises(GraphError, match=r"reader of model\.a\.b is a object: the page shows plain JSON values only"):
        page_data(graph, ())
