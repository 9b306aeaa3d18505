from __future__ import annotations

from datetime import timedelta

from infra.local.mode_server.faults import FaultKind
from infra.local.mode_server.planted import STALE_KINDS, planted_workspace
from orchestration.metapipeline.bi.mode.tool import ModeTool
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.judging.stale.apply import Applied, Result, Run
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.judging.stale.plan import plan_reports
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from tests.unit.orchestration.metapipeline.bi.mode.served import NOW, Mode, Serve

RULES = StaleReportRules(delete=True, steps_max=200)
EMPTY = ReportHistory(workspace="mode.depot")


def kind(name: str) -> str:
    return name.partition(" ")[0]


def run(mode: Mode, tool: ModeTool, history: ReportHistory) -> Applied:
    plan = plan_reports(tool.read(), history, RULES, mode.clock.utc_now())
    return Run(tool, RULES, mode.clock, lambda _: None, dry_run=False).apply(plan, history)


def test_the_planted_stale_reports_are_found(serve: Serve) -> None:
    """In a workspace of 200 reports: all of them, and none that is at a boundary, unknown, or a dataset."""
    state = planted_workspace(NOW, reports=200)
    plan = plan_reports(serve(state).tool().read(), EMPTY, RULES, NOW)
    assert isinstance(plan.stale, Found)
    planted = {row["name"] for row in state.reports if kind(row["name"]) in STALE_KINDS}
    assert 60 == len(planted)
    assert planted == {finding.name for finding in plan.stale.findings}
    assert {"unknown", "dataset"} == {kind(undecided.name) for undecided in plan.undecided}


def test_half_a_list_stops_everything(serve: Serve) -> None:
    """Without Discovery the list looks whole; the counts of the last reading do not agree."""
    mode = serve(planted_workspace(NOW, reports=20, collections=1))
    tool = mode.tool()
    history = run(mode, tool, EMPTY).history
    mode.fault(FaultKind.HALF, "GET /api/depot/collections/c0+/reports.page=1")
    mode.fault(FaultKind.HALF, "GET /api/depot/collections/c0+/datasets.page=1")
    plan = plan_reports(tool.read(), history, RULES, NOW)
    assert isinstance(plan.stale, Withheld)
    assert "has 10 reports, and had 20" in plan.stale.reason
    assert () == plan.steps


def test_a_report_lives_from_active_to_deleted(serve: Serve) -> None:
    """Over the API, with an answer lost after each kind of change; what people archived stays."""
    mode = serve()
    tool = mode.tool()
    mode.fault(FaultKind.LOST, "PATCH")
    mode.fault(FaultKind.LOST, "DELETE")
    applied = run(mode, tool, EMPTY)
    assert {Result.DONE} == {outcome.result for outcome in applied.outcomes}
    mode.clock.time += timedelta(89)
    archived = {row["token"] for row in mode.server.state.reports if row.get("archived")}
    assert 6 + 2 == len(archived)
    for row in mode.server.state.reports:
        if not row.get("archived"):
            mode.server.state.run(row["token"], mode.clock.utc_now())
    applied = run(mode, tool, applied.history)
    mode.clock.time += timedelta(1)
    applied = run(mode, tool, applied.history)
    left = [kind(row["name"]) for row in mode.server.state.reports]
    assert 14 == len(left)
    assert STALE_KINDS.isdisjoint(left)
    assert 2 == left.count("archived")
    assert [] == list(run(mode, tool, applied.history).outcomes)


def test_a_report_that_is_run_between_plan_and_apply_is_kept(serve: Serve) -> None:
    """Also when the server is slow to say so: each report is read again before it is changed."""
    mode = serve()
    tool = mode.tool()
    plan = plan_reports(tool.read(), EMPTY, RULES, NOW)
    used = plan.steps[0].report_id
    mode.server.state.run(used, NOW)
    applied = Run(tool, RULES, mode.clock, lambda _: None, dry_run=False).apply(plan, EMPTY)
    assert {used} == {o.step.report_id for o in applied.outcomes if o.result is Result.DROPPED}
    assert not mode.server.state.find(used)["archived"]  # type: ignore[index]
