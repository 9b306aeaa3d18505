"""HTTP to a BI tool: retries, waits that the server asks for, and answers of bounded size."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import NewConnectionError

from flink_jobs.contracts.clock import Clock, SystemClock
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.text import one_line

TOO_MANY_REQUESTS = 429
_RETRIED = frozenset({TOO_MANY_REQUESTS, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_PROCESSED = frozenset({TOO_MANY_REQUESTS, 503})
_PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_CHUNK_BYTES = 64 * 1024
_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one request may cost.

    Args:
        attempts_max: of one request, the first included.
        first_wait_seconds: before the second attempt, doubled before each further one; an answer with
            `Retry-After: 0` does not shorten it.
        wait_seconds_max: of a wait that this client chooses.
        retry_after_seconds_max: of a wait that the server asks for; a longer one is an error at once.
        connect_seconds: until the server accepts the connection.
        read_seconds: between two bytes of an answer.
        answer_seconds_max: of one whole answer, so that a server that sends byte by byte cannot hold the reader.
        answer_bytes_max: of one body, decompressed.
    """

    attempts_max: int = 6
    first_wait_seconds: float = 0.5
    wait_seconds_max: float = 30.0
    retry_after_seconds_max: float = 120.0
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    answer_seconds_max: float = 300.0
    answer_bytes_max: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer.

    Args:
        request: method and path, for messages; never with parameters.
        status: of HTTP.
        headers: by names in lower case.
        body: as it came, decompressed.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 (the class of a status is its first digit)

    def json(self) -> Any:
        """Parse the body.

        Raises:
            BiError: it is no JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise BiError(f"{self.request} answered {self.status} without JSON: {self.excerpt()}") from exc

    def excerpt(self) -> str:
        """Return the beginning of the body in one line, for messages."""
        return one_line(self.body[: 4 * _EXCERPT_CHARACTERS].decode(errors="replace"))[:_EXCERPT_CHARACTERS]


class BearerToken(AuthBase):
    """Sends one bearer token, whatever a .netrc file says about the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds from now that `Retry-After` asks for, as a number or as a date; None when it is neither."""
    value = (header or "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


@dataclass(frozen=True, slots=True)
class _Failure:
    """One attempt without a usable answer; `asked_seconds` is the wait that the server asks for."""

    reason: str
    asked_seconds: float | None = None


@dataclass(slots=True)
class RetryingSession:
    """Sends requests and repeats the ones that may succeed later. Cookies are kept between requests.

    Repeated are a failed connection, a timeout, and the statuses 429, 500, 502, 503 and 504. Every other status is an
    answer, which the caller judges. Redirects are never followed: the credentials of one host are not for another.

    Args:
        tool: name in messages.
        limits: of each request.
        clock: for waits, and for dates in `Retry-After`.
        jitter: returns a number from 0 to 1; a chosen wait is between half of its full length and all of it.
    """

    tool: str
    limits: HttpLimits = HttpLimits()
    clock: Clock = field(default_factory=SystemClock)
    jitter: Callable[[], float] = random.random
    _session: requests.Session = field(default_factory=requests.Session)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, method: str, url: str, *, repeatable: bool = True, **options: Any) -> Answer:
        """Send one request until it is answered.

        Args:
            method: of HTTP.
            url: whole, without credentials.
            repeatable: whether a second request does no harm when the result of the first is unknown. If not, only
                requests that the server did not process (no connection, 429, 503) are repeated.
            options: `auth`, `headers`, `params` and `json` of requests.

        Raises:
            BiError: no usable answer after all attempts, or one that must not be repeated; the message has the reason.
        """
        request = f"{method} {url.partition('?')[0]}"
        failure = _Failure("")
        for attempt in range(self.limits.attempts_max):
            if attempt:
                self.clock.sleep(self._wait_seconds(attempt, failure, request))
            outcome = self._attempt(request, method, url, repeatable, options)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
        raise BiError(
            f"{self.tool}: {request} failed {self.limits.attempts_max} times; the last time: {failure.reason}"
        )

    def _attempt(
        self, request: str, method: str, url: str, repeatable: bool, options: Mapping[str, Any]
    ) -> Answer | _Failure:
        try:
            answer = self._exchange(request, method, url, options)
        except requests.RequestException as exc:
            # the text of the exception can hold parameters of the address
            name = type(exc).__name__
            if not isinstance(exc, _PASSING):
                raise BiError(f"{self.tool}: {request} cannot be sent: {name}") from exc
            if not repeatable and not _is_unsent(exc):
                raise BiError(
                    f"{self.tool}: the result of {request} is unknown: {name}. Look before it is sent again"
                ) from exc
            return _Failure(name)
        if answer.status in _REDIRECTS:
            raise BiError(f"{self.tool}: {request} is redirected: configure the address that the server uses itself")
        if answer.status in _RETRIED and (repeatable or answer.status in _NOT_PROCESSED):
            return _Failure(
                f"HTTP {answer.status} {answer.excerpt()}",
                retry_after(answer.headers.get("retry-after"), self.clock.utc_now()),
            )
        return answer

    def _exchange(self, request: str, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        timeout = (self.limits.connect_seconds, self.limits.read_seconds)
        with self._session.request(
            method, url, timeout=timeout, stream=True, allow_redirects=False, **options
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(request, response.status_code, headers, self._body(request, response))

    def _body(self, request: str, response: requests.Response) -> bytes:
        body = bytearray()
        started = self.clock.monotonic()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > self.limits.answer_bytes_max:
                raise BiError(f"{self.tool}: the answer to {request} is over {self.limits.answer_bytes_max} bytes")
            if self.clock.monotonic() - started > self.limits.answer_seconds_max:
                raise BiError(f"{self.tool}: the answer to {request} took over {self.limits.answer_seconds_max:.0f} s")
        return bytes(body)

    def _wait_seconds(self, attempt: int, failure: _Failure, request: str) -> float:
        """Return the longer one of the own wait, which grows, and the wait that the server asks for."""
        limits = self.limits
        own = min(limits.wait_seconds_max, limits.first_wait_seconds * 2.0 ** (attempt - 1)) * (
            0.5 + 0.5 * self.jitter()
        )
        asked = failure.asked_seconds or 0.0
        if asked > limits.retry_after_seconds_max:
            raise BiError(
                f"{self.tool}: {request} asks for a wait of {asked:.0f} s, over the limit of "
                f"{limits.retry_after_seconds_max:.0f} s: run again later. {failure.reason}"
            )
        return max(own, asked)


def _is_unsent(exc: requests.RequestException) -> bool:
    """Return whether there was no connection, so that the server cannot have seen the request."""
    cause = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(exc, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
