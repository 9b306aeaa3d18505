"""Superset as a BI tool: read the workspace, archive by tag, delete after an export."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flink_jobs.contracts.clock import Clock, SystemClock
from orchestration.files import replace_file
from orchestration.metapipeline.bi.http import RetryingSession
from orchestration.metapipeline.bi.superset.answers import (
    Account,
    ChartRow,
    Connection,
    DashboardRow,
    DatabaseRow,
    DatasetRow,
    Roles,
    SavedQueryRow,
    parsed,
)
from orchestration.metapipeline.bi.superset.api import (
    NOT_FOUND,
    Filter,
    Listing,
    Rows,
    SupersetApi,
    accepted,
)
from orchestration.metapipeline.bi.superset.archive_tags import ArchiveTag, archive_tag, archive_tags, archived_since
from orchestration.metapipeline.bi.superset.datasets import dashboards_of_datasets, dataset_queries
from orchestration.metapipeline.bi.superset.places import place_of
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.sql_lab import saved_queries, statement_queries
from orchestration.metapipeline.bi.superset.usage import UsageLog, open_log, read_history
from orchestration.metapipeline.bi.workspace import Place, Report, Template, Workspace
from orchestration.metapipeline.errors import BiError

TOOL = "superset"
_TAGGED_DASHBOARD = 3
_NEWEST_CHANGE_FIRST = ("changed_on_delta_humanized", "desc")
"""What Superset calls its column `changed_on` in most of its lists."""
_DASHBOARDS = Listing(
    "dashboard",
    DashboardRow,
    (
        "id", "uuid", "dashboard_title", "url", "published", "changed_on_utc", "owners.email", "owners.first_name",
        "owners.last_name", "tags.name", "tags.type",
    ),
    _NEWEST_CHANGE_FIRST,
)  # fmt: skip
_CHARTS = Listing("chart", ChartRow, ("id", "datasource_id", "datasource_type", "dashboards.id"), _NEWEST_CHANGE_FIRST)
_DATASETS = Listing(
    "dataset",
    DatasetRow,
    ("id", "uuid", "table_name", "schema", "catalog", "kind", "sql", "database.id"),
    _NEWEST_CHANGE_FIRST,
)
_SAVED_QUERIES = Listing(
    "saved_query", SavedQueryRow, ("id", "label", "sql", "schema", "catalog", "database.id"), _NEWEST_CHANGE_FIRST
)
_DATABASES = Listing("database", DatabaseRow, ("id", "backend"), _NEWEST_CHANGE_FIRST)


@dataclass(frozen=True, slots=True)
class Superset:
    """One Superset; implements `BiTool`. The id of a report is the UUID of its dashboard."""

    settings: SupersetSettings
    api: SupersetApi
    clock: Clock = field(default_factory=SystemClock)

    def read(self) -> Workspace:
        """Read dashboards, datasets, what runs in SQL Lab, and who uses them.

        Saved queries are those of the reader's own account: Superset hides the others, also from administrators. Where
        somebody runs one, the history has its statement.

        Raises:
            BiError: Superset did not answer, or the account does not see everything.
        """
        log = self._open_log()
        dashboards = self.api.rows(_DASHBOARDS)
        charts = self.api.rows(_CHARTS)
        datasets = self.api.rows(_DATASETS)
        saved = self.api.rows(_SAVED_QUERIES)
        databases = self.api.rows(_DATABASES)
        places = {row.id: self._place(row) for row in databases.rows}
        reports = {row.id: str(row.uuid) for row in dashboards.rows}
        runs = read_history(self.api, log.reader, self.settings.history_rows_max)
        queries = [
            *dataset_queries(datasets.rows, dashboards_of_datasets(charts.rows), reports, places),
            *saved_queries(saved.rows, runs, places),
            *statement_queries(runs, saved.rows, places),
        ]
        lists: Mapping[str, Rows[Any]] = {
            "dashboards": dashboards,
            "charts": charts,
            "datasets": datasets,
            "saved queries": saved,
            "databases": databases,
        }
        return Workspace(
            tool=TOOL,
            name=self.settings.workspace,
            reports=tuple(sorted((self._report(row, log) for row in dashboards.rows), key=lambda one: one.id)),
            queries=tuple(sorted(queries, key=lambda one: one.id)),
            template=Template.JINJA,
            doubts=tuple(
                f"The list of {name} changed while it was read: {len(rows.rows)} were found. Read again."
                for name, rows in lists.items()
                if not rows.whole
            ),
        )

    def report(self, report_id: str) -> Report | None:
        """Read one dashboard and its use; None when it is gone.

        Raises:
            BiError: Superset did not answer, or the account does not see everything.
        """
        log = self._open_log()
        row = self._dashboard(report_id)
        return None if row is None else self._report(row, log)

    def archive(self, report_id: str, at: datetime) -> None:
        """Archive a dashboard: hide it from those who do not own it.

        1. Remove the tags of earlier archives, from which somebody has published the dashboard again.
        2. Set the tag with `at`.
        3. Unpublish.

        A dashboard counts as archived after step 3; a repetition after a crash begins with step 1.

        Raises:
            BiError: there is no such dashboard, or Superset refused.
        """
        row = self._existing(report_id)
        tags = archive_tags(row.tags)
        if _is_archived(row, tags):
            return
        for tag in tags:
            self._remove(row, tag)
        self._add(row, archive_tag(at, was_draft=not row.published))
        self._set_published(row, published=False)

    def unarchive(self, report_id: str) -> None:
        """Publish an archived dashboard again, unless it was a draft before, and then remove the tags.

        Raises:
            BiError: there is no such dashboard, or Superset refused.
        """
        row = self._existing(report_id)
        tags = archive_tags(row.tags)
        if _is_archived(row, tags) and not all(tag.was_draft for tag in tags):
            self._set_published(row, published=True)
        for tag in tags:
            self._remove(row, tag)

    def delete(self, report_id: str) -> None:
        """Write an export of a dashboard into the folder of the backups, and then delete the dashboard.

        Its charts and datasets stay: other dashboards can show them.

        Raises:
            BiError: the export cannot be written, or Superset refused.
        """
        row = self._dashboard(report_id)
        if row is None:
            return
        self._export(row)
        answer = self.api.send("DELETE", f"dashboard/{row.id}")
        if answer.status != NOT_FOUND:
            accepted(answer)

    def _open_log(self) -> UsageLog:
        """Open the log, after a check that the account sees every dashboard: others get a part with status 200."""
        account = parsed(Account, self.api.get("me/"), "the account")
        roles = parsed(Roles, self.api.get("me/roles/"), "the roles of the account").roles
        if self.settings.admin_role not in roles:
            raise BiError(
                f"superset: the account {self.settings.username!r} has the roles {sorted(roles)} and sees a part of "
                f"the dashboards only: give it the role {self.settings.admin_role}"
            )
        return open_log(self.api, account.id)

    def _place(self, database: DatabaseRow) -> Place:
        connection = parsed(Connection, self.api.get(f"database/{database.id}/connection"), "a connection")
        return place_of(database.backend, connection.sqlalchemy_uri)

    def _report(self, row: DashboardRow, log: UsageLog) -> Report:
        usage = log.of(row.id, row.changed_on_utc)
        tags = archive_tags(row.tags)
        archived = _is_archived(row, tags)
        return Report(
            id=str(row.uuid),
            name=row.dashboard_title or "",
            owners=tuple(owner.name for owner in row.owners if owner.name),
            url=f"{self.settings.root}{row.url}" if row.url.startswith("/") else "",
            created_at=row.changed_on_utc,
            last_run_at=usage.last_at,
            never_run=usage.none_at_all,
            runs=usage.runs,
            views=usage.views,
            archived=archived,
            archived_at=archived_since(tags) if archived else None,
        )

    def _dashboard(self, report_id: str) -> DashboardRow | None:
        try:
            uuid = UUID(report_id)
        except ValueError as exc:
            raise BiError(f"superset: {report_id!r} is no id of a report: it is the UUID of a dashboard") from exc
        rows = self.api.page(_DASHBOARDS, filters=(Filter("uuid", "eq", str(uuid)),)).rows
        return next((row for row in rows if row.uuid == uuid), None)

    def _existing(self, report_id: str) -> DashboardRow:
        row = self._dashboard(report_id)
        if row is None:
            raise BiError(f"superset: there is no dashboard {report_id}: read the workspace again")
        return row

    def _set_published(self, row: DashboardRow, *, published: bool) -> None:
        accepted(self.api.send("PUT", f"dashboard/{row.id}", body={"published": published}))

    def _add(self, row: DashboardRow, name: str) -> None:
        answer = self.api.send("POST", f"tag/{_TAGGED_DASHBOARD}/{row.id}/", body={"properties": {"tags": [name]}})
        if answer.status == NOT_FOUND:
            raise BiError("superset: the server has no tags: switch its feature flag TAGGING_SYSTEM on")
        accepted(answer)

    def _remove(self, row: DashboardRow, tag: ArchiveTag) -> None:
        path = f"tag/{_TAGGED_DASHBOARD}/{row.id}/{quote(tag.name, safe='')}/"
        answer = self.api.send("DELETE", path)
        # a missing tag is answered like a failure
        if not answer.ok and tag in archive_tags(self._existing(str(row.uuid)).tags):
            accepted(answer)

    def _export(self, row: DashboardRow) -> Path:
        answer = accepted(self.api.send("GET", "dashboard/export/", [row.id]))
        if not _holds_dashboard(answer.body):
            raise BiError(f"superset: the export of the dashboard {row.uuid} has no dashboard; it is not deleted")
        folder = self.settings.backups
        path = folder / f"{row.uuid}-{self.clock.utc_now():%Y%m%dT%H%M%SZ}.zip"
        try:
            replace_file(path, answer.body)
        except OSError as exc:
            raise BiError(
                f"superset: the export cannot be written to {folder}: {exc.strerror}; nothing is deleted"
            ) from exc
        return path


def open_superset(settings: SupersetSettings, http: RetryingSession | None = None) -> Superset:
    """Make the client; the first request logs in."""
    http = http or RetryingSession(TOOL)
    return Superset(settings, SupersetApi(settings, http), http.clock)


def _is_archived(row: DashboardRow, tags: tuple[ArchiveTag, ...]) -> bool:
    """Return whether it has the tag and is hidden: who publishes it again has taken it out of the archive."""
    return bool(tags) and not row.published


def _holds_dashboard(export: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(export)) as archive:
            return archive.testzip() is None and any("/dashboards/" in name for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
