from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from infra.local.slack_server.server import TOKEN, Fault, SlackServer
from infra.local.slack_server.workspace import TEXT_CHARACTERS_MAX, Workspace
from orchestration.metapipeline.errors import SlackError
from orchestration.metapipeline.slack import TEXT_CHARACTERS_MAX as CUT_AT
from orchestration.metapipeline.slack import Chart, Posted, Slack, SlackAwayError, SlackSettings

CHANNEL, ANA = "C0000000001", "U0000000001"
CHART = Chart(b"\x89PNG" + bytes(range(256)) * 40, "models.png", "Models per day", "bars")
PROTOCOL = ["chat.postMessage", "files.getUploadURLExternal", "upload", "files.completeUploadExternal"]


@pytest.fixture
def server() -> SlackServer:
    """A workspace with one channel and one person."""
    return SlackServer(Workspace({"data-platform": CHANNEL}, {"ana@example.com": ANA}))


@pytest.fixture
def address(server: SlackServer) -> Iterator[str]:
    """The base address of the API, while it serves."""
    with server.serving() as base_url:
        yield base_url


def slack(base_url: str, *, token: str | None = TOKEN, **changed: object) -> tuple[Slack, list[float]]:
    """Make a client that posts, and the list of its pauses."""
    pauses: list[float] = []
    fields = {"token": token and SecretStr(token), "base_url": base_url, "dry_run": False} | changed
    return Slack(SlackSettings.model_validate(fields), sleep=pauses.append, jitter=lambda: 1.0), pauses


def test_a_text_and_its_chart_are_posted(server: SlackServer, address: str) -> None:
    """The file is promised with its length, uploaded and shared below the text, in this order."""
    client, pauses = slack(address)
    posted = client.post("hello", chart=CHART)
    assert Posted(CHANNEL, "hello", "F0000000001") == posted
    assert [(CHANNEL, "hello", None), (CHANNEL, "", "F0000000001")] == [
        (message.channel, message.text, message.file) for message in server.workspace.messages
    ]
    file = server.workspace.files["F0000000001"]
    assert (CHART.png, CHART.name, CHART.title, True) == (file.data, file.name, file.title, file.shared)
    assert PROTOCOL == server.requests
    assert [] == pauses


def test_nothing_is_sent_by_default(server: SlackServer, address: str) -> None:
    """A dry run needs no token, and returns what would be posted."""
    client, _ = slack(address, token=None, dry_run=True)
    assert SlackSettings.model_fields["dry_run"].default is True
    assert Posted("data-platform", "hello", dry_run=True) == client.post("hello", chart=CHART)
    assert client.channel_of("ana@example.com") is None
    assert [] == server.requests


def test_a_rate_limit_is_waited_for_as_long_as_slack_says(server: SlackServer, address: str) -> None:
    """Each of the four calls is repeated alone, so nothing is posted twice."""
    server.faults.extend([Fault(429, "7"), None, Fault(429, "3"), None, Fault(429, "2"), None, Fault(429), None])
    client, pauses = slack(address)
    client.post("hello", chart=CHART)
    assert [name for name in PROTOCOL for _ in range(2)] == server.requests
    assert [7, 3, 2, 2] == pauses
    assert 2 == len(server.workspace.messages)


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(None)])
def test_a_server_that_is_away_is_asked_again(server: SlackServer, address: str, fault: Fault) -> None:
    """With growing pauses."""
    server.faults.extend([fault, fault, None])
    client, pauses = slack(address)
    assert "hello" == client.post("hello").text
    assert [2, 4] == pauses


def test_the_patience_has_an_end(server: SlackServer, address: str) -> None:
    """After some attempts, and at once when Slack wants a wait that is too long."""
    server.faults.extend([Fault(503)] * 3)
    client, pauses = slack(address, attempts_max=3)
    with pytest.raises(SlackError, match=r"chat\.postMessage: Slack does not answer after 3 attempts: HTTP 503"):
        client.post("hello")
    assert 2 == len(pauses)
    server.faults.append(Fault(429, "3600"))
    with pytest.raises(SlackError, match="after 1 attempts: HTTP 429"):
        client.post("hello")
    with pytest.raises(SlackError, match="HTTP 404"):
        slack(address.replace("/api/", "/other/"))[0].post("hello")
    with pytest.raises(SlackAwayError, match="does not answer after 2 attempts"):
        slack("http://127.0.0.1:9/api/", attempts_max=2)[0].post("hello")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"token": "xoxb-secret"}, "invalid_auth: HOURGLASS_SLACK_TOKEN is no token of this workspace"),
        ({"token": None}, "not_authed: set HOURGLASS_SLACK_TOKEN"),
        ({"channel": "#nowhere"}, "channel_not_found: HOURGLASS_SLACK_CHANNEL names no channel"),
    ],
)
def test_a_refusal_names_its_repair(server: SlackServer, address: str, changed: dict[str, str], sentence: str) -> None:
    """It is not repeated: waiting repairs nothing."""
    client, pauses = slack(address, **changed)
    with pytest.raises(SlackError, match=sentence):
        client.post("hello")
    assert ([], []) == (pauses, server.workspace.messages)


def test_the_token_is_shown_nowhere(
    server: SlackServer, address: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in the settings' text, an error, or the most detailed log."""
    client, _ = slack(address, token="xoxb-secret-123", attempts_max=1)
    server.faults.append(Fault(503))
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            with pytest.raises(SlackError) as raised:
                client.post("hello")
            assert "secret-123" not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
    shown = caplog.text + "".join(capsys.readouterr()) + repr(client) + repr(CHART)
    assert "secret-123" not in shown
    assert "PNG" not in repr(CHART)


def test_a_long_text_is_cut_and_says_so(server: SlackServer, address: str) -> None:
    """Slack would refuse it whole."""
    client, _ = slack(address)
    client.post("x" * (TEXT_CHARACTERS_MAX + 1))
    (message,) = server.workspace.messages
    assert (CUT_AT, True) == (len(message.text), message.text.endswith("… (cut)"))


def test_a_person_with_an_address_gets_a_direct_message(server: SlackServer, address: str) -> None:
    """Teams and people that the workspace does not know have none."""
    client, _ = slack(address)
    assert ANA == client.channel_of("ana@example.com")
    assert [None] * 4 == [client.channel_of(owner) for owner in ("ben@example.com", "@team", "ana", "ana@")]
    client.post("hello", channel=ANA)
    assert [ANA] == [message.channel for message in server.workspace.messages]


def test_the_bytes_go_to_slack_alone(server: SlackServer, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer cannot send a chart to another host."""
    promise = server.workspace.call
    monkeypatch.setattr(
        server.workspace, "call", lambda method, given, _: promise(method, given, "http://other/upload")
    )
    with pytest.raises(SlackError, match="an address of other"):
        slack(address)[0].post("hello", chart=CHART)


def test_the_local_server_keeps_the_protocol() -> None:
    """A length that differs, a second upload, and a file that was not uploaded are refused."""
    workspace = Workspace()
    promise = {"filename": "a.png", "length": "3"}
    file = workspace.call("files.getUploadURLExternal", promise, "http://x")["file_id"]
    complete = {"files": f'[{{"id": "{file}"}}]', "channel_id": "C0000000001"}
    assert "file_not_found" == workspace.call("files.completeUploadExternal", complete, "")["error"]
    assert [False, True, False] == [workspace.upload(file, data) for data in (b"ab", b"abc", b"abc")]
    assert workspace.call("files.completeUploadExternal", complete, "")["ok"]
    assert "file_not_found" == workspace.call("files.completeUploadExternal", complete, "")["error"]
    by_name = complete | {"channel_id": "data-platform"}
    assert "channel_not_found" == workspace.call("files.completeUploadExternal", by_name, "")["error"]
    assert "invalid_arguments" == workspace.call("files.getUploadURLExternal", promise | {"length": "0"}, "")["error"]
    assert "unknown_method" == workspace.call("files.upload", {}, "")["error"]
    assert "no_text" == workspace.call("chat.postMessage", {"channel": "data-platform"}, "")["error"]
