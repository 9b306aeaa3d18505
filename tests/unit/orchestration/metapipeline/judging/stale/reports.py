"""Reports of a workspace over days, and runs of the metapipeline over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.judging.stale.apply import Applied, Run
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.judging.stale.plan import ReportPlan, plan_reports
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from tests.fakes.bi_tool import FakeBiTool
from tests.fakes.clock import FakeClock

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = StaleReportRules(delete=True)


def used(report_id: str) -> Report:
    """Build a report that is used all the time."""
    always = START + timedelta(10_000)
    return Report(report_id, report_id, created_at=START - timedelta(400), last_run_at=always, runs=50, views=50)


def stale(report_id: str, idle: int = 200) -> Report:
    """Build a report that was not run for some days."""
    last_run = START - timedelta(idle)
    return Report(report_id, report_id, created_at=START - timedelta(400), last_run_at=last_run, runs=50, views=50)


@dataclass
class Depot:
    """A workspace, our record of it, and its days."""

    tool: FakeBiTool
    rules: StaleReportRules = RULES
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    history: ReportHistory = field(default_factory=lambda: ReportHistory(workspace="mode.depot"))

    @classmethod
    def of(cls, *reports: Report, rules: StaleReportRules = RULES) -> Depot:
        """Build a workspace of some reports."""
        return cls(FakeBiTool({report.id: report for report in reports}), rules)

    def pass_days(self, days: int) -> None:
        """Move the clock."""
        self.clock.time += timedelta(days)

    def plan(self) -> ReportPlan:
        """Read and plan."""
        return plan_reports(self.tool.read(), self.history, self.rules, self.clock.utc_now())

    def apply(self, plan: ReportPlan, *, dry_run: bool = False) -> Applied:
        """Carry out a plan."""
        run = Run(self.tool, self.rules, self.clock, self._save, dry_run=dry_run)
        return run.apply(plan, self.history)

    def run(self) -> Applied:
        """Plan and apply, as the weekly schedule does."""
        return self.apply(self.plan())

    def _save(self, history: ReportHistory) -> None:
        def act() -> None:
            self.history = ReportHistory.model_validate_json(history.model_dump_json())

        self.tool.effect("save", act)
