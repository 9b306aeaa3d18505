from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from infra.local.mode_server.demo import workspace_of
from infra.local.mode_server.planted import planted_workspace
from infra.local.mode_server.server import SECRET, TOKEN, ModeServer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASIC = "Basic " + b64encode(f"{TOKEN}:{SECRET}".encode()).decode()


def ask(url: str, method: str = "GET", authorization: str = BASIC) -> dict[str, object]:
    request = Request(url, method=method, headers={"Authorization": authorization})  # noqa: S310 (loopback)
    with urlopen(request, timeout=5) as response:  # noqa: S310
        content = response.read()
    found: dict[str, object] = json.loads(content) if content else {}
    return found


def test_the_page_behind_the_last_has_no_key() -> None:
    """As Mode's recorded answers have it."""
    server = ModeServer(planted_workspace(NOW, reports=20, collections=1))
    with server.serving() as url:
        assert {} == ask(f"{url}/api/depot/collections/c00000000000/reports?page=2")["_embedded"]
    assert ["GET /api/depot/collections/c00000000000/reports?page=2 -> 200"] == server.requests


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic eDp5", "Bearer eDp5", BASIC.replace("Basic", "Bearer")])
def test_credentials_are_checked(authorization: str) -> None:
    """Both APIs refuse everything but their own credential."""
    with ModeServer(planted_workspace(NOW, reports=1)).serving() as url:
        for path in ("api/depot/definitions", "batch/depot/reports")[bool(authorization == BASIC) :]:
            with pytest.raises(HTTPError) as caught:
                ask(f"{url}/{path}", authorization=authorization)
            assert 401 == caught.value.code
            caught.value.close()


def test_changes_survive_a_restart(tmp_path: Path) -> None:
    """The workspace is a file; the first start writes it."""
    file = tmp_path / "workspace.json"
    with ModeServer(workspace_of(file)).serving() as url:
        ask(f"{url}/api/hourglass/reports/demo00000006/archive", "PATCH")
        ask(f"{url}/api/hourglass/reports/demo00000007", "DELETE")
    again = workspace_of(file)
    assert again.find("demo00000007") is None
    assert ["demo00000006"] == [report["token"] for report in again.reports if report["archived"]]
