"""Whether a reading can carry an answer: an empty or partial source must not mean that everything is unused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from orchestration.metapipeline.bi.workspace import Report, Workspace
from orchestration.metapipeline.judging.stale.rules import StaleReportRules


class SourceCounts(BaseModel):
    """What the last accepted reading held.

    Args:
        reports: archived ones included.
        queries: of all reports.
        counted: reports with at least one known counter.
        used: reports with a counter above 0.
        dated: reports whose last run is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reports: int
    queries: int
    counted: int
    used: int
    dated: int

    @classmethod
    def of(cls, workspace: Workspace) -> SourceCounts:
        """Count a reading."""
        return cls(
            reports=len(workspace.reports),
            queries=len(workspace.queries),
            counted=sum(_counted(report) for report in workspace.reports),
            used=sum(_used(report) for report in workspace.reports),
            dated=sum(report.last_run_at is not None for report in workspace.reports),
        )

    def without(self, report: Report, queries: int) -> SourceCounts:
        """Return the counts after a report with some queries is deleted."""
        return SourceCounts(
            reports=max(self.reports - 1, 0),
            queries=max(self.queries - queries, 0),
            counted=max(self.counted - _counted(report), 0),
            used=max(self.used - _used(report), 0),
            dated=max(self.dated - (report.last_run_at is not None), 0),
        )


def unfit(workspace: Workspace, last: SourceCounts | None, rules: StaleReportRules) -> str | None:
    """Return why a reading carries no answer about staleness; None when it does.

    Args:
        workspace: as read now.
        last: counts of the last accepted reading; None for the first.
        rules: with the share that a source may lose.
    """
    if workspace.doubts:
        more = f" (and {len(workspace.doubts) - 1} more)" if len(workspace.doubts) > 1 else ""
        return f"The reading of {workspace.tool} may be partial: {workspace.doubts[0]}{more}."
    counts = SourceCounts.of(workspace)
    if not counts.reports:
        return f"{workspace.tool} has no reports in {workspace.name}: check the workspace and the rights of the token."
    if not counts.used and (counts.counted or not counts.dated):
        return (
            f"No report of {workspace.tool} has a run or a view: its usage counters are empty or missing. Check the"
            " rights of the token, and run again when they count."
        )
    lost = shrunk(workspace, last, rules)
    if lost is None:
        return None
    return (
        f"{workspace.tool} {lost}. Check the rights of the token; if the workspace did shrink, record its new counts."
    )


def shrunk(workspace: Workspace, last: SourceCounts | None, rules: StaleReportRules) -> str | None:
    """Return what a workspace suddenly lost, as the rest of a sentence about it; None when it did not shrink."""
    if last is None:
        return None
    counts = SourceCounts.of(workspace)
    names = {
        "reports": "reports",
        "queries": "queries",
        "counted": "reports with usage counters",
        "used": "reports with a run or a view",
        "dated": "reports with a last run",
    }
    for field, name in names.items():
        before, after = getattr(last, field), getattr(counts, field)
        if before and (before - after) * 100 >= before * rules.shrink_percent_max:
            return f"has {after} {name}, and had {before} at the last reading"
    return None


def _counted(report: Report) -> bool:
    return report.runs is not None or report.views is not None


def _used(report: Report) -> bool:
    return bool(report.runs or report.views)
