"""What to do with the reports of a workspace: findings for people, and small steps for `apply`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestration.metapipeline.bi.workspace import Report, Workspace
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.platform import report_id
from orchestration.metapipeline.judging.stale.history import ReportHistory, ReportRecord, observed
from orchestration.metapipeline.judging.stale.life import ReportState, state_of, unused_in_archive_since
from orchestration.metapipeline.judging.stale.rule import Verdict, judge
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from orchestration.metapipeline.judging.stale.source import SourceCounts, unfit


@dataclass(frozen=True, slots=True)
class Seen:
    """A report as the plan saw it. A step is dropped when one of these values is another one."""

    name: str
    archived: bool
    last_run_at: datetime | None
    runs: int | None
    views: int | None

    @classmethod
    def of(cls, report: Report | None) -> Seen | None:
        """Return what is compared; None for a report that is gone."""
        if report is None:
            return None
        return cls(report.name, report.archived, report.last_run_at, report.runs, report.views)


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """Archive one report.

    Args:
        report_id: of the tool.
        seen: the report as it was read.
        record: our record as it was.
        reason: one sentence.
    """

    report_id: str
    seen: Seen | None
    record: ReportRecord | None
    reason: str


@dataclass(frozen=True, slots=True)
class DeleteReport:
    """Delete one report for good; `queries` of them go with it, the rest is as in `ArchiveReport`."""

    report_id: str
    seen: Seen | None
    record: ReportRecord | None
    reason: str
    queries: int = 0


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Write down what people did with one report; `after` is our new record, None forgets it. The tool is not told."""

    report_id: str
    seen: Seen | None
    record: ReportRecord | None
    reason: str
    after: ReportRecord | None = None


Step = ArchiveReport | DeleteReport | UpdateRecord


@dataclass(frozen=True, slots=True)
class Undecided:
    """A report about which the rule says nothing, because a value is unknown."""

    report_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What one reading says.

    Args:
        workspace: `<tool>.<name>`.
        stale: active reports to archive, the longest unused first.
        deletable: archived reports to delete, the longest archived first.
        undecided: sorted by id.
        steps: in the order in which `apply` takes them: records, deletions, archivings.
        left_out: stale and deletable reports beyond the number that one run may change.
        counts: of the reading, to be recorded; None when the reading was not accepted.
    """

    workspace: str
    stale: Found | Withheld
    deletable: Found | Withheld
    undecided: tuple[Undecided, ...] = ()
    steps: tuple[Step, ...] = ()
    left_out: int = 0
    counts: SourceCounts | None = None

    @property
    def answers(self) -> tuple[Found | Withheld, ...]:
        """Both answers, in the order in which people act on them."""
        return self.stale, self.deletable


def plan_reports(workspace: Workspace, history: ReportHistory, rules: StaleReportRules, now: datetime) -> ReportPlan:
    """Plan one run over a workspace. Nothing is changed, and a doubtful reading has no step.

    Args:
        workspace: as read now.
        history: our record of it; `ReportHistory.empty` before the first run.
        rules: thresholds.
        now: UTC.

    Raises:
        BiError: the history is of another workspace.
    """
    name = f"{workspace.tool}.{workspace.name}"
    if history.workspace != name:
        raise BiError(f"the history is of {history.workspace}, and the reading of {name}: load the right one")
    reason = unfit(workspace, history.counts, rules)
    if reason is not None:
        return ReportPlan(
            name,
            stale=Withheld(FindingKind.STALE_REPORT, reason),
            deletable=Withheld(FindingKind.DELETABLE_REPORT, reason),
        )
    return _planned(_Reading(workspace, history, rules, now))


@dataclass(frozen=True, slots=True)
class _Reading:
    """The inputs of a plan."""

    workspace: Workspace
    history: ReportHistory
    rules: StaleReportRules
    now: datetime

    def record(self, report_id: str, report: Report | None) -> ReportRecord | None:
        """Return our record of a report after this reading."""
        known = self.history.records.get(report_id)
        return None if known is None else observed(known, report, self.rules.rest_days, self.now)

    def in_state(self, state: ReportState) -> Iterator[tuple[Report, ReportRecord | None]]:
        """Yield the reports in a state, with our record after this reading."""
        for report in self.workspace.reports:
            record = self.record(report.id, report)
            if state_of(report, record, self.rules, self.now) is state:
                yield report, record


def _planned(reading: _Reading) -> ReportPlan:
    verdicts = [
        (report, judge(report, reading.rules, reading.now)) for report, _ in reading.in_state(ReportState.ACTIVE)
    ]
    stale = sorted(((r, v) for r, v in verdicts if v.stale), key=lambda pair: _weight(*pair))
    deletable = sorted(reading.in_state(ReportState.DELETABLE), key=lambda pair: (_since(*pair), pair[0].id))
    changes: list[ArchiveReport | DeleteReport] = [*_deletions(reading, deletable), *_archivings(reading, stale)]
    limit = reading.rules.steps_max
    return ReportPlan(
        reading.history.workspace,
        stale=Found(tuple(_stale_finding(reading, report, verdict) for report, verdict in stale)),
        deletable=Found(tuple(_deletable_finding(reading, *pair) for pair in deletable)),
        undecided=tuple(Undecided(r.id, r.name, v.reason) for r, v in verdicts if v.stale is None),
        steps=(*_records(reading), *changes[:limit]),
        left_out=max(len(changes) - limit, 0),
        counts=SourceCounts.of(reading.workspace),
    )


def _records(reading: _Reading) -> Iterator[UpdateRecord]:
    reports = {report.id: report for report in reading.workspace.reports}
    for known, record in reading.history.records.items():
        report = reports.get(known)
        after = reading.record(known, report)
        if after != record:
            yield UpdateRecord(known, Seen.of(report), record, _change(report, record, after), after)


def _change(report: Report | None, before: ReportRecord, after: ReportRecord | None) -> str:
    if report is None:
        return "It is gone, and not by us."
    if after is None:
        return "It was not archived after all." if before.archived_at else "Its rest is over."
    if after.unarchived_at != before.unarchived_at:
        return "Somebody un-archived it."
    if after.used_at != before.used_at:
        return "Somebody used it in the archive."
    return "It is seen archived." if after.confirmed != before.confirmed else "It was not deleted."


def _archivings(reading: _Reading, stale: list[tuple[Report, Verdict]]) -> Iterator[ArchiveReport]:
    for report, verdict in stale:
        yield ArchiveReport(report.id, Seen.of(report), reading.record(report.id, report), verdict.reason)


def _deletions(reading: _Reading, deletable: list[tuple[Report, ReportRecord | None]]) -> Iterator[DeleteReport]:
    if not reading.rules.delete:
        return
    queries = Counter(query.report for query in reading.workspace.queries)
    for report, record in deletable:
        reason = _archived_for(reading, report, record)
        yield DeleteReport(report.id, Seen.of(report), record, reason, queries[report.id])


def _weight(report: Report, verdict: Verdict) -> tuple[int, int, str]:
    idle = verdict.numbers["days_since_last_run"] if not report.never_run else verdict.numbers["age_days"]
    return -int(idle or 0), (report.runs or 0) + (report.views or 0), report.id


def _stale_finding(reading: _Reading, report: Report, verdict: Verdict) -> Finding:
    return Finding(
        FindingKind.STALE_REPORT,
        report_id(reading.workspace, report.id),
        report.name,
        verdict.reason,
        verdict.evidence,
        verdict.numbers,
        report.owners,
    )


def _deletable_finding(reading: _Reading, report: Report, record: ReportRecord | None) -> Finding:
    verdict = judge(report, reading.rules, reading.now)
    days = (reading.now - _since(report, record)).days
    return Finding(
        FindingKind.DELETABLE_REPORT,
        report_id(reading.workspace, report.id),
        report.name,
        _archived_for(reading, report, record),
        verdict.evidence,
        {**verdict.numbers, "days_archived": days},
        report.owners,
    )


def _archived_for(reading: _Reading, report: Report, record: ReportRecord | None) -> str:
    return f"It has been archived and unused for {(reading.now - _since(report, record)).days} days."


def _since(report: Report, record: ReportRecord | None) -> datetime:
    since = unused_in_archive_since(report, record)
    if since is None:
        raise ValueError(f"{report.id} is not archived by us")
    return since
