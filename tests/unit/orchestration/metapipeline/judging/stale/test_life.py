from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestration.metapipeline.judging.stale.apply import Result
from orchestration.metapipeline.judging.stale.plan import UpdateRecord
from tests.fakes.bi_tool import Killed
from tests.unit.orchestration.metapipeline.judging.stale.reports import RULES, START, Depot, stale, used

REPORTS = [f"r{number}" for number in range(4)]
reports = st.sampled_from(REPORTS)


class ReportLife(RuleBasedStateMachine):
    """People use, archive, un-archive and delete reports on any day, the metapipeline runs or is killed.

    The model holds, per report, the last use, when we archived it, and when a person un-archived it.
    """

    @initialize()
    def begin(self) -> None:
        """Begin with four stale reports and six that stay used."""
        self.depot = Depot.of(*map(stale, REPORTS), *[used(f"u{number}") for number in range(6)])
        self.last_use = dict.fromkeys(REPORTS, START - timedelta(200))
        self.archived_by_us: dict[str, datetime] = {}
        self.unarchived: dict[str, datetime] = {}
        self.expected = set(REPORTS)

    @property
    def now(self) -> datetime:
        """The time of the machine."""
        return self.depot.clock.utc_now()

    @rule(days=st.integers(1, 95))
    def pass_days(self, days: int) -> None:
        """Let days pass."""
        self.depot.pass_days(days)

    @rule(report_id=reports)
    def run_report(self, report_id: str) -> None:
        """Use a report, archived or not."""
        if report_id in self.depot.tool.reports:
            self.depot.tool.change(report_id, last_run_at=self.now)
            self.last_use[report_id] = self.now

    @rule(report_id=reports)
    def unarchive(self, report_id: str) -> None:
        """Un-archive a report; the next run sees it."""
        report = self.depot.tool.reports.get(report_id)
        if report is not None and report.archived:
            self.depot.tool.unarchive(report_id)
            if self.archived_by_us.pop(report_id, None):
                self.unarchived[report_id] = self.now
            self.run_pipeline()

    @rule(report_id=reports)
    def archive_by_hand(self, report_id: str) -> None:
        """Archive a report as a person does."""
        report = self.depot.tool.reports.get(report_id)
        if report is not None and not report.archived:
            self.depot.tool.change(report_id, archived=True)

    @rule(report_id=reports)
    def delete_by_hand(self, report_id: str) -> None:
        """Delete a report as a person does; never half of them."""
        if len(self.depot.tool.reports) > 8:
            self.depot.tool.reports.pop(report_id, None)
            self.expected.discard(report_id)

    @rule(half_effects=st.integers(0, 12))
    def kill_pipeline(self, half_effects: int) -> None:
        """Kill a run before or after one of its effects, and run again."""
        tool = self.depot.tool
        before = len(tool.effects)
        tool.kill_at = before + half_effects / 2
        with suppress(Killed):
            self.depot.run()
        tool.kill_at = None
        self.check(tool.effects[before:])
        self.run_pipeline()

    @rule()
    def run_pipeline(self) -> None:
        """Run; planned again at once, there is nothing left to do."""
        before = len(self.depot.tool.effects)
        applied = self.depot.run()
        self.check(self.depot.tool.effects[before:])
        assert {Result.DONE} >= {outcome.result for outcome in applied.outcomes}
        again = self.depot.plan().steps
        assert () == again

    @rule()
    def dry_run(self) -> None:
        """A dry run changes nothing."""
        before = (dict(self.depot.tool.reports), self.depot.history)
        applied = self.depot.apply(self.depot.plan(), dry_run=True)
        assert before == (self.depot.tool.reports, applied.history)
        assert {Result.WOULD_DO} >= {outcome.result for outcome in applied.outcomes}

    def check(self, effects: list[str]) -> None:
        """Archived is only what is stale and does not rest; deleted only what we archived long ago and nobody used."""
        for effect in effects:
            kind, _, report_id = effect.partition(" ")
            if kind == "archive":
                assert (self.now - self.last_use[report_id]).days > RULES.not_run_days
                rest = self.unarchived.get(report_id)
                assert rest is None or (self.now - rest).days >= RULES.rest_days
                self.archived_by_us[report_id] = self.now
            if kind == "delete":
                since = max(self.archived_by_us[report_id], self.last_use[report_id])
                assert (self.now - since).days >= RULES.deletable_after_days
                self.expected.discard(report_id)

    @invariant()
    def nothing_else_is_lost(self) -> None:
        """Reports leave by our deletion or by hand only."""
        if hasattr(self, "expected"):
            assert self.expected == {report_id for report_id in self.depot.tool.reports if report_id in REPORTS}

    @invariant()
    def records_say_what_is_ours(self) -> None:
        """Our record has the archivings of the model."""
        if hasattr(self, "depot"):
            steps = self.depot.plan().steps
            updated = {step.report_id for step in steps if isinstance(step, UpdateRecord)}
            for report_id, record in self.depot.history.records.items():
                if record.archived_at and record.deleted_at is None and report_id not in updated:
                    assert self.archived_by_us[report_id] == record.archived_at


TestReportLife = ReportLife.TestCase
TestReportLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
