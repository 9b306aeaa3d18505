"""Which findings get a plan."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestration.metapipeline.changing.proposals.proposal import Inputs, plan_changes
from orchestration.metapipeline.changing.proposals.steps import Refused
from orchestration.metapipeline.changing.proposals.tombstone import TombstoneSettings
from orchestration.metapipeline.findings import Finding, FindingKind, Found
from tests.fakes.dbt_parser import project_of

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OLD = "model.shop.old"


def test_a_model_that_is_not_removable_is_refused_with_its_reason() -> None:
    """The reason is the last sentence of the evidence, such as who may read the model."""
    evidence = ("Nothing reads it.", "macro.shop.m may read it: its text names PROD.PUBLIC.OLD.")
    finding = Finding(FindingKind.UNUSED_MODEL, OLD, "old", "nobody reads it", evidence, removable=False)
    inputs = Inputs(Found((finding,)), (), None, None, NOW)
    planned = plan_changes(
        project_of({"models/old.sql": "select 1 as id"}), inputs, TombstoneSettings(), lambda *_: NOW, "models/e.yml"
    )
    assert () == planned.plans
    assert (Refused(OLD, f"it is marked as not removable: {evidence[-1]}"),) == planned.refused
