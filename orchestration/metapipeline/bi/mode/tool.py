"""Mode as a BI tool of the metapipeline: one reading of a workspace, and changes of its reports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from random import SystemRandom
from typing import Self

from flink_jobs.contracts.clock import Clock, SystemClock
from orchestration.metapipeline.bi.mode.answers import (
    Collection,
    DataSourceRow,
    DefinitionRow,
    QueryRow,
    ReportRow,
    parsed,
)
from orchestration.metapipeline.bi.mode.client import Answer, ModeClient
from orchestration.metapipeline.bi.mode.discovery import Discovered, discover, discover_views, missing
from orchestration.metapipeline.bi.mode.listing import Listing, ListOf, read_list
from orchestration.metapipeline.bi.mode.places import place_of
from orchestration.metapipeline.bi.mode.settings import ModeSettings
from orchestration.metapipeline.bi.workspace import Place, Query, Report, Template, Workspace
from orchestration.metapipeline.errors import BiError

TOOL = "mode"
_READINGS_MAX = 3
"""Of a list that changes while it is read."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading is.

    Args:
        stage: `collections`, `reports` or `queries`.
        done: of them.
        total: of them; reports are counted by their collections.
    """

    stage: str
    done: int
    total: int


@dataclass
class _Reading:
    """What one reading collects."""

    reports: dict[str, Report] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    expected_queries: dict[str, int | None] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


class ModeTool:
    """Implements `BiTool`. A change is sent again after a timeout, because each change is idempotent."""

    def __init__(self, client: ModeClient, progress: Callable[[Progress], None] = lambda _: None) -> None:
        self._client = client
        self._settings = client.settings
        self._progress = progress

    @classmethod
    def of(
        cls,
        settings: ModeSettings,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Self:
        """Build the tool from settings; the clock and the random numbers are those of this machine."""
        return cls(ModeClient(settings, clock or SystemClock(), random or SystemRandom().random), progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self) -> Workspace:
        """Read collections, reports, datasets, queries, definitions and data sources, archived ones included.

        Raises:
            BiError: Mode refuses, fails for good, or answers what it does not document.
        """
        reading = _Reading()
        discovered = discover(self._client)
        collections = self._collections()
        places = self._places()
        self._read_definitions(reading)
        self._read_reports(reading, collections, discovered)
        self._read_queries(reading, places)
        self._compare(reading, collections, discovered)
        return Workspace(
            tool=TOOL,
            name=self._settings.workspace,
            reports=tuple(sorted(reading.reports.values(), key=lambda report: report.id)),
            queries=tuple(sorted(reading.queries.values(), key=lambda query: query.id)),
            template=Template.LIQUID,
            definitions=dict(sorted(reading.definitions.items())),
            doubts=tuple(reading.doubts),
        )

    def report(self, report_id: str) -> Report | None:
        """Read one report again; None when it is gone, or hidden from this token.

        Raises:
            BiError: like `read`.
        """
        answer = self._client.api(f"reports/{_checked(report_id)}")
        if answer.gone:
            return None
        if not answer.found:
            raise _refused(answer)
        row = parsed(answer, ReportRow, answer.body)
        views = discover_views(self._client) if row.view_count is None else {}
        return self._report(row, None, Discovered(views=views))

    def archive(self, report_id: str, at: datetime) -> None:  # noqa: ARG002 (Mode records no time of ours)
        """Archive a report.

        Raises:
            BiError: the report is gone, or Mode refuses.
        """
        self._set_archived(report_id, archived=True)

    def unarchive(self, report_id: str) -> None:
        """Show an archived report again.

        Raises:
            BiError: the report is gone, or Mode refuses.
        """
        self._set_archived(report_id, archived=False)

    def delete(self, report_id: str) -> None:
        """Delete a report for good; a missing one is deleted already.

        Raises:
            BiError: Mode refuses.
        """
        answer = self._client.api(f"reports/{_checked(report_id)}", "DELETE")
        # 404 may mean "not allowed": the report is then still there
        if not answer.found and self._client.api(f"reports/{report_id}").found:
            raise _refused(answer)

    def _set_archived(self, report_id: str, *, archived: bool) -> None:
        form = "archive" if archived else "unarchive"
        answer = self._client.api(f"reports/{_checked(report_id)}/{form}", "PATCH")
        if answer.found:
            return
        report = self.report(report_id)  # refused, because it is so already?
        if report is None or report.archived is not archived:
            raise _refused(answer)

    def _collections(self) -> tuple[Collection, ...]:
        # without the filter Mode lists only the collections that the token's owner has joined
        listing = read_list(self._client, ListOf("collections?filter=all", "spaces", Collection))
        if listing.refused is not None:
            raise BiError(
                f"Mode: the collections of {self._settings.workspace} were answered with HTTP {listing.refused}:"
                " check HOURGLASS_MODE_WORKSPACE, and that the API key is of this workspace"
            )
        self._progress(Progress("collections", len(listing.rows), len(listing.rows)))
        return listing.rows

    def _places(self) -> dict[str, Place]:
        listing = read_list(self._client, ListOf("data_sources", "data_sources", DataSourceRow))
        if listing.refused is not None:
            log.warning("Mode lists no data sources (HTTP %d): names in queries have no defaults", listing.refused)
        return {source.id: place_of(source, self._settings.default_schemas) for source in listing.rows}

    def _read_definitions(self, reading: _Reading) -> None:
        listing = read_list(self._client, ListOf("definitions", "definitions", DefinitionRow))
        if listing.refused is not None:
            reading.doubts.append(f"the definitions cannot be read: HTTP {listing.refused}")
        for definition in listing.rows:
            if definition.name in reading.definitions:
                reading.doubts.append(f"two definitions have the name {definition.name!r}")
            reading.definitions.setdefault(definition.name, definition.source)

    def _read_reports(self, reading: _Reading, collections: tuple[Collection, ...], discovered: Discovered) -> None:
        for done, collection in enumerate(collections, 1):
            path = f"collections/{collection.token}"
            reports = self._settled(f"{path}/reports")
            datasets = self._settled(f"{path}/datasets")
            doubt = _doubt_of(reports) or ("" if datasets.refused == HTTPStatus.NOT_FOUND else _doubt_of(datasets))
            if doubt:
                reading.doubts.append(f"the reports of the collection {collection.name!r} may be incomplete: {doubt}")
            for row in (*reports.rows, *datasets.rows):
                reading.reports[row.token] = self._report(row, collection, discovered)
                reading.expected_queries[row.token] = row.query_count
            self._progress(Progress("reports", done, len(collections)))

    def _settled(self, path: str) -> Listing[ReportRow]:
        listing: Listing[ReportRow] = Listing(moved=True)
        for _ in range(_READINGS_MAX):
            if listing.moved:
                # Mode puts datasets under the key of reports, too
                listing = read_list(self._client, ListOf(path, "reports", ReportRow, numbered=True))
        return listing

    def _report(self, row: ReportRow, collection: Collection | None, discovered: Discovered) -> Report:
        known = discovered.reports.get(row.token)
        owners = (known.creator_email if known else "", row.creator or "")
        counted = not row.dataset
        views = discovered.views.get(row.token) if row.view_count is None else row.view_count
        return Report(
            id=row.token,
            name=row.name,
            collection=collection.name if collection else None,
            owners=tuple(owner for owner in owners if owner),
            url=f"{self._settings.url}/{self._settings.workspace}/reports/{row.token}",
            created_at=row.created_at,
            # other reports read a dataset, which its own counters do not show: its use is unknown
            last_run_at=row.last_run_at if counted else None,
            never_run=counted and row.last_run_at is None and row.runs_count == 0,
            runs=row.runs_count if counted else None,
            views=views if counted else None,
            archived=bool(row.archived),
        )

    def _read_queries(self, reading: _Reading, places: dict[str, Place]) -> None:
        total = len(reading.reports)
        for done, report_id in enumerate(sorted(reading.reports), 1):
            expected = reading.expected_queries[report_id]
            wanted = ListOf(f"reports/{report_id}/queries", "queries", QueryRow)
            listing = read_list(self._client, wanted, expected)
            if listing.refused is not None:
                reading.doubts.append(f"the queries of the report {report_id} cannot be read: HTTP {listing.refused}")
            elif len(listing.rows) < (expected or 0):
                reading.doubts.append(
                    f"{len(listing.rows)} of {expected} queries of the report {report_id} can be read: run again"
                )
            for row in listing.rows:
                reading.queries[row.token] = _query(row, report_id, places)
            self._progress(Progress("queries", done, total))

    def _compare(self, reading: _Reading, collections: tuple[Collection, ...], discovered: Discovered) -> None:
        if self._settings.bearer is not None:
            tokens = (collection.token for collection in collections)
            reading.doubts.extend(missing(self._client, discovered, tokens, reading.reports))
        elif self._settings.require_discovery:
            reading.doubts.append(
                "restricted collections may be missing: without the Discovery API nothing shows them"
                " (HOURGLASS_MODE_DISCOVERY_TOKEN, _ACCESS_KEY and _ACCESS_SECRET)"
            )
        else:
            log.info("Mode: collections that are restricted for this token are not in this reading")


def _query(row: QueryRow, report_id: str, places: dict[str, Place]) -> Query:
    place = places.get(row.data_source_id or "", Place())
    return Query(id=row.token, report=report_id, name=row.name, sql=row.raw_query, place=place)


def _doubt_of(listing: Listing[ReportRow]) -> str:
    if listing.refused is not None:
        return f"HTTP {listing.refused}, this token may not read them"
    if listing.moved:
        return "the list changes while it is read"
    return "a page repeats" if listing.repeated else ""


def _checked(report_id: str) -> str:
    if not report_id.replace("-", "").replace("_", "").isalnum() or not report_id.isascii():
        raise BiError(f"Mode: {report_id!r} is no token of a report")
    return report_id


def _refused(answer: Answer) -> BiError:
    return BiError(
        f"Mode: {answer.request} was answered with HTTP {answer.status}: the report is gone, or this token may not"
        " change it (use a workspace token of an admin)"
    )
