"""The life of a report: active, archived, deletable, deleted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.judging.stale.history import ReportRecord
from orchestration.metapipeline.judging.stale.rules import StaleReportRules


class ReportState(StrEnum):
    """Where a report is in its life. It is derived from the tool and our record, and never stored."""

    ACTIVE = "active"
    RESTING = "resting"
    """Active, because a person un-archived it lately: it is not archived again before the rest is over."""
    ARCHIVED = "archived"
    DELETABLE = "deletable"
    DELETED = "deleted"


def state_of(report: Report | None, record: ReportRecord | None, rules: StaleReportRules, now: datetime) -> ReportState:
    """Return the state of a report; None as a report is one that the tool has no longer."""
    if report is None:
        return ReportState.DELETED
    if not report.archived:
        return ReportState.RESTING if _resting(record, rules.rest_days, now) else ReportState.ACTIVE
    since = unused_in_archive_since(report, record)
    if since is None or (now - since).days < rules.deletable_after_days:
        return ReportState.ARCHIVED
    return ReportState.DELETABLE


def unused_in_archive_since(report: Report, record: ReportRecord | None) -> datetime | None:
    """Return since when an archived report has been archived by us and not used; None when a person archived it.

    A tool without a time of its own keeps ours (`Report.archived_at`); it counts where our record is lost.
    """
    archived_at = report.archived_at if record is None else record.archived_at
    if archived_at is None:
        return None
    used_at = None if record is None else record.used_at
    return max(moment for moment in (archived_at, used_at, report.last_run_at) if moment is not None)


def _resting(record: ReportRecord | None, rest_days: int, now: datetime) -> bool:
    if record is None:
        return False
    # a record that says archived was not updated yet: somebody un-archived it since
    since = now if record.confirmed else record.unarchived_at
    return since is not None and (now - since).days < rest_days
