"""HTTP to Mode: credentials, timeouts, retries and limits. Only importer of requests in this package."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import requests

from flink_jobs.contracts.clock import Clock
from orchestration.metapipeline.bi.http import BearerToken, retry_after
from orchestration.metapipeline.bi.mode.retrying import Pace, Transient, wait_seconds
from orchestration.metapipeline.bi.mode.settings import ModeSettings
from orchestration.metapipeline.errors import BiError

log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 16
_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What a caller may understand: gone, not for this token, or done already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Mode answered: 2xx with its JSON, or a refusal without.

    Args:
        request: method and path, for errors.
        status: of HTTP.
        body: None when there is none.
    """

    request: str
    status: int
    body: Any = None

    @property
    def found(self) -> bool:
        """Whether the answer is no refusal."""
        return self.status not in _REFUSALS

    @property
    def gone(self) -> bool:
        """Whether the object is not there, or hidden from this token."""
        return self.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class ModeClient:
    """Sends requests, one at a time. Close it, or use it as a context manager."""

    def __init__(self, settings: ModeSettings, clock: Clock, random: Callable[[], float]) -> None:
        self.settings = settings
        self._clock = clock
        self._random = random
        self._pace = Pace(settings.requests_per_second, clock)
        self._session = requests.Session()
        # proxies and certificates of the environment are for other machines
        self._session.trust_env = not settings.local
        self._session.headers["Accept"] = "application/json"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def api(self, path: str, method: str = "GET") -> Answer:
        """Send a request to the management API; `path` begins behind the workspace.

        Raises:
            BiError: Mode refuses the credentials or the request, or no attempt succeeds.
        """
        credentials = (self.settings.token.get_secret_value(), self.settings.secret.get_secret_value())
        return self._retried(method, f"/api/{self.settings.workspace}/{path}", auth=credentials)

    def discovery(self, path: str) -> Answer:
        """Read from the Discovery API.

        Raises:
            BiError: like `api`, or the settings have no credential of this API.
        """
        if self.settings.bearer is None:
            raise BiError(
                "Mode: the Discovery API needs HOURGLASS_MODE_DISCOVERY_TOKEN, _ACCESS_KEY and _ACCESS_SECRET"
            )
        bearer = BearerToken(self.settings.bearer)
        return self._retried("GET", f"/batch/{self.settings.workspace}/{path}", auth=bearer)

    def _retried(self, method: str, path: str, **credentials: Any) -> Answer:
        request = f"{method} {path}"
        for attempt in range(1, self.settings.attempts + 1):
            self._pace.wait()
            outcome = self._send(request, method, path, **credentials)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            if attempt < self.settings.attempts:
                wait = wait_seconds(attempt, failure, self.settings.retry_after_max_seconds, self._random)
                log.info("Mode: %s: %s; attempt %d in %.1f s", request, failure.reason, attempt + 1, wait)
                self._clock.sleep(wait)
        raise BiError(
            f"Mode: {request} failed {self.settings.attempts} times, at last: {failure.reason}; run again later, or"
            f" check the address {self.settings.url} (HOURGLASS_MODE_URL)"
        )

    def _send(self, request: str, method: str, path: str, **credentials: Any) -> Answer | Transient:
        started = self._clock.monotonic()
        try:
            with self._session.request(
                method,
                self.settings.url + path,
                timeout=self.settings.timeout_seconds,
                allow_redirects=False,  # the credentials are for this address only
                stream=True,
                **credentials,
            ) as response:
                failure = self._failure(request, response)
                if failure is not None:
                    return failure
                if response.status_code in _REFUSALS:
                    return Answer(request, response.status_code)
                content = self._content(request, response, started)
        except requests.RequestException as exc:
            return Transient(type(exc).__name__)
        if isinstance(content, Transient):
            return content
        return _answer(request, response.status_code, content)

    def _failure(self, request: str, response: requests.Response) -> Transient | None:
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise BiError(
                f"Mode: {request} was refused with 401: check the token and the secret"
                f" ({_variables(request)}); the API key may be revoked or expired"
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = retry_after(response.headers.get("Retry-After"), self._clock.utc_now())
            return Transient(f"HTTP {status}", wait)
        if status not in _REFUSALS and status // 100 != HTTPStatus.OK // 100:
            raise BiError(f"Mode: {request} was answered with HTTP {status}: check the address HOURGLASS_MODE_URL")
        return None

    def _content(self, request: str, response: requests.Response, started: float) -> bytes | Transient:
        parts, size = [], 0
        for part in response.iter_content(_CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > self.settings.answer_bytes_max:
                raise BiError(
                    f"Mode: {request} answered more than {self.settings.answer_bytes_max} bytes:"
                    " raise HOURGLASS_MODE_ANSWER_BYTES_MAX if that is right"
                )
            if self._clock.monotonic() - started > self.settings.timeout_seconds:
                return Transient(f"the answer took more than {self.settings.timeout_seconds:g} s")
        return b"".join(parts)


def _answer(request: str, status: int, content: bytes) -> Answer | Transient:
    if not content.strip():
        return Answer(request, status)
    try:
        return Answer(request, status, json.loads(content))
    except (ValueError, RecursionError):
        return Transient("the answer is no JSON, or it is cut")


def _variables(request: str) -> str:
    if " /batch/" in request:
        return "HOURGLASS_MODE_DISCOVERY_TOKEN, _ACCESS_KEY and _ACCESS_SECRET"
    return "HOURGLASS_MODE_TOKEN and HOURGLASS_MODE_SECRET"
