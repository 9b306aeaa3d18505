"""Post messages and charts to Slack by its Web API.

A chart is uploaded by Slack's present protocol: files.getUploadURLExternal promises a file of some bytes, the bytes are
posted to the returned address, and files.completeUploadExternal shares it in a channel.

Every call is repeated while Slack is away or limits the rate. Slack does not say whether a call that was lost had been
done, so a message may come twice; it is posted never less than once. The token is in no log line and in no error.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.metapipeline.errors import SlackError

if TYPE_CHECKING:
    from slack_sdk import WebClient

T = TypeVar("T")
SLACK_API = "https://slack.com/api/"
TEXT_CHARACTERS_MAX = 39_000
"""Slack refuses a text of more than 40,000 characters; a longer one is cut."""
_ALT_TEXT_CHARACTERS_MAX = 1_000
_CUT = "\n… (cut)"
_REPAIRS = {
    "not_authed": "set HOURGLASS_SLACK_TOKEN",
    "invalid_auth": "HOURGLASS_SLACK_TOKEN is no token of this workspace",
    "account_inactive": "HOURGLASS_SLACK_TOKEN belongs to an app that was removed",
    "token_revoked": "HOURGLASS_SLACK_TOKEN was revoked",
    "missing_scope": "give the app the scopes chat:write, files:write and users:read.email",
    "channel_not_found": "HOURGLASS_SLACK_CHANNEL names no channel that the app can see",
    "not_in_channel": "invite the app to the channel",
}


class SlackSettings(BaseSettings):
    """The app: `HOURGLASS_SLACK_…` in the environment or in `.env`. Nothing is posted unless `DRY_RUN` is false."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_SLACK_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    token: SecretStr | None = None
    """Token of an app with the scopes `chat:write`, `files:write` and `users:read.email`."""
    channel: str = "data-platform"
    """Channel of charts, and of owners that Slack does not know by their address."""
    base_url: str = SLACK_API
    """Address of the Web API."""
    dry_run: bool = True
    """Nothing is posted unless it is false."""
    timeout_seconds: int = Field(default=10, ge=1)
    """Of one call."""
    attempts_max: int = Field(default=5, ge=1)
    """Attempts of one call."""
    pause_seconds_max: float = Field(default=60, gt=0, description="a longer wait that Slack wants is a failure")


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted; in a dry run, what would have been.

    Args:
        channel: id of the channel, its name in a dry run.
        text: of the message.
        file: id of the chart; None without one.
        dry_run: whether nothing was sent.
    """

    channel: str
    text: str
    file: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as PNG.

    Args:
        png: its bytes.
        name: of the file.
        title: as people see it.
        alt_text: for people who do not see it.
    """

    png: bytes = field(repr=False)
    name: str
    title: str
    alt_text: str


class SlackAwayError(SlackError):
    """Slack did not answer, or wants a wait that is too long: the next call fails as well."""


class _AwayError(Exception):
    """A call that may be repeated, after `wait_seconds` if Slack says so."""

    def __init__(self, why: str, wait_seconds: float | None = None) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Slack:
    """One workspace.

    Args:
        settings: of the app.
        sleep: waits for a number of seconds.
        jitter: returns a number from 0 to 1, a part of each pause.
    """

    settings: SlackSettings
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def post(self, text: str, channel: str | None = None, chart: Chart | None = None) -> Posted:
        """Post a text, and a chart below it.

        Args:
            text: in Slack's markup; names in it are escaped by the caller, see `orchestration.alerts.slack_text`.
            channel: name or id; default: that of the settings.
            chart: shared after the text.

        Raises:
            SlackError: Slack refused, or did not answer in time.
        """
        text = text if len(text) <= TEXT_CHARACTERS_MAX else text[: TEXT_CHARACTERS_MAX - len(_CUT)] + _CUT
        channel = channel or self.settings.channel
        if self.settings.dry_run:
            return Posted(channel, text, dry_run=True)
        client = self._client()
        posted = self._call("chat.postMessage", lambda: client.chat_postMessage(channel=channel, text=text))
        shared = self._upload(client, posted["channel"], chart) if chart else None
        return Posted(posted["channel"], text, shared)

    def channel_of(self, owner: str) -> str | None:
        """Return the id of the person with an address, for a direct message; None when there is none."""
        local, at, domain = owner.partition("@")
        if not (local and at and domain) or self.settings.dry_run:
            return None
        client = self._client()
        try:
            found = self._call("users.lookupByEmail", lambda: client.users_lookupByEmail(email=owner))
        except _RefusedError as exc:
            if exc.error == "users_not_found":
                return None
            raise
        return str(found["user"]["id"])

    def _upload(self, client: WebClient, channel: str, chart: Chart) -> str:
        alt_text = chart.alt_text[:_ALT_TEXT_CHARACTERS_MAX]
        promised = self._call(
            "files.getUploadURLExternal",
            lambda: client.files_getUploadURLExternal(filename=chart.name, length=len(chart.png), alt_txt=alt_text),
        )
        url, file_id = self._upload_url(promised["upload_url"]), str(promised["file_id"])
        self._repeated("the upload", lambda: self._send_bytes(url, chart.png))
        self._call(
            "files.completeUploadExternal",
            lambda: client.files_completeUploadExternal(
                files=[{"id": file_id, "title": chart.title}], channel_id=channel
            ),
        )
        return file_id

    def _upload_url(self, url: str) -> str:
        """Accept an address of Slack, or of the configured server: the bytes go nowhere else."""
        given, own = urlsplit(url), urlsplit(self.settings.base_url)
        of_slack = given.scheme == "https" and (given.hostname or "").endswith(".slack.com")
        if not of_slack and (given.scheme, given.netloc) != (own.scheme, own.netloc):
            raise SlackError(f"files.getUploadURLExternal answered an address of {given.hostname}: check the base_url")
        return url

    def _send_bytes(self, url: str, data: bytes) -> None:
        try:
            answer = requests.post(url, data=data, timeout=self.settings.timeout_seconds, allow_redirects=False)
        except requests.RequestException as exc:
            raise _AwayError(type(exc).__name__) from None  # the text of the exception holds the address
        if answer.status_code != HTTPStatus.OK:
            raise _failure("the upload", answer.status_code, answer.headers)

    def _call(self, method: str, call: Callable[[], Any]) -> Mapping[str, Any]:
        from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415 (only posting needs it)

        def once() -> Mapping[str, Any]:
            try:
                answer: Mapping[str, Any] = call().data
            except SlackApiError as exc:
                raise _answer_error(method, exc.response) from None
            except SlackClientError as exc:
                raise SlackError(f"{method}: {type(exc).__name__}") from None
            except (OSError, ValueError) as exc:  # urllib's errors, a timeout, an answer that is no JSON
                raise _AwayError(type(exc).__name__) from None
            return answer

        return self._repeated(method, once)

    def _repeated(self, name: str, call: Callable[[], T]) -> T:
        limits = self.settings
        for attempt in range(1, limits.attempts_max + 1):
            try:
                return call()
            except _AwayError as exc:
                pause = exc.wait_seconds or min(2.0**attempt, limits.pause_seconds_max) * (0.5 + 0.5 * self.jitter())
                if attempt == limits.attempts_max or pause > limits.pause_seconds_max:
                    raise SlackAwayError(f"{name}: Slack does not answer after {attempt} attempts: {exc}") from None
                self.sleep(pause)
        raise AssertionError("attempts_max is at least 1")

    def _client(self) -> WebClient:
        from slack_sdk import WebClient  # noqa: PLC0415 (only posting needs it)

        token = self.settings.token
        if token is None:
            raise SlackError(f"not_authed: {_REPAIRS['not_authed']}")
        return WebClient(
            token=token.get_secret_value(),
            base_url=self.settings.base_url.rstrip("/") + "/",
            timeout=self.settings.timeout_seconds,
            retry_handlers=[],
        )


class _RefusedError(SlackError):
    """Slack answered a method with an error; `error` is its name."""

    def __init__(self, method: str, error: str) -> None:
        super().__init__(f"{method}: {error}" + (f": {_REPAIRS[error]}" if error in _REPAIRS else ""))
        self.error = error


def _answer_error(method: str, response: Any) -> Exception:
    status = int(response.status_code)
    if status != HTTPStatus.OK:
        return _failure(method, status, response.headers)
    error = str(response.get("error", "unknown_error"))[:80]
    if error in {"ratelimited", "internal_error", "service_unavailable", "request_timeout"}:
        return _AwayError(error)
    return _RefusedError(method, error)


def _failure(name: str, status: int, headers: Mapping[str, Any]) -> Exception:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _AwayError(f"HTTP {status}", _retry_after(headers))
    return SlackError(f"{name}: HTTP {status}")


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Return the seconds that Slack wants; None when it does not say, or not in seconds."""
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    text = str(found[0] if isinstance(found, list) and found else found).strip()
    return float(text) if text.isdecimal() else None
