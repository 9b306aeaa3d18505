from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from infra.local.mode_server.faults import FaultKind
from infra.local.mode_server.planted import planted_workspace
from infra.local.mode_server.server import SECRET, RateLimit
from orchestration.metapipeline.bi.mode.settings import ModeSettings
from orchestration.metapipeline.errors import BiError
from tests.unit.orchestration.metapipeline.bi.mode.served import DISCOVERY_SETTINGS, NOW, Serve

TOKEN = "r00000000001"


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.CUT, FaultKind.LOST])
def test_a_failure_that_passes_is_retried(serve: Serve, kind: FaultKind) -> None:
    """A 500, a cut answer or a closed connection in the middle of the reading changes nothing."""
    mode = serve(page_rows=3)
    whole = mode.tool().read()
    for request in ("collections.filter", "collections/c0+1/reports.page=2", "reports/r0+4/queries", "definitions"):
        mode.fault(kind, f"GET /api/depot/{request}")
    assert whole == mode.tool().read()
    assert not [fault for fault in mode.server.faults.coming if fault.times]


def test_a_server_without_an_answer_is_asked_again(serve: Serve) -> None:
    """Every call has a timeout."""
    mode = serve()
    mode.fault(FaultKind.STALLED, "GET /api/depot/definitions")
    assert 20 == len(mode.tool(timeout_seconds=0.1).read().reports)


def test_a_failure_that_stays_is_an_error(serve: Serve) -> None:
    """The error names the request; the waits grow."""
    mode = serve()
    mode.fault(FaultKind.STATUS, "GET /api/depot/definitions", times=99, status=503)
    with pytest.raises(BiError, match=r"GET /api/depot/definitions failed 4 times, at last: HTTP 503; run again"):
        mode.tool(attempts=4, requests_per_second=1e9).read()
    assert [0.75, 1.5, 3.0] == [wait for wait in mode.clock.waits if wait > 0.01]


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.5), ("0", 1.5), ("86400", 60.5), ("Thu, 01 Jan 2026 00:00:09 GMT", 9.5), ("soon", 0.75)],
)
def test_the_wait_of_the_server_is_obeyed(serve: Serve, header: str, wait: float) -> None:
    """`Retry-After` has a floor and a cap; one that cannot be read is not there."""
    mode = serve()
    mode.fault(FaultKind.STATUS, "GET /api/depot/reports", status=429, headers={"Retry-After": header})
    mode.tool(requests_per_second=1e9).report(TOKEN)
    assert [wait] == [waited for waited in mode.clock.waits if waited > 0.01]


def test_a_rate_limited_workspace_is_read_whole(serve: Serve) -> None:
    """The client that is too fast for the server waits, and misses nothing."""
    mode = serve()
    mode.server.limit = RateLimit(10, 10, mode.clock)
    assert 20 == len(mode.tool(requests_per_second=1000).read().reports)
    assert [line for line in mode.server.requests if line.endswith("429")]


def test_the_own_pace_keeps_the_limit(serve: Serve) -> None:
    """With its default pace the client never meets Mode's limit of 40 requests in 10 seconds."""
    mode = serve(planted_workspace(NOW, reports=60))
    mode.server.limit = RateLimit(40, 10, mode.clock)
    mode.tool().read()
    assert 60 < len(mode.server.requests)
    assert [] == [line for line in mode.server.requests if line.endswith("429")]


def test_wrong_credentials_stop_at_once(serve: Serve) -> None:
    """A 401 is not retried, and the error has the repair and no secret."""
    mode = serve()
    with pytest.raises(BiError, match="check the token and the secret") as caught:
        mode.tool(secret="wrong-secret").read()
    assert 1 == len(mode.server.requests)
    assert "wrong-secret" not in str(caught.value)


def test_a_forbidden_workspace_stops_at_once(serve: Serve) -> None:
    """A workspace that does not exist and one that is not allowed look alike."""
    with pytest.raises(BiError, match="check HOURGLASS_MODE_WORKSPACE"):
        serve().tool(workspace="other").read()


def test_an_account_without_discovery_is_an_error(serve: Serve) -> None:
    """Whoever configures Discovery is told that it does not answer."""
    with pytest.raises(BiError, match="DISCOVERY"):
        serve().tool(**DISCOVERY_SETTINGS).read()


@pytest.mark.parametrize(
    ("request_", "body", "field"),
    [
        ("collections.filter", [], "_embedded"),
        ("collections.filter", {}, "_embedded"),
        ("collections.filter", {"_embedded": {"spaces": {}}}, "_embedded.spaces is no list"),
        ("collections.filter", {"_embedded": {"spaces": [{"name": "x"}]}}, "_embedded.spaces.0.token"),
        ("collections.filter", {"_embedded": {"spaces": [{"token": "../x"}]}}, "_embedded.spaces.0.token"),
        ("collections/c0+0/reports", {"_embedded": {"reports": [{"token": "a"}]}}, "archived is missing"),
        (
            "collections/c0+0/reports",
            {"_embedded": {"reports": [{"token": "a", "archived": False, "runs_count": "many"}]}},
            "_embedded.reports.0.runs_count",
        ),
        (
            "collections/c0+0/reports",
            {"_embedded": {"reports": [{"token": "a", "archived": False, "view_count": -1}]}},
            "_embedded.reports.0.view_count",
        ),
        (
            "collections/c0+0/reports",
            {"_embedded": {"reports": [{"token": "a", "archived": False, "last_run_at": "yesterday"}]}},
            "_embedded.reports.0.last_run_at",
        ),
        ("definitions", {"_embedded": {"definitions": "secret text"}}, "_embedded.definitions is no list"),
        ("data_sources", {"_embedded": {"data_sources": [{"token": "a"}]}}, "_embedded.data_sources.0.id"),
    ],
)
def test_an_answer_of_another_shape_is_an_error(serve: Serve, request_: str, body: Any, field: str) -> None:
    """The error names request and field, and no value of the answer."""
    mode = serve()
    mode.fault(FaultKind.BODY, f"GET /api/depot/{request_}", status=200, body=body)
    with pytest.raises(BiError, match=r"GET /api/depot/") as caught:
        mode.tool().read()
    assert field in str(caught.value)
    assert "secret text" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"[" * 100_000])
def test_an_answer_that_is_no_json_is_retried(serve: Serve, body: bytes) -> None:
    """A page of a proxy, or brackets without an end."""
    mode = serve()
    mode.fault(FaultKind.BODY, "GET /api/depot/definitions", status=200, body=body)
    assert 20 == len(mode.tool().read().reports)


def test_a_huge_answer_is_an_error(serve: Serve) -> None:
    """The size of an answer is bounded."""
    mode = serve()
    mode.fault(FaultKind.BODY, "GET /api/depot/definitions", status=200, body=b" " * 5000)
    with pytest.raises(BiError, match="more than 4096 bytes"):
        mode.tool(answer_bytes_max=4096).read()


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    """The credentials are for one address."""
    mode = serve()
    elsewhere = {"Location": "/api/depot/data_sources"}
    mode.fault(FaultKind.STATUS, f"GET /api/depot/reports/{TOKEN}", status=302, headers=elsewhere)
    with pytest.raises(BiError, match="HTTP 302: check the address"):
        mode.tool().report(TOKEN)
    assert 1 == len(mode.server.requests)


def test_half_a_surrogate_pair_is_no_error(serve: Serve) -> None:
    """JSON can hold what is no text."""
    mode = serve()
    mode.server.state.reports[0]["name"] = "broken \ud83d"
    assert "broken ?" == mode.tool().read().reports[0].name


def test_an_archive_whose_answer_is_lost_is_done_once(serve: Serve) -> None:
    """The change happened, the answer did not come: the second request finds it archived."""
    mode = serve()
    mode.fault(FaultKind.LOST, f"PATCH /api/depot/reports/{TOKEN}/archive")
    mode.tool().archive(TOKEN, NOW)
    assert mode.server.state.find(TOKEN)["archived"]  # type: ignore[index]
    assert 2 == len(mode.server.requests)


def test_a_deletion_whose_answer_is_lost_succeeds(serve: Serve) -> None:
    """The second request finds nothing, which is what was wanted."""
    mode = serve()
    mode.fault(FaultKind.LOST, f"DELETE /api/depot/reports/{TOKEN}")
    mode.tool().delete(TOKEN)
    assert mode.server.state.find(TOKEN) is None


def test_a_deletion_that_is_not_allowed_is_an_error(serve: Serve) -> None:
    """Mode's 404 may mean "not for this token": the report is still there."""
    mode = serve()
    mode.fault(FaultKind.STATUS, "DELETE", status=404)
    with pytest.raises(BiError, match="may not change it"):
        mode.tool().delete(TOKEN)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_change_that_is_refused_because_it_is_done_succeeds(serve: Serve, status: int) -> None:
    """Whatever the server says about archiving twice: the report is archived."""
    mode = serve()
    tool = mode.tool()
    tool.archive(TOKEN, NOW)
    mode.fault(FaultKind.STATUS, "PATCH", status=status)
    tool.archive(TOKEN, NOW)
    mode.fault(FaultKind.STATUS, "PATCH", status=status)
    with pytest.raises(BiError, match=f"HTTP {status}"):
        tool.unarchive(TOKEN)


def test_a_slow_answer_has_an_end(serve: Serve) -> None:
    """An answer that comes byte by byte never meets the timeout of one read."""
    mode = serve()
    mode.clock.monotonic = iter(range(0, 10_000_000, 31)).__next__  # type: ignore[method-assign]
    with pytest.raises(BiError, match="the answer took more than 30 s"):
        mode.tool().report(TOKEN)


@pytest.mark.parametrize("status", [403, 404])
def test_a_change_that_is_refused_is_an_error(serve: Serve, status: int) -> None:
    """To archive a report that is gone, or not ours, does not succeed."""
    mode = serve()
    mode.fault(FaultKind.STATUS, "PATCH", status=status)
    with pytest.raises(BiError, match=f"HTTP {status}: the report is gone, or this token may not"):
        mode.tool().archive(TOKEN, NOW)


@pytest.mark.parametrize("token", ["../reports", "a/b", "a?b", "", "ä"])
def test_an_id_cannot_become_a_path(serve: Serve, token: str) -> None:
    """An id is checked before it is part of an address."""
    mode = serve()
    with pytest.raises(BiError, match="is no token of a report"):
        mode.tool().delete(token)
    assert [] == mode.server.requests


def test_secrets_are_masked() -> None:
    """Settings can be printed."""
    settings = ModeSettings(_env_file=None, workspace="depot", token="t0ken", secret=SECRET, **DISCOVERY_SETTINGS)
    assert not [secret for secret in ("t0ken", SECRET, "d-token", "d-key", "d-secret") if secret in repr(settings)]


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://app.mode.com"},
        {"url": "https://user:password@app.mode.com"},
        {"workspace": "a/b"},
        {"discovery_token": "alone"},
        {"requests_per_second": 0},
        {"secret": "s3cret\n"},
        {"token": "zwölf"},
        {"token": ""},
    ],
)
def test_settings_that_cannot_be_right_are_refused(values: dict[str, Any]) -> None:
    """Credentials over plain HTTP or with a line break, half a Discovery credential; the error shows no secret."""
    given: dict[str, Any] = {"workspace": "depot", "token": "t0ken", "secret": "s3cret"} | values
    with pytest.raises(ValidationError) as caught:
        ModeSettings(_env_file=None, **given)
    assert not [secret for secret in ("t0ken", "s3cret", "alone") if secret in str(caught.value)]
