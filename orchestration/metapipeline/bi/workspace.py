"""What a BI tool holds, as values, and the interface that every tool implements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Template(StrEnum):
    """The template language in the texts of a tool's queries."""

    NONE = "none"
    LIQUID = "liquid"
    """Mode: Liquid parameters, forms and `{{ @definition }}`."""
    JINJA = "jinja"
    """Superset, and dbt's own texts."""
    METABASE = "metabase"
    """Parameters, optional parts in `[[ ]]`, cards `{{#12}}` and snippets."""
    LOOKER = "looker"
    """Liquid with `{% condition %}`, `{% parameter %}` and `${view.field}`."""
    GRAFANA = "grafana"
    """Macros such as `$__timeFilter()` and variables."""
    SISENSE = "sisense"
    """Views, filters and parameters in `[ ]`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the queries of one connection run.

    Args:
        dialect: sqlglot's name, such as `snowflake`.
        database: default of the connection, as the warehouse stores it; None when the tool does not say.
        schema: likewise.
    """

    dialect: str = "snowflake"
    database: str | None = None
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL text.

    Args:
        id: of the tool, stable.
        report: id of the report that shows it; None for a saved query that no report shows.
        name: as people see it; may be empty.
        sql: as its author wrote it.
        place: where it runs.
        last_run_at: of a saved query, UTC, by others than this reader; None is unknown.
    """

    id: str
    report: str | None
    name: str
    sql: str
    place: Place = Place()
    last_run_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One report or dashboard. A value that the tool does not give is None, which means unknown and never 0.

    Args:
        id: of the tool, stable.
        name: as people see it; may be empty.
        collection: name of its folder or space; None when it has none.
        owners: addresses or user names, in order of precedence; empty when nobody owns it.
        url: for people; empty when the tool does not give one.
        created_at: UTC; a tool without creation times gives a lower bound of the age instead, the newest change.
        last_run_at: UTC; None is unknown, see `never_run`.
        never_run: the tool says that it has not run since it was created.
        runs: all runs since it was created.
        views: all views by others than this reader.
        archived_at: UTC; None while it is active.
        archived: whether the tool shows it as archived; the moment may be unknown.
    """

    id: str
    name: str
    collection: str | None = None
    owners: tuple[str, ...] = ()
    url: str = ""
    created_at: datetime | None = None
    last_run_at: datetime | None = None
    never_run: bool = False
    runs: int | None = None
    views: int | None = None
    archived: bool = False
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that one reading of a tool found.

    Args:
        tool: `mode`, `superset`.
        name: of the workspace.
        reports: sorted by id.
        queries: of active and archived reports, sorted by id.
        template: language of the queries.
        definitions: name -> text of a shared part of queries.
        doubts: why the reading may be partial, one sentence each; a workspace with doubts archives nothing.
    """

    tool: str
    name: str
    reports: tuple[Report, ...]
    queries: tuple[Query, ...]
    template: Template = Template.NONE
    definitions: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


class BiTool(Protocol):
    """A BI tool. Each call retries what may be retried, and raises `BiError` for the rest.

    Changes are idempotent: to archive an archived report, or to delete a missing one, succeeds.
    """

    def read(self) -> Workspace:
        """Read everything; never half of it without a doubt in `Workspace.doubts`."""
        ...

    def report(self, report_id: str) -> Report | None:
        """Read one report again, before it is changed; None when it is gone."""
        ...

    def archive(self, report_id: str, at: datetime) -> None:
        """Hide a report from its readers, reversibly; `at` is recorded where the tool has no time of its own."""
        ...

    def unarchive(self, report_id: str) -> None:
        """Show an archived report again."""
        ...

    def delete(self, report_id: str) -> None:
        """Delete a report for good."""
        ...
