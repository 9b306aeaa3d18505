"""Send messages to webhooks: Slack's incoming webhook, and a plain one that gets JSON.

The address of a webhook is a secret: whoever has it can post. It is in no log line and in no error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import requests
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.alerts.incidents import Message, Occasion
from orchestration.alerts.slack_text import escaped

SLACK, PLAIN = "slack", "webhook"
_TAKEN = 2


class AlertSettings(BaseSettings):
    """Where alerts go: `HOURGLASS_ALERT_SLACK_URL` and `HOURGLASS_ALERT_WEBHOOK_URL`; none means no alerts."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_ALERT_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    slack_url: SecretStr | None = None
    """Incoming webhook of Slack; starts the sensor `alerts` of each stream."""
    webhook_url: SecretStr | None = None
    """Another webhook, which gets JSON."""
    timeout_seconds: float = Field(default=10, gt=0)
    """Of one message."""

    def webhooks(self) -> dict[str, Webhook]:
        """Return the configured webhooks by the name of their channel."""
        urls = {SLACK: self.slack_url, PLAIN: self.webhook_url}
        return {name: Webhook(name, url, self.timeout_seconds) for name, url in urls.items() if url is not None}


class AlertNotSentError(Exception):
    """A webhook did not take a message; the next call sends it again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One channel. `url` is not part of its text."""

    name: str
    url: SecretStr = field(repr=False)
    timeout_seconds: float = 10

    def send(self, message: Message) -> None:
        """Post one message.

        Raises:
            AlertNotSentError: no answer in time, or an answer other than 2xx.
        """
        body = slack_body(message) if self.name == SLACK else plain_body(message)
        variable = f"HOURGLASS_ALERT_{self.name.upper()}_URL"
        try:
            answer = requests.post(
                self.url.get_secret_value(), json=body, timeout=self.timeout_seconds, allow_redirects=False
            )
        except requests.RequestException as exc:
            # the text of the exception holds the address
            raise AlertNotSentError(f"{variable} does not answer: {type(exc).__name__}") from None
        if answer.status_code // 100 != _TAKEN:  # after a redirect the message would be gone
            raise AlertNotSentError(f"{variable} refused the message with HTTP {answer.status_code}")


def plain_body(message: Message) -> dict[str, str]:
    """Return the JSON of the plain webhook; `id` is the same when one message is sent twice."""
    incident = message.incident
    since = message.since.isoformat()
    identity = sha256(f"{incident.key}\n{since}\n{message.occasion.value}".encode()).hexdigest()
    return {
        "id": identity[:32],
        "occasion": message.occasion.value,
        "key": incident.key,
        "title": incident.title,
        "detail": incident.detail,
        "repair": incident.repair,
        "since": since,
    }


def slack_body(message: Message) -> dict[str, Any]:
    """Return the JSON of Slack's incoming webhook: the sentence, its detail and the repair."""
    return {"text": "\n".join(_slack_lines(message))}


def _slack_lines(message: Message) -> Iterator[str]:
    incident = message.incident
    if message.occasion is Occasion.RESOLVED:
        yield f":white_check_mark: *Over:* {escaped(incident.title)}"
        return
    yield f":rotating_light: *{escaped(incident.title)}*"
    yield escaped(incident.detail)
    yield f"Repair: `{escaped(incident.repair)}`"
