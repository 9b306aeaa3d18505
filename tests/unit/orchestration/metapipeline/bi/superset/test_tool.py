"""The client against scripted answers: what a real server does only at the wrong moment."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orchestration.metapipeline.bi.http import HttpLimits, RetryingSession
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.tool import Superset, open_superset
from orchestration.metapipeline.errors import BiError
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_http import Received, Scripted, scripted

NOW = datetime(2026, 1, 31, 10, 0, 0, tzinfo=UTC)
DASHBOARD = str(UUID(int=7))
_EMPTY_LISTS = {"chart/", "dataset/", "saved_query/", "database/", "query/", "log/"}
_FIXED: dict[str, tuple[Any, int]] = {
    "security/csrf_token/": ({"result": "csrf"}, 200),
    "me/": ({"result": {"id": 1}}, 200),
    "me/roles/": ({"result": {"roles": {"Admin": []}}}, 200),
}


@dataclass
class Server:
    """A Superset with dashboards and nothing else. A test replaces an answer by its method and path."""

    dashboards: list[dict[str, Any]] = field(default_factory=list)
    replaced: dict[str, Callable[[Received], Scripted | None]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    tokens: int = 0

    def answer(self, request: Received) -> Scripted:
        """Answer one request."""
        self.received.append(request)
        path = request.path.removeprefix("/api/v1/")
        if (replaced := self.replaced.get(f"{request.method} {path}")) and (answer := replaced(request)) is not None:
            return answer
        if path in ("security/login", "security/refresh"):
            self.tokens += 1
            return _json({"access_token": f"access-{self.tokens}", "refresh_token": "refresh"})
        if path == "dashboard/":
            return self._page(self.dashboards, request)
        if request.method != "GET" or path in _EMPTY_LISTS:
            return _json({"count": 0, "result": []})
        return _json(*_FIXED.get(path, ({"message": "Not found"}, 404)))

    def _page(self, rows: list[dict[str, Any]], request: Received) -> Scripted:
        question = json.loads(request.query["q"])
        size = min(question["page_size"], 3)
        start = question["page"] * size
        return _json({"count": len(rows), "result": rows[start : start + size]})

    def writes(self) -> list[str]:
        """List the writes to dashboards and tags, in their order."""
        return [
            f"{one.method} {one.path.removeprefix('/api/v1/')}"
            for one in self.received
            if one.method != "GET" and "security" not in one.path
        ]


def _json(value: Any, status: int = 200) -> Scripted:
    return Scripted(status, json.dumps(value).encode())


def _dashboard(number: int, *tags: str, published: bool = True) -> dict[str, Any]:
    return {
        "id": number,
        "uuid": str(UUID(int=number)),
        "dashboard_title": f"dashboard {number}",
        "published": published,
        "changed_on_utc": "2026-01-01T00:00:00+0000",
        "tags": [{"name": tag, "type": 1} for tag in tags],
    }


@pytest.fixture
def server() -> Server:
    return Server([_dashboard(7)])


@pytest.fixture
def superset(server: Server, tmp_path: Path) -> Iterator[Superset]:
    with scripted(server.answer) as url:
        settings = SupersetSettings.model_validate(
            {"url": url, "username": "reader", "password": "s3cret", "backups": tmp_path / "backups"}
        )
        http = RetryingSession("superset", HttpLimits(attempts_max=2), FakeClock(NOW))
        yield open_superset(settings, http)
        http.close()


def test_the_server_decides_how_many_rows_a_page_has(server: Server, superset: Superset) -> None:
    """Ten dashboards come in four pages, each once."""
    server.dashboards = [_dashboard(number) for number in range(1, 11)]

    workspace = superset.read()

    assert [str(UUID(int=number)) for number in range(1, 11)] == [report.id for report in workspace.reports]
    assert () == workspace.doubts


def test_a_list_that_shifts_is_read_again(server: Server, superset: Superset) -> None:
    """A dashboard that is deleted between two pages moves another one out of sight."""
    server.dashboards = [_dashboard(number) for number in range(1, 9)]
    asked = 0

    def shift(_request: Received) -> Scripted | None:
        nonlocal asked
        asked += 1
        if asked == 2:
            server.dashboards.pop(0)
        return None

    server.replaced["GET dashboard/"] = shift

    workspace = superset.read()

    assert {str(UUID(int=number)) for number in range(2, 9)} == {report.id for report in workspace.reports}
    assert () == workspace.doubts


def test_a_dashboard_that_changes_place_is_read(server: Server, superset: Superset) -> None:
    """One is deleted and another one made between two pages: as many as before, but not the same."""
    server.dashboards = [_dashboard(number) for number in range(1, 9)]
    asked = 0

    def replace(_request: Received) -> Scripted | None:
        nonlocal asked
        asked += 1
        if asked == 2:
            server.dashboards = [_dashboard(9), *server.dashboards[1:]]
        return None

    server.replaced["GET dashboard/"] = replace

    workspace = superset.read()

    assert {str(UUID(int=number)) for number in range(2, 10)} == {report.id for report in workspace.reports}


def test_a_list_that_shifts_at_each_reading_is_in_doubt(server: Server, superset: Superset) -> None:
    """The reading is not half of the truth without a word."""
    server.replaced["GET dashboard/"] = lambda request: _json(
        {"count": 5, "result": [_dashboard(1)] if json.loads(request.query["q"])["page"] == 0 else []}
    )

    (doubt,) = superset.read().doubts

    assert "The list of dashboards changed while it was read: 1 were found. Read again." == doubt


def test_an_expired_token_is_renewed_once(server: Server, superset: Superset) -> None:
    """By the refresh token; the request is sent again."""
    server.replaced["GET me/"] = lambda request: (
        _json({"msg": "Token has expired"}, 401) if request.headers["authorization"] == "Bearer access-1" else None
    )

    superset.read()

    posts = [one for one in server.received if one.method == "POST"]
    assert ["/api/v1/security/login", "/api/v1/security/refresh"] == [one.path for one in posts]
    assert "Bearer refresh" == posts[1].headers["authorization"]


def test_an_expired_refresh_token_is_replaced_by_a_login(server: Server, superset: Superset) -> None:
    """A long run outlives both tokens. A server with a new key answers 422."""
    server.replaced["GET me/"] = lambda request: (
        _json({"msg": "Signature verification failed"}, 422)
        if request.headers["authorization"] == "Bearer access-1"
        else None
    )
    server.replaced["POST security/refresh"] = lambda _: _json({"msg": "Token has expired"}, 401)

    assert superset.report(DASHBOARD) is not None
    assert 2 == sum(one.path.endswith("/login") for one in server.received)


def test_a_token_that_expires_while_its_request_waits_is_renewed_again(server: Server, superset: Superset) -> None:
    """A wait at a rate limit can be longer than the rest of a token's life."""
    server.replaced["GET me/"] = lambda request: (
        _json({"msg": "Token has expired"}, 401) if request.headers["authorization"] != "Bearer access-3" else None
    )

    assert superset.report(DASHBOARD) is not None


def test_an_account_that_is_refused_again_is_an_error(server: Server, superset: Superset) -> None:
    """There is no endless loop of logins."""
    server.replaced["GET me/"] = lambda _: _json({"msg": "User is locked"}, 401)

    with pytest.raises(BiError, match="refuses the account: User is locked"):
        superset.read()


@pytest.mark.parametrize(
    ("roles", "log", "message"),
    [
        ({"Alpha": []}, 200, "sees a part of the dashboards only"),
        ({}, 200, "sees a part of the dashboards only"),
        ({"Admin": []}, 403, "log/ answered 403"),
        ({"Admin": []}, 404, "log/ answered 404"),
    ],
)
def test_an_account_that_sees_a_part_stops_everything(
    server: Server, superset: Superset, roles: dict[str, Any], log: int, message: str
) -> None:
    """Its answers have status 200 and look like a small platform without use."""
    server.replaced["GET me/roles/"] = lambda _: _json({"result": {"roles": roles}})
    server.replaced["GET log/"] = lambda _: _json({"message": "x"}, log) if log != 200 else None

    with pytest.raises(BiError, match=message):
        superset.read()
    with pytest.raises(BiError, match=message):
        superset.report(DASHBOARD)


def _log(*rows: tuple[str, int | None, int]) -> Callable[[Received], Scripted]:
    """Answer questions about a log; a row is an action, a user and a dashboard, the oldest first, one each minute."""
    written = [
        {"action": action, "user_id": user, "dashboard_id": dashboard, "dttm": f"2025-06-01T00:{minute:02}:00"}
        for minute, (action, user, dashboard) in enumerate(rows)
    ]

    def answer(request: Received) -> Scripted:
        question = json.loads(request.query["q"])
        wanted = {one["col"]: one["value"] for one in question.get("filters", ()) if one["opr"] == "eq"}
        found = [row for row in written if all(row[column] == value for column, value in wanted.items())]
        if question["order_direction"] == "desc":
            found.reverse()
        start = question["page"] * question["page_size"]
        return _json({"count": len(found), "result": found[start : start + question["page_size"]]})

    return answer


def test_the_use_by_others_is_counted(server: Server, superset: Superset) -> None:
    """People without an account are others, the reader is not; rows of other dashboards and actions do not count."""
    server.replaced["GET log/"] = _log(
        ("log", 2, 7),
        ("log", None, 7),
        ("ChartDataRestApi.data", None, 7),
        ("log", 2, 8),
        ("DashboardRestApi.get", 2, 7),
        ("log", 1, 7),
        ("ChartDataRestApi.data", 1, 7),
    )

    report = superset.report(DASHBOARD)

    assert report is not None
    assert (2, 1) == (report.views, report.runs)
    assert datetime(2025, 6, 1, 0, 2, tzinfo=UTC) == report.last_run_at


@pytest.mark.parametrize(
    ("rows", "views"),
    [([("dashboard", 2, 7)], 1), ([("dashboard", 2, 7), ("log", 2, 7)], 1), ([("dashboard", 1, 7)], 0)],
)
def test_a_page_counts_where_its_browser_sends_nothing(
    server: Server, superset: Superset, rows: list[tuple[str, int | None, int]], views: int
) -> None:
    """One opening is one view, whether it has one row or two."""
    server.replaced["GET log/"] = _log(*rows)

    report = superset.report(DASHBOARD)

    assert report is not None
    assert (views, views == 0) == (report.views, report.never_run)


def test_an_html_answer_is_an_error_with_its_beginning(server: Server, superset: Superset) -> None:
    """An unknown route answers with a page."""
    server.replaced["GET chart/"] = lambda _: Scripted(404, b"<!doctype html><html>")

    with pytest.raises(BiError, match=r"chart/ answered 404: <!doctype html>"):
        superset.read()


def test_a_write_has_the_token_against_forged_requests(server: Server, superset: Superset) -> None:
    """A production server wants token, cookie and Referer."""
    superset.archive(DASHBOARD, NOW)

    put = next(one for one in server.received if one.method == "PUT")
    assert ("csrf", superset.settings.root) == (put.headers["x-csrftoken"], put.headers["referer"])


def test_the_tag_comes_before_a_dashboard_is_hidden(server: Server, superset: Superset) -> None:
    """After a crash between the two the dashboard is active, and the next archive has its own moment."""
    server.dashboards = [_dashboard(7, "archived:2020-01-01", "sales")]

    superset.archive(DASHBOARD, NOW)

    assert ["DELETE tag/3/7/archived%3A2020-01-01/", "POST tag/3/7/", "PUT dashboard/7"] == server.writes()


def test_a_dashboard_is_published_before_its_tag_is_removed(server: Server, superset: Superset) -> None:
    """After a crash between the two it is active; without the tag it would be a draft for ever."""
    server.dashboards = [_dashboard(7, "archived:2020-01-01", published=False)]

    superset.unarchive(DASHBOARD)

    assert ["PUT dashboard/7", "DELETE tag/3/7/archived%3A2020-01-01/"] == server.writes()


def test_a_tag_that_cannot_be_removed_is_an_error(server: Server, superset: Superset) -> None:
    """Superset answers 422 for this and for a tag that is gone; the dashboard tells which."""
    server.dashboards = [_dashboard(7, "archived", published=False)]
    server.replaced["DELETE tag/3/7/archived/"] = lambda _: _json({"message": "Could not process entity"}, 422)

    with pytest.raises(BiError, match="answered 422: Could not process entity"):
        superset.unarchive(DASHBOARD)


def test_a_server_without_tags_hides_nothing(server: Server, superset: Superset) -> None:
    """A hidden dashboard without a mark could not be found again."""
    server.replaced["POST tag/3/7/"] = lambda _: _json({"message": "Not found"}, 404)

    with pytest.raises(BiError, match="TAGGING_SYSTEM"):
        superset.archive(DASHBOARD, NOW)

    assert ["POST tag/3/7/"] == server.writes()


def _zip(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x: 1")
    return content.getvalue()


def test_the_export_is_written_before_the_deletion(server: Server, superset: Superset) -> None:
    """A dashboard that somebody else deletes in between is deleted, too."""
    export = _zip("export/metadata.yaml", "export/dashboards/a.yaml")
    server.replaced["GET dashboard/export/"] = lambda _: Scripted(body=export)
    server.replaced["DELETE dashboard/7"] = lambda _: _json({"message": "Not found"}, 404)

    superset.delete(DASHBOARD)

    assert ["DELETE dashboard/7"] == server.writes()
    (file,) = superset.settings.backups.iterdir()
    assert (f"{DASHBOARD}-20260131T100000Z.zip", export) == (file.name, file.read_bytes())


@pytest.mark.parametrize(
    "export", [b"", b"not a zip", _zip("export/metadata.yaml"), _zip("export/dashboards/a.yaml")[:-30]]
)
def test_a_dashboard_without_a_whole_export_stays(server: Server, superset: Superset, export: bytes) -> None:
    """There would be no way back."""
    server.replaced["GET dashboard/export/"] = lambda _: Scripted(body=export)

    with pytest.raises(BiError, match="it is not deleted"):
        superset.delete(DASHBOARD)

    assert [] == server.writes()


def test_a_missing_dashboard_is_deleted(server: Server, superset: Superset) -> None:
    """It succeeds, and writes nothing."""
    superset.delete(str(UUID(int=99)))

    assert None is superset.report(str(UUID(int=99)))
    assert [] == server.writes()
