"""Each check of an asset: one input that passes, and one that fails with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.building import RECIPES
from orchestration.metapipeline.definitions.checks import changing, judging, reading, showing
from orchestration.metapipeline.definitions.checks.check import Check
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import Gap, GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.pipeline.showing import DrawnChart
from orchestration.metapipeline.pipeline.steps import Usage
from orchestration.metapipeline.showing.notebooks.data import AnalysisData
from orchestration.metapipeline.showing.page.document import PageCounts
from orchestration.metapipeline.usage.credits import Bill, ModelCredits
from orchestration.metapipeline.usage.evidence import Evidence, Window
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf
from tests.unit.orchestration.metapipeline.graphs import graph_of

DOCUMENT = MetapipelineDocument.model_validate(
    {
        "dbt_projects": [{"manifest": "shop.json"}],
        "credits": {"warehouse": "TRANSFORMING", "metering": True},
        "checks": {
            "gap_share": 0.5,
            "unfinished_share": 0.5,
            "rest_share": 0.5,
            "unowned_share": 0.5,
            "doubted_share": 0.5,
        },
    }
)
NOON, TODAY = datetime(2025, 8, 20, 12, tzinfo=UTC), date(2025, 8, 20)
A, B, QUERY, OTHER = "model.shop.a", "model.shop.b", "query.mode.acme.q", "query.mode.acme.r"
READS: dict[str, list[str]] = {A: [], B: [A], QUERY: [B], OTHER: [B]}
GRAPH = graph_of(READS)
PLATFORM = Platform(GRAPH)


def with_gaps(kind: GapKind, *readers: str) -> Platform:
    return Platform(graph_of(READS, gaps=[Gap(kind, reader, "orders", "It is so.") for reader in readers]))


def run(state: RunState) -> ModelRun:
    return ModelRun(StepOf("acme", "prod", None, "r", "s"), A, state, (NOON,), None)


def usage(*unsealed: datetime, complete: bool = True) -> Usage:
    return Usage(Evidence((), complete=complete), Window(NOON - timedelta(hours=1), NOON, unsealed))


def score(unique_id: str) -> Importance:
    return Importance(unique_id, NodeKind.MODEL, 0, 0, 0, 0, 0, 0, 0)


def found(*findings: Finding) -> Found:
    return Found(findings)


def finding(subject: str, *owners: str, removable: bool = True) -> Finding:
    return Finding(FindingKind.UNUSED_COLUMN, subject, subject, "It is so.", owners=owners, removable=removable)


def plan(stale: Found | Withheld) -> ReportPlan:
    return ReportPlan("mode.acme", stale, found())


def bill(rest: float, metered: float | None = 1.0) -> Bill:
    return Bill((ModelCredits(A, 60, 0.5, 0.1),), metered, rest)


WITHHELD = Withheld(FindingKind.UNUSED_MODEL, "no events")
DONE = Change("r1", "archive", "done")
REFUSED = Change("r1", "archive", "failed", "Mode refused", failed=True)
DRAWN = DrawnChart(Path("chart.png"), (3, 0, 5))
DAY = PlatformDay(TODAY, models=2, credits=0.3)
DATA = AnalysisData(models_per_day={TODAY: 3}, history=(DAY,))

Case = tuple[Check, Mapping[str, Any], Mapping[str, Any], str]
CASES: list[Case] = [
    (
        reading.other_assets_are_read,
        {"dagster_assets": (AssetFacts("orders", "shop"),)},
        {"dagster_assets": (AssetFacts("platform_graph", "metapipeline"),)},
        "no asset beside the metapipeline",
    ),
    (
        reading.every_project_has_models,
        {"dbt_projects": (GRAPH,)},
        {"dbt_projects": (graph_of({"source.shop.raw": []}),)},
        "no model in shop.json",
    ),
    (
        reading.manifests_are_whole,
        {"dbt_projects": (with_gaps(GapKind.AMBIGUOUS, A).graph,)},
        {"dbt_projects": (with_gaps(GapKind.DISABLED, A).graph,)},
        "It is so.",
    ),
    (
        reading.bi_reading_is_whole,
        {"bi_workspaces": (Workspace("mode", "acme", (), ()),)},
        {"bi_workspaces": (Workspace("mode", "acme", (), (), doubts=("a page is missing",)),)},
        "mode acme: a page is missing",
    ),
    (
        reading.runs_are_known,
        {"model_runs": (run(RunState.FAILED),)},
        {"model_runs": ()},
        "publish hours first",
    ),
    (
        reading.runs_are_finished,
        {"model_runs": (run(RunState.UNFINISHED), run(RunState.SUCCEEDED))},
        {"model_runs": (run(RunState.UNFINISHED), run(RunState.SUCCEEDED), run(RunState.UNFINISHED))},
        "2 of 3 runs have no end, more than 50%",
    ),
    (
        reading.usage_window_is_sealed,
        {"usage_evidence": usage()},
        {"usage_evidence": usage(NOON)},
        "1 hours are not sealed, such as 2025-08-20T12",
    ),
    (
        reading.usage_is_read_whole,
        {"usage_evidence": usage()},
        {"usage_evidence": usage(complete=False)},
        "more than can be read",
    ),
    (
        judging.every_model_is_in_the_graph,
        {"platform_graph": PLATFORM, "dbt_projects": (GRAPH,)},
        {"platform_graph": Platform(graph_of({A: []})), "dbt_projects": (GRAPH,)},
        "model.shop.b is missing",
    ),
    (
        judging.every_query_is_understood,
        {"platform_graph": with_gaps(GapKind.AMBIGUOUS, QUERY)},
        {"platform_graph": with_gaps(GapKind.UNPARSABLE, QUERY)},
        "1 queries, such as query.mode.acme.q: It is so.",
    ),
    (
        judging.gaps_are_few,
        {"platform_graph": with_gaps(GapKind.AMBIGUOUS, QUERY)},
        {"platform_graph": with_gaps(GapKind.AMBIGUOUS, QUERY, OTHER)},
        "2 of 2 queries have a gap, more than 50%",
    ),
    (
        judging.gaps_are_few,
        {"platform_graph": with_gaps(GapKind.ASSUMED, QUERY, OTHER, A, B)},
        {"platform_graph": with_gaps(GapKind.MISSING, A, B)},
        "2 of 2 other nodes have a gap",
    ),
    (
        judging.importance_covers_every_model,
        {"model_importance": (score(A), score(B)), "platform_graph": PLATFORM},
        {"model_importance": (score(B),), "platform_graph": PLATFORM},
        "model.shop.a has no score",
    ),
    (
        judging.credits_add_up,
        {"model_credits": bill(0.6).models, "bill": bill(0.6)},
        {"model_credits": bill(0.6).models, "bill": bill(0.5)},
        "0.900000 credits are divided, and 1.000000 are metered",
    ),
    (
        judging.the_rest_is_small,
        {"bill": bill(0.5)},
        {"bill": bill(0.6)},
        "0.60 of 1.00 metered credits of TRANSFORMING",
    ),
    (
        judging.the_rest_is_small,
        {"bill": bill(0.0, None)},
        {"bill": bill(0.0, 0.0)},
        "no hour of the warehouse 'TRANSFORMING' is metered",
    ),
    (
        judging.stale_reports_are_answered,
        {"stale_reports": (plan(found()),)},
        {"stale_reports": (plan(found()), plan(WITHHELD))},
        "no events",
    ),
    (judging.unused_models_are_answered, {"unused_models": found()}, {"unused_models": WITHHELD}, "no events"),
    (
        judging.models_have_owners,
        {"platform_graph": PLATFORM, "owners": {A: ("ann",)}},
        {"platform_graph": PLATFORM, "owners": {A: (), QUERY: ("ann",)}},
        "2 of 2 models have no owner",
    ),
    (judging.unused_columns_are_answered, {"unused_columns": found()}, {"unused_columns": WITHHELD}, "no events"),
    (
        judging.columns_are_certain,
        {"unused_columns": found(finding(A, removable=False), replace(finding(B), numbers={"may_be_read": True}))},
        {"unused_columns": found(replace(finding(B), numbers={"may_be_read": True}))},
        "1 of 1 listed columns may be read after all",
    ),
    (
        judging.slow_models_have_owners,
        {"slow_models": (found(finding(A, "ann")), WITHHELD)},
        {"slow_models": (found(finding(A, "ann")), found(finding(B)))},
        "nobody owns model.shop.b",
    ),
    (
        changing.no_report_failed,
        {"archived_reports": (DONE,)},
        {"archived_reports": (DONE, REFUSED)},
        "failed: archive r1 (Mode refused)",
    ),
    (changing.no_pull_request_failed, {"pull_requests": ()}, {"pull_requests": (REFUSED,)}, "Mode refused"),
    (changing.no_message_failed, {"owner_messages": (DONE,)}, {"owner_messages": (REFUSED,)}, "Mode refused"),
    (
        showing.page_shows_the_graph,
        {"platform_page": PageCounts(9_000, 4, 3, 2), "platform_graph": PLATFORM, "findings": 2},
        {"platform_page": PageCounts(9_000, 4, 2, 2), "platform_graph": PLATFORM, "findings": 2},
        "2 edges of 3",
    ),
    (
        showing.history_has_this_day,
        {"platform_history": (PlatformDay(date(2025, 8, 19)), DAY), "today": DAY},
        {"platform_history": (PlatformDay(date(2025, 8, 19)),), "today": DAY},
        "0 rows are of 2025-08-20",
    ),
    (
        showing.history_has_this_day,
        {"platform_history": (PlatformDay(TODAY, 2, reports=7, credits=0.1 + 0.2),), "today": DAY},
        {"platform_history": (PlatformDay(TODAY, 3, credits=0.3),), "today": DAY},
        "models is 3, and 2 was counted",
    ),
    (
        showing.bars_equal_the_counts,
        {"models_run_per_day": DRAWN, "counts": {TODAY: 3, TODAY + timedelta(days=2): 5}},
        {"models_run_per_day": DRAWN, "counts": {TODAY: 3, TODAY + timedelta(days=1): 5}},
        "the bars are (3, 0, 5), and the counts (3, 5)",
    ),
    (
        showing.data_is_as_counted,
        {"meta_analysis_data": DATA, "counts": {TODAY: 3}, "platform_history": (DAY,)},
        {"meta_analysis_data": DATA, "counts": {TODAY: 4}, "platform_history": ()},
        "the stored models per day is another one; the stored history is another one",
    ),
]


@pytest.mark.parametrize(("checked", "right", "wrong", "reason"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_a_check_passes_and_fails_with_its_reason(
    checked: Check, right: Mapping[str, Any], wrong: Mapping[str, Any], reason: str
) -> None:
    """The reason is for the owner of the asset."""
    assert (True, None) == judged(checked, right)
    passed, description = judged(checked, wrong)
    assert not passed
    assert reason in str(description)


def judged(checked: Check, seen: Mapping[str, Any]) -> tuple[bool, str | None]:
    result = checked.judge({"document": DOCUMENT, **seen})
    return result.passed, result.description


def cell(count: int | None, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": count, "outputs": list(outputs)}


CHART = {"output_type": "display_data", "data": {"image/png": "…"}}
ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "day"}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([{"cell_type": "markdown"}, cell(1), cell(2, CHART)], None),
        ([cell(1, CHART), cell(None)], "1 of 2 cells were not executed"),
        ([cell(1, CHART), cell(2, ERROR)], "KeyError: day"),
        ([cell(1)], "no cell drew a chart"),
    ],
)
def test_a_notebook_is_executed_whole_and_draws(tmp_path: Path, cells: list[Any], reason: str | None) -> None:
    """The stored file is what the link of the asset shows."""
    path = tmp_path / "meta_analysis.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert (reason is None, reason) == judged(showing.notebook_shows_its_charts, {"meta_analysis": path})


def test_every_asset_has_a_check_and_every_check_is_tested() -> None:
    """A check whose answer nobody needs to act on warns; it is an error where an answer or a change is wrong."""
    checks = {checked.name: checked.severity for recipe in RECIPES for checked in recipe.checks}
    assert [] == [recipe.name for recipe in RECIPES if not recipe.checks]
    assert {*(case[0].name for case in CASES), "notebook_shows_its_charts"} == set(checks)
    assert {
        "every_project_has_models",
        "every_model_is_in_the_graph",
        "importance_covers_every_model",
        "credits_add_up",
        "no_report_failed",
        "no_pull_request_failed",
        "no_message_failed",
        "page_shows_the_graph",
        "history_has_this_day",
        "bars_equal_the_counts",
        "data_is_as_counted",
        "notebook_shows_its_charts",
    } == {name for name, severity in checks.items() if severity is dg.AssetCheckSeverity.ERROR}


def test_the_graph_of_a_platform_without_queries_has_no_gaps() -> None:
    """Nothing is divided by zero."""
    empty = Platform(PlatformGraph((), ()))
    assert (True, None) == judged(judging.gaps_are_few, {"platform_graph": empty})
