"""What the webhooks get, from a real server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from orchestration.alerts.incidents import Incident, Message, Occasion
from orchestration.alerts.webhooks import AlertNotSentError, AlertSettings, Webhook

INCIDENT = Incident(
    key="platform-events/stuck/2025-08-01T03",
    title="2025-08-01T03 of platform-events is stuck <!channel>",
    detail="offsets 10-19 of platform-events[0] & more",
    repair="hourglass ledger check",
)
SINCE = datetime(2025, 8, 1, 4, 10, tzinfo=UTC)


@dataclass
class Receiver:
    """A server that keeps the bodies it got, and answers with one status."""

    status: int = 200
    url: str = ""
    bodies: list[Any] = field(default_factory=list)


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    receiver = Receiver(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Be quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/secret-path"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def message(channel: str, occasion: Occasion = Occasion.OPENED) -> Message:
    return Message(channel, occasion, INCIDENT, SINCE)


def test_slack_gets_the_sentence_and_the_repair_and_nobody_is_mentioned() -> None:
    """Names in a message may hold what Slack reads as a mention."""
    with receiving() as slack:
        Webhook("slack", SecretStr(slack.url)).send(message("slack"))
        Webhook("slack", SecretStr(slack.url)).send(message("slack", Occasion.RESOLVED))
    opened, over = (body["text"] for body in slack.bodies)
    assert "*2025-08-01T03 of platform-events is stuck &lt;!channel&gt;*" in opened
    assert "offsets 10-19 of platform-events[0] &amp; more" in opened
    assert "Repair: `hourglass ledger check`" in opened
    assert over.startswith(":white_check_mark: *Over:* 2025-08-01T03")


def test_the_plain_webhook_gets_every_field_and_the_same_id_for_the_same_message() -> None:
    """A receiver can drop what it got twice; the begin and the end have two ids."""
    with receiving() as plain:
        for occasion in (Occasion.OPENED, Occasion.OPENED, Occasion.RESOLVED):
            Webhook("webhook", SecretStr(plain.url)).send(message("webhook", occasion))
    first, again, over = plain.bodies
    assert first == again
    assert first["id"] != over["id"]
    assert {
        "occasion": "opened",
        "key": INCIDENT.key,
        "title": INCIDENT.title,
        "detail": INCIDENT.detail,
        "repair": "hourglass ledger check",
        "since": "2025-08-01T04:10:00+00:00",
    }.items() <= first.items()


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_other_than_2xx_is_not_delivered(status: int) -> None:
    """The error names the variable and the status, and never the address."""
    with (
        receiving(status) as plain,
        pytest.raises(AlertNotSentError, match=f"HOURGLASS_ALERT_WEBHOOK_URL .* {status}") as e,
    ):
        Webhook("webhook", SecretStr(plain.url)).send(message("webhook"))
    assert "secret-path" not in str(e.value)


def test_a_webhook_that_is_away_is_not_delivered_and_its_address_is_in_no_text() -> None:
    """Not in the error, its cause or the channel's own text."""
    webhook = Webhook("slack", SecretStr("http://127.0.0.1:9/secret-path"), timeout_seconds=2)
    with pytest.raises(AlertNotSentError, match="HOURGLASS_ALERT_SLACK_URL does not answer") as caught:
        webhook.send(message("slack"))
    assert caught.value.__cause__ is None
    assert "secret-path" not in f"{caught.value} {webhook!r}"


def test_only_configured_webhooks_are_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is none."""
    monkeypatch.setenv("HOURGLASS_ALERT_SLACK_URL", "http://127.0.0.1:9/x")
    monkeypatch.setenv("HOURGLASS_ALERT_WEBHOOK_URL", "")
    assert {"slack"} == AlertSettings().webhooks().keys()
