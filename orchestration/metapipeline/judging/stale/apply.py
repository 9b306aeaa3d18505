"""Carry out a plan, one report at a time; a dry run unless it is told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flink_jobs.contracts.clock import Clock
from orchestration.metapipeline.bi.workspace import BiTool, Report
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.judging.stale.history import ReportHistory, ReportRecord
from orchestration.metapipeline.judging.stale.life import ReportState, state_of
from orchestration.metapipeline.judging.stale.plan import (
    ArchiveReport,
    DeleteReport,
    ReportPlan,
    Seen,
    Step,
    UpdateRecord,
)
from orchestration.metapipeline.judging.stale.rule import judge
from orchestration.metapipeline.judging.stale.rules import StaleReportRules


class Result(StrEnum):
    """What became of a step."""

    DONE = "done"
    WOULD_DO = "would do"
    """A dry run."""
    DROPPED = "dropped"
    """The report, or our record of it, is no longer what the plan saw."""
    FAILED = "failed"
    NOT_REACHED = "not reached"
    """A step before it failed, or the run changed as many reports as it may."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step, its result and one sentence."""

    step: Step
    result: Result
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did; `history` is what was saved last, or the given one after a dry run."""

    history: ReportHistory
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(outcome.result is Result.FAILED for outcome in self.outcomes)


@dataclass
class Run:
    """Applies plans to one workspace.

    Args:
        tool: of the workspace.
        rules: thresholds.
        clock: time of the changes.
        save: stores the history, at once and for good.
        dry_run: reads again and changes nothing, neither in the tool nor in the history.
    """

    tool: BiTool
    rules: StaleReportRules
    clock: Clock
    save: Callable[[ReportHistory], None]
    dry_run: bool = True

    def apply(self, plan: ReportPlan, history: ReportHistory) -> Applied:
        """Take the steps of a plan in their order. It may be killed anywhere: plan and apply again ends the same.

        For each report:

        1. read it again, and drop the step when it is not as the plan saw it;
        2. save what is about to be done;
        3. tell the tool, idempotently;
        4. save that it is done.

        Raises:
            BiError: plan and history are of different workspaces.
        """
        if plan.workspace != history.workspace:
            raise BiError(f"the plan is of {plan.workspace}, and the history of {history.workspace}")
        if not self.dry_run and plan.counts is not None and plan.counts != history.counts:
            history = self._saved(history.with_counts(plan.counts))
        outcomes: list[Outcome] = []
        current = history
        for step in plan.steps:
            reason = self._stopped(step, outcomes)
            if reason:
                outcomes.append(Outcome(step, Result.NOT_REACHED, reason))
                continue
            current, outcome = self._take(step, current)
            outcomes.append(outcome)
        return Applied(history if self.dry_run else current, tuple(outcomes))

    def _stopped(self, step: Step, outcomes: list[Outcome]) -> str:
        if any(outcome.result is Result.FAILED for outcome in outcomes):
            return "a step before it failed"
        changed = sum(_changed(outcome) for outcome in outcomes)
        if changed >= self.rules.steps_max and not isinstance(step, UpdateRecord):
            return f"a run changes at most {self.rules.steps_max} reports"
        return ""

    def _take(self, step: Step, history: ReportHistory) -> tuple[ReportHistory, Outcome]:
        try:
            report = self.tool.report(step.report_id)
        except BiError as exc:
            return history, Outcome(step, Result.FAILED, str(exc))
        objection = self._objection(step, report, history.records.get(step.report_id))
        if objection:
            return history, Outcome(step, Result.DROPPED, objection)
        if isinstance(step, UpdateRecord):
            history = history.with_record(step.report_id, step.after)
        if self.dry_run:
            return history, Outcome(step, Result.WOULD_DO, step.reason)
        return self._carry_out(step, report, history)

    def _objection(self, step: Step, report: Report | None, record: ReportRecord | None) -> str:
        if record != step.record:
            return "our record of it changed since the plan"
        if Seen.of(report) != step.seen:
            return "it was used or changed since the plan" if report else "it is gone"
        if isinstance(step, UpdateRecord):
            return ""
        return "it is gone" if report is None else self._objection_to_change(step, report)

    def _objection_to_change(self, step: ArchiveReport | DeleteReport, report: Report) -> str:
        now = self.clock.utc_now()
        if isinstance(step, ArchiveReport):
            return "" if judge(report, self.rules, now).stale else "it is not stale any more"
        if not self.rules.delete:
            return "deletion is switched off"
        deletable = state_of(report, step.record, self.rules, now) is ReportState.DELETABLE
        return "" if deletable else "it is not deletable any more"

    def _carry_out(self, step: Step, report: Report | None, history: ReportHistory) -> tuple[ReportHistory, Outcome]:
        if report is None or isinstance(step, UpdateRecord):
            return self._saved(history), Outcome(step, Result.DONE, step.reason)
        now = self.clock.utc_now()
        intended = _intended(step, report, now)
        history = self._saved(history.with_record(step.report_id, intended))
        try:
            if isinstance(step, ArchiveReport):
                self.tool.archive(step.report_id, now)
            else:
                self.tool.delete(step.report_id)
        except BiError as exc:
            # whether the tool did it is unknown: the intention stays, and the next reading decides
            return history, Outcome(step, Result.FAILED, str(exc))
        if isinstance(step, ArchiveReport):
            history = history.with_record(step.report_id, intended.having(confirmed=True))
        elif history.counts is not None:
            history = history.with_counts(history.counts.without(report, step.queries))
        return self._saved(history), Outcome(step, Result.DONE, step.reason)

    def _saved(self, history: ReportHistory) -> ReportHistory:
        self.save(history)
        return history


def _intended(step: ArchiveReport | DeleteReport, report: Report, now: datetime) -> ReportRecord:
    if isinstance(step, ArchiveReport):
        return ReportRecord(name=report.name, archived_at=now, runs=report.runs, views=report.views)
    archived = step.record or ReportRecord(name=report.name, archived_at=report.archived_at, confirmed=True)
    return archived.having(deleted_at=now)


def _changed(outcome: Outcome) -> bool:
    return outcome.result in {Result.DONE, Result.WOULD_DO} and not isinstance(outcome.step, UpdateRecord)
