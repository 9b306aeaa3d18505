from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.metapipeline.bi.workspace import Report, Workspace
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.graph.platform import WorkspaceReads, platform_graph
from orchestration.metapipeline.judging.stale.history import ReportHistory, ReportRecord
from orchestration.metapipeline.judging.stale.plan import ArchiveReport, DeleteReport, plan_reports
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from orchestration.metapipeline.judging.stale.source import SourceCounts
from tests.unit.orchestration.metapipeline.judging.stale.reports import RULES, START, Depot, stale, used


def found(answer: Found | Withheld) -> tuple[Finding, ...]:
    assert isinstance(answer, Found)
    return answer.findings


def test_a_stale_report_is_found_with_its_evidence() -> None:
    """The finding names the node of the graph, and whom to tell."""
    report = replace(stale("r1"), name="Late parcels", owners=("ada@example.com",))
    (finding,) = found(Depot.of(report, used("r2")).plan().stale)
    assert FindingKind.STALE_REPORT is finding.kind
    assert ("report.mode.depot.r1", "Late parcels") == (finding.subject, finding.name)
    assert "It has not run for 200 days." == finding.reason
    assert ("ada@example.com",) == finding.owners
    assert {"days_since_last_run": 200, "runs": 50, "views": 50, "age_days": 400} == finding.numbers


def test_the_longest_unused_comes_first() -> None:
    """The limit of one run then takes the surest."""
    reports = [stale("r1", idle=120), stale("r2", idle=300), used("r3"), stale("r4", idle=300)]
    plan = Depot.of(*reports, rules=StaleReportRules(steps_max=2)).plan()
    assert ["r2", "r4", "r1"] == [finding.name for finding in found(plan.stale)]
    assert ["r2", "r4"] == [step.report_id for step in plan.steps]
    assert 1 == plan.left_out


def test_archived_reports_are_not_stale() -> None:
    """They are archived already, by whomever."""
    plan = Depot.of(replace(stale("r1"), archived=True), used("r2")).plan()
    assert ((), (), ()) == (found(plan.stale), found(plan.deletable), plan.steps)


def test_an_undecided_report_is_listed() -> None:
    """Unknown counters are said, and nothing is archived."""
    plan = Depot.of(replace(used("r1"), runs=None, views=None), used("r2")).plan()
    assert ["r1"] == [undecided.report_id for undecided in plan.undecided]
    assert "runs, views unknown" in plan.undecided[0].reason
    assert () == plan.steps


def test_a_report_is_deletable_after_its_days_in_the_archive() -> None:
    """89 days are not enough, 90 are."""
    record = ReportRecord(archived_at=START, confirmed=True, runs=50, views=50)
    depot = Depot.of(replace(stale("r1"), archived=True), used("r2"))
    depot.history = depot.history.with_record("r1", record)
    depot.pass_days(89)
    assert () == found(depot.plan().deletable)
    depot.pass_days(1)
    (finding,) = found(depot.plan().deletable)
    assert FindingKind.DELETABLE_REPORT is finding.kind
    assert "It has been archived and unused for 90 days." == finding.reason
    assert 90 == finding.numbers["days_archived"]
    (step,) = depot.plan().steps
    assert isinstance(step, DeleteReport)
    assert 1 == step.queries


def test_deletion_is_off_by_default() -> None:
    """A deletable report is listed, and no step deletes it."""
    depot = Depot.of(replace(stale("r1"), archived=True), used("r2"), rules=StaleReportRules())
    depot.history = depot.history.with_record("r1", ReportRecord(archived_at=START, confirmed=True))
    depot.pass_days(90)
    assert 1 == len(found(depot.plan().deletable))
    assert () == depot.plan().steps


def test_what_a_person_archived_is_never_deleted() -> None:
    """Only our own archiving starts the days until deletion."""
    depot = Depot.of(replace(stale("r1"), archived=True), used("r2"))
    depot.pass_days(1000)
    assert ((), ()) == (found(depot.plan().deletable), depot.plan().steps)


def test_the_time_of_the_tool_counts_where_our_record_is_lost() -> None:
    """A tool that keeps the moment of our archiving needs no record of ours."""
    depot = Depot.of(replace(stale("r1"), archived=True, archived_at=START), used("r2"))
    depot.pass_days(90)
    assert ["r1"] == [finding.name for finding in found(depot.plan().deletable)]


@pytest.mark.parametrize(
    "use", [{"last_run_at": START + timedelta(80)}, {"views": 51}, {"runs": 51}], ids=["run", "view", "runs"]
)
def test_use_in_the_archive_starts_the_days_again(use: dict[str, object]) -> None:
    """A report that is still opened by its address is not deleted."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.pass_days(80)
    depot.tool.change("r1", **use)
    depot.run()
    depot.pass_days(89)
    assert () == found(depot.plan().deletable)
    depot.pass_days(1)
    assert ["r1"] == [finding.name for finding in found(depot.plan().deletable)]


HALF = [used(f"r{number}") for number in range(5)]


@pytest.mark.parametrize(
    ("reason", "reports", "doubts"),
    [
        ("has no reports in depot", [], ()),
        ("may be partial: half a list (and 1 more)", [stale("r1"), used("r2")], ("half a list", "another")),
        ("No report of mode has a run or a view", [replace(stale("r1"), runs=0, views=0)], ()),
        ("No report of mode has a run or a view", [replace(stale("r1"), runs=None, views=0)], ()),
        ("No report of mode", [replace(stale("r1"), runs=None, views=None, last_run_at=None)], ()),
        ("has 5 reports, and had 10", HALF, ()),
    ],
)
def test_a_source_that_may_be_partial_stops_everything(
    reason: str, reports: list[Report], doubts: tuple[str, ...]
) -> None:
    """No finding, no step, no new counts; and what would change that."""
    depot = Depot.of(*reports)
    depot.tool.doubts = doubts
    depot.history = depot.history.with_counts(SourceCounts(reports=10, queries=5, counted=0, used=0, dated=0))
    plan = depot.plan()
    assert isinstance(plan.stale, Withheld)
    assert isinstance(plan.deletable, Withheld)
    assert reason in plan.stale.reason
    assert ((), None) == (plan.steps, plan.counts)


@pytest.mark.parametrize("name", ["reports", "queries", "counted", "used", "dated"])
def test_each_count_is_guarded(name: str) -> None:
    """Queries, counters or last runs may be lost alone."""
    depot = Depot.of(*HALF)
    counts = SourceCounts.of(depot.tool.read())
    depot.history = depot.history.with_counts(counts.model_copy(update={name: 9}))
    assert isinstance(depot.plan().stale, Found)
    depot.history = depot.history.with_counts(counts.model_copy(update={name: 10}))
    assert isinstance(depot.plan().stale, Withheld)


def test_missing_counters_leave_the_days() -> None:
    """Mode documents no counters: the last run decides alone where there is none at all."""
    reports = [replace(stale("r1"), runs=None, views=None), replace(used("r2"), runs=None, views=None)]
    plan = Depot.of(*reports).plan()
    assert ["r1"] == [finding.name for finding in found(plan.stale)]
    assert ["r2"] == [undecided.report_id for undecided in plan.undecided]


def test_our_own_deletions_are_no_loss() -> None:
    """After a run that deleted most reports, the next one goes on."""
    depot = Depot.of(used("r0"), *[stale(f"r{number}") for number in range(1, 6)])
    depot.run()
    depot.pass_days(90)
    depot.run()
    assert ["r0"] == sorted(depot.tool.reports)
    assert isinstance(depot.plan().stale, Found)


def test_the_history_is_of_one_workspace() -> None:
    """The record of another workspace would delete the wrong reports."""
    with pytest.raises(BiError, match=r"the history is of mode\.other"):
        plan_reports(Workspace("mode", "depot", (used("r1"),), ()), ReportHistory(workspace="mode.other"), RULES, START)


def test_a_finding_is_about_the_node_of_its_report() -> None:
    """Also where the name of the workspace has a dot, which the id of a node escapes."""
    workspace = Workspace("mode", "de.pot", (stale("r1"), used("u1")), ())
    (finding,) = found(plan_reports(workspace, ReportHistory.empty(workspace), RULES, START).stale)
    assert finding.subject in platform_graph(PlatformGraph((), ()), [WorkspaceReads(workspace)]).graph.by_id


def test_the_first_history_is_empty() -> None:
    """It is of the workspace that was read."""
    assert ReportHistory(workspace="mode.depot") == ReportHistory.empty(Depot.of().tool.read())


def test_a_plan_is_the_same_twice() -> None:
    """Nothing depends on the order of the reading."""
    depot = Depot.of(stale("r1"), stale("r2"), used("r3"))
    assert depot.plan() == depot.plan()
    assert all(isinstance(step, ArchiveReport) for step in depot.plan().steps)
