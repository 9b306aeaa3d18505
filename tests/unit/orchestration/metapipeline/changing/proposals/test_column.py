"""The removal of one column."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orchestration.metapipeline.changing.proposals.column import column_plan
from orchestration.metapipeline.changing.proposals.proposal import Inputs, Planned, plan_changes
from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, apply_steps
from orchestration.metapipeline.changing.proposals.tombstone import TombstoneSettings
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.manifest import digests_of_readers
from tests.fakes.dbt_parser import project_of

TODAY = date(2026, 11, 30)
ORDERS = "model.shop.orders"
ENTRIES = """\
models:
  - name: orders
    # one row for each order
    columns:
      - name: id
      # notes are of the old shop
      - name: notes
        description: what was said
    config: {materialized: table}
  - name: ships
    columns: [{name: notes}]
"""
FILES = {
    "models/orders.sql": "select\n    o.id,\n    o.remarks as notes\nfrom {{ source('app', 'orders') }} as o\n",
    "models/board.sql": "select id from {{ ref('orders') }}",
    "models/ships.sql": "select id, notes from {{ source('app', 'ships') }}",
    "models/all.yml": ENTRIES,
    "README.md": "`orders` has notes.",
}


def finding_of(files: dict[str, str]) -> Finding:
    digest = digests_of_readers(project_of(files).manifest)[ORDERS]
    numbers = {"column": "NOTES", "digest": digest}
    return Finding(FindingKind.UNUSED_COLUMN, ORDERS, "orders.NOTES", "no text needs it", numbers=numbers)


def plan_of(**changed: str) -> Plan:
    files = FILES | {path.replace("__", "/", 1).replace("__", "."): text for path, text in changed.items()}
    return column_plan(project_of(files), finding_of(files), TODAY)


def test_the_item_and_its_entry_go_and_nothing_else() -> None:
    """The comment that names it goes with it; other comments, and the column of this name in another model, stay."""
    plan = plan_of()
    changed = apply_steps(FILES, plan.steps)
    assert (PlanKind.COLUMN, f"{ORDERS}.NOTES", ()) == (plan.kind, plan.subject, plan.gone)
    assert "select\n    o.id\nfrom {{ source('app', 'orders') }} as o\n" == changed["models/orders.sql"]
    gone = "      # notes are of the old shop\n      - name: notes\n        description: what was said\n"
    assert ENTRIES.replace(gone, "") == changed["models/all.yml"]


def test_a_column_without_an_entry_loses_its_item() -> None:
    """YAML lists columns only where somebody described them."""
    plan = plan_of(models__all__yml="models:\n  - name: orders\n    config: {materialized: view}\n")
    assert ["models/orders.sql"] == [step.path for step in plan.steps]


def test_the_last_described_column_takes_the_list_with_it() -> None:
    """An empty list says nothing."""
    entries = "models:\n  - name: orders\n    config: {materialized: view}\n    columns:\n      - name: notes\n"
    changed = apply_steps(FILES | {"models/all.yml": entries}, plan_of(models__all__yml=entries).steps)
    assert "models:\n  - name: orders\n    config: {materialized: view}\n" == changed["models/all.yml"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"models__board__sql": "select id, notes from {{ ref('orders') }}"}, "NOTES is named in models/board.sql"),
        ({"models__board__sql": "select id, Notes from analytics.public.orders"}, "named in models/board.sql"),
        ({"macros__m__sql": "{% macro m(r) %} select notes from {{ r }} {% endmacro %}"}, "named in macros/m.sql"),
        ({"scripts__load__py": 'run("select notes from orders", "{{ ref(\'orders\') }}")'}, "named in scripts/load.py"),
        (
            {
                "models__all__yml": ENTRIES.replace("what was said", "x").replace(
                    "  - name: ships", "    meta: {key: notes}\n  - name: ships"
                )
            },
            "named in models/all.yml",
        ),
        (
            {"models__all__yml": ENTRIES.replace("description: what was said", "data_tests: [not_null]")},
            "has data_tests",
        ),
        ({"models__all__yml": ENTRIES.replace("materialized: table", "materialized: incremental")}, "incremental"),
        (
            {
                "models__all__yml": ENTRIES.replace(
                    "materialized: table", "materialized: table, contract: {enforced: true}"
                )
            },
            "contract",
        ),
        (
            {
                "models__all__yml": ENTRIES.replace(
                    "materialized: table", "materialized: table, meta: {hourglass: keep}"
                )
            },
            "keep",
        ),
        (
            {"models__orders__sql": "{{ config(cluster_by=['notes']) }} select a, b as notes from {{ ref('ships') }}"},
            "named in models/orders.sql",
        ),
        ({"models__orders__sql": "select * from {{ ref('ships') }}"}, "last SELECT"),
    ],
)
def test_what_is_not_simple_is_refused(changed: dict[str, str], said: str) -> None:
    """The message names the place."""
    with pytest.raises(ProposalError, match=said):
        plan_of(**changed)


@pytest.mark.parametrize("path", ["models/board.sql", "models/orders.sql", "models/new.sql"])
def test_code_that_was_not_judged_is_refused(path: str) -> None:
    """The base branch may be newer than the manifest: a changed or a new reader may show all columns."""
    now = FILES | {path: FILES.get(path, "select * from {{ ref('orders') }}") + " -- later"}  # noqa: S608 (parsed, never run)
    with pytest.raises(ProposalError, match="not as it was judged"):
        column_plan(project_of(now), finding_of(FILES), TODAY)


def changes(**inputs: object) -> Planned:
    columns = Found((finding_of(FILES), replace(finding_of(FILES), removable=False)))
    made = Inputs(Found(()), (), None, None, datetime(2026, 11, 30, tzinfo=UTC), columns)
    return plan_changes(
        project_of(FILES),
        replace(made, **inputs),  # type: ignore[arg-type]
        TombstoneSettings(),
        lambda *_: made.now,
        "models/exposures.yml",
    )


def test_only_certain_columns_have_a_plan() -> None:
    """The others are listed alone."""
    planned = changes()
    assert [PlanKind.COLUMN] == [plan.kind for plan in planned.plans]
    assert () == planned.refused
    assert PlanKind.COLUMN in planned.answered


@pytest.mark.parametrize("answer", ["unused", "columns"])
def test_without_an_answer_no_column_is_removed_and_none_is_taken_back(answer: str) -> None:
    """While unused models are withheld, a source of readers is missing for columns, too."""
    planned = changes(**{answer: Withheld(FindingKind.UNUSED_MODEL, "hours are not sealed")})
    assert () == planned.plans
    assert PlanKind.COLUMN not in planned.answered
