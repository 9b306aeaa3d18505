"""Our own record of reports: what was archived when, and what people un-archived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from orchestration.metapipeline.bi.workspace import Report, Workspace
from orchestration.metapipeline.judging.stale.source import SourceCounts


class ReportRecord(BaseModel):
    """What we know of one report beside the tool.

    Args:
        name: as people knew it, for lists of what was deleted.
        archived_at: when we archived it, written before the tool is told; None when a person did, or un-archived it.
        confirmed: whether it was seen archived since then.
        runs: at the archiving, or at the last use in the archive.
        views: likewise.
        used_at: when its use in the archive was seen.
        unarchived_at: when it was seen un-archived by a person.
        deleted_at: when we deleted it, written before the tool is told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    archived_at: datetime | None = None
    confirmed: bool = False
    runs: int | None = None
    views: int | None = None
    used_at: datetime | None = None
    unarchived_at: datetime | None = None
    deleted_at: datetime | None = None

    def having(self, **values: object) -> Self:
        """Return a record with other values."""
        return self.model_copy(update=values)


class ReportHistory(BaseModel):
    """The record of one workspace. JSON by `model_dump_json` and `model_validate_json`.

    Args:
        workspace: `<tool>.<name>`.
        counts: of the last accepted reading; None before the first.
        records: by the id of the report.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str
    counts: SourceCounts | None = None
    records: Mapping[str, ReportRecord] = Field(default_factory=dict)

    @classmethod
    def empty(cls, workspace: Workspace) -> Self:
        """Return the history before the first reading."""
        return cls(workspace=f"{workspace.tool}.{workspace.name}")

    def with_record(self, report_id: str, record: ReportRecord | None) -> Self:
        """Return the history with another record of one report; None forgets it."""
        others = {known: value for known, value in self.records.items() if known != report_id}
        records = others if record is None else {**others, report_id: record}
        return self.model_copy(update={"records": dict(sorted(records.items()))})

    def with_counts(self, counts: SourceCounts | None) -> Self:
        """Return the history after a reading was accepted."""
        return self.model_copy(update={"counts": counts})


def observed(record: ReportRecord, report: Report | None, rest_days: int, now: datetime) -> ReportRecord | None:
    """Return the record after a reading; None when it says nothing any more.

    Args:
        record: as it was.
        report: as read; None when the tool has it no longer.
        rest_days: for which a record of an un-archived report is kept.
        now: time of the reading.
    """
    if report is None:
        return record if record.deleted_at is not None else None
    record = record.having(deleted_at=None)  # the deletion was not carried out
    if record.archived_at is not None:
        return _archived_by_us(record, report, now)
    resting = record.unarchived_at is not None and (now - record.unarchived_at).days < rest_days
    return record if resting else None


def _archived_by_us(record: ReportRecord, report: Report, now: datetime) -> ReportRecord | None:
    if not report.archived:
        # without confirmation the archiving itself was not carried out
        return ReportRecord(name=record.name, unarchived_at=now) if record.confirmed else None
    if _grew(record.runs, report.runs) or _grew(record.views, report.views):
        return record.having(confirmed=True, used_at=now, runs=report.runs, views=report.views)
    return record.having(confirmed=True)


def _grew(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before
