from __future__ import annotations

from typing import Any

import pytest

from orchestration.metapipeline.graph.nodes import Node, NodeKind
from orchestration.metapipeline.owners.codeowners import parse_codeowners
from orchestration.metapipeline.owners.resolution import Owned, Ownership, OwnerSource

CODE = parse_codeowners(b"* @everybody\n/transform/models/ @models\n/transform/models/free/\n")
OWNERSHIP = Ownership(CODE, {"shop": "transform"}, fallback=("data@example.com",))


def model(project: str = "shop", owners: tuple[str, ...] = (), **facts: Any) -> Node:
    return Node("model.shop.orders", NodeKind.MODEL, "orders", project, owners=owners, facts=facts)


PATH: dict[str, Any] = {"original_file_path": "models/orders.sql"}
META: dict[str, Any] = {"meta": {"owner": "ana"}}


@pytest.mark.parametrize(
    ("node", "owned"),
    [
        (model(owners=("ana", "group"), **META, **PATH), Owned(("ana",), OwnerSource.META)),
        (model(owners=("group",), **PATH), Owned(("group",), OwnerSource.NODE)),
        (model(**PATH), Owned(("@models",), OwnerSource.CODEOWNERS)),
        (model(original_file_path="models\\orders.sql"), Owned(("@models",), OwnerSource.CODEOWNERS)),
        (model(original_file_path="models/free/x.sql"), Owned(("data@example.com",), OwnerSource.FALLBACK)),
        (model(project="package", **PATH), Owned(("data@example.com",), OwnerSource.FALLBACK)),
        (model(), Owned(("data@example.com",), OwnerSource.FALLBACK)),
    ],
)
def test_the_first_source_that_names_somebody_decides(node: Node, owned: Owned) -> None:
    """Meta, then the node's own owners, then the code owners, then the fallback."""
    assert owned == OWNERSHIP.of(node)


def test_nobody_is_an_answer() -> None:
    """Nearly every model of the world has no owner."""
    assert Owned((), OwnerSource.NOBODY) == Ownership().of(model(**PATH))
    assert {} == Ownership().of_all([model(**PATH)])


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("ana", ("ana",)),
        (["ana", "ben", "ana", "", 7], ("ana", "ben")),
        ({"name": "Ana", "email": "ana@example.com"}, ("ana@example.com",)),
        ([{"name": "Ana"}, {"email": None, "name": "Ben"}], ("Ana", "Ben")),
        ("  ", ("data@example.com",)),
        (7, ("data@example.com",)),
        ([["ana"]], ("data@example.com",)),
        (None, ("data@example.com",)),
    ],
)
def test_the_meta_of_dbt_is_free_text(owner: object, expected: tuple[str, ...]) -> None:
    """A text, an object, a list; anything else names nobody."""
    assert expected == OWNERSHIP.of(model(meta={"owner": owner})).owners


def test_reports_and_exposures_have_the_owners_of_their_source() -> None:
    """They have no file in the repository."""
    report = Node("report.mode.w.1", NodeKind.REPORT, owners=("ana@example.com", "ben"))
    assert Owned(("ana@example.com", "ben"), OwnerSource.NODE) == OWNERSHIP.of(report)
    assert {"report.mode.w.1": ("ana@example.com", "ben")} == OWNERSHIP.of_all([report])


def test_meta_that_is_no_object_names_nobody() -> None:
    """A hostile manifest ends no resolution."""
    assert OwnerSource.FALLBACK is OWNERSHIP.of(model(meta=["owner"])).source
    assert OwnerSource.FALLBACK is OWNERSHIP.of(model(original_file_path=3)).source
