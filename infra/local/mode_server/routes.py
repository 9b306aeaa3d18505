"""The answers of the documented API, from the state of a workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flink_jobs.contracts.clock import Clock
from infra.local.mode_server.state import ModeState, Row

PAGE_ROWS = 30
"""Mode's page size of reports and queries."""
_HIDDEN_FIELDS = {"queries", "hidden", "creator", "creator_email"}
_DATASET = "DatasetReport"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, JSON and headers of an answer; no body without JSON."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


NOT_FOUND = Reply(HTTPStatus.NOT_FOUND, {"id": "not_found", "message": "not found"})


@dataclass(frozen=True, slots=True)
class Routes:
    """Answers requests whose credentials are right."""

    state: ModeState
    clock: Clock
    page_rows: int = PAGE_ROWS

    def reply(self, method: str, target: str) -> Reply:
        """Answer one request; `target` is path and query."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        found = re.fullmatch(rf"/(api|batch)/{re.escape(self.state.name)}/(.+)", parts.path)
        if found is None:
            return NOT_FOUND
        with self.state.lock:
            if found[1] == "batch":
                return self._batch(found[2], query)
            return self._change(method, found[2]) if method != "GET" else self._get(found[2], query)

    def _get(self, path: str, query: dict[str, str]) -> Reply:
        page = int(query.get("page", "1"))
        match path.split("/"):
            case ["collections" | "spaces"]:
                # Mode ignores the page here
                return self._list(path, "spaces", self._collections(everything=query.get("filter") == "all"))
            case ["definitions" | "data_sources" as key]:
                return self._list(path, key, getattr(self.state, key))
            case ["collections" | "spaces", collection, "reports" | "datasets" as kind]:
                rows = [
                    self._shown(report)
                    for report in self.state.reports_of(collection)
                    if (report.get("type") == _DATASET) == (kind == "datasets")
                ]
                known = any(row["token"] == collection for row in self.state.collections)
                return self._page(path, "reports", rows, page) if known else NOT_FOUND
            case ["reports", token]:
                report = self.state.find(token)
                return Reply(HTTPStatus.OK, self._shown(report)) if report else NOT_FOUND
            case ["reports", token, "queries"]:
                report = self.state.find(token)
                return self._page(path, "queries", report.get("queries", []), page) if report else NOT_FOUND
        return NOT_FOUND

    def _change(self, method: str, path: str) -> Reply:
        match (method, path.split("/")):
            case ("PATCH", ["reports", token, "archive" | "unarchive" as form]):
                if self.state.set_archived(token, self.clock.utc_now(), archived=form == "archive"):
                    return self._get(f"reports/{token}", {})
            case ("DELETE", ["reports", token]):
                if self.state.delete(token):
                    return Reply(HTTPStatus.NO_CONTENT)
        return NOT_FOUND

    def _batch(self, path: str, query: dict[str, str]) -> Reply:
        rows: list[Row]
        match path:
            case "spaces":
                rows = [
                    {name: row.get(name) for name in ("id", "token", "name", "space_type")}
                    for row in self.state.collections
                ]
            case "reports":
                rows = [_discovered(report) for report in self.state.reports]
            case "report_stats":
                rows = [
                    {"report_token": report["token"], "total_views_count": report.get("view_count")}
                    for report in self.state.reports
                ]
            case _:
                return NOT_FOUND
        page, size = int(query.get("page", "1")), min(int(query.get("per_page", "1000")), 1000)
        part = rows[(page - 1) * size : page * size]
        pages = max(-(-len(rows) // size), 1)
        pagination = {"page": page, "per_page": size, "count": len(part), "total_pages": pages}
        links = {"next_page": {"href": f"/batch/{self.state.name}/{path}?page={page + 1}&per_page={size}"}}
        return Reply(
            HTTPStatus.OK, {"pagination": {**pagination, "total_count": len(rows)}, path: part, "_links": links}
        )

    def _collections(self, *, everything: bool) -> list[Row]:
        return [
            {name: value for name, value in row.items() if name not in _HIDDEN_FIELDS}
            for row in self.state.collections
            if not row.get("hidden") and (everything or not row.get("restricted"))
        ]

    def _shown(self, report: Row) -> Row:
        address = f"/api/{self.state.name}/reports/{report['token']}"
        forms = {form: {"method": "patch", "action": f"{address}/{form}"} for form in ("archive", "unarchive")}
        return {name: value for name, value in report.items() if name not in _HIDDEN_FIELDS} | {
            "_links": {"self": {"href": address}, "creator": {"href": f"/api/{report.get('creator', 'someone')}"}},
            "_forms": {**forms, "destroy": {"method": "delete", "action": address}},
        }

    def _page(self, path: str, key: str, rows: list[Row], page: int) -> Reply:
        return self._list(path, key, rows[(page - 1) * self.page_rows : page * self.page_rows], first=page == 1)

    def _list(self, path: str, key: str, rows: list[Row], *, first: bool = True) -> Reply:
        # the page behind the last has no key
        embedded = {key: rows} if rows or first else {}
        href = f"/api/{self.state.name}/{path}" if rows else ""
        return Reply(HTTPStatus.OK, {"_links": {"self": {"href": href}}, "_embedded": embedded})


def _discovered(report: Row) -> Row:
    names = ("id", "token", "name", "created_at", "last_run_at", "space_token", "creator_email")
    return {name: report.get(name) for name in names}
