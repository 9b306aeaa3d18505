"""Weak accounts, rate limits and expired tokens of a real Superset."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flink_jobs.contracts.clock import SystemClock
from orchestration.metapipeline.bi.http import RetryingSession
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.tool import Superset, open_superset
from orchestration.metapipeline.errors import BiError
from tests.bi.superset.people import Author
from tests.bi.superset.server import Installation, RunningSuperset, serving


@dataclass
class WaitingClock(SystemClock):
    """The real clock, which remembers its waits."""

    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Wait, and remember."""
        self.waits.append(seconds)
        super().sleep(seconds)


def _client(url: str, username: str, clock: SystemClock | None = None) -> Superset:
    settings = SupersetSettings.model_validate({"url": url, "username": username, "password": username})
    return open_superset(settings, RetryingSession("superset", clock=clock or SystemClock()))


@pytest.mark.parametrize("role", ["Alpha", "Gamma"])
def test_an_account_that_sees_a_part_stops_the_reading(server: RunningSuperset, author: Author, role: str) -> None:
    """Superset answers such an account with 200 and fewer rows: a platform that looks unused."""
    author.person(f"weak-{role}", role)
    _, uuid = author.dashboard("Hidden from weak accounts", published=False)
    weak = _client(server.url, f"weak-{role}")

    with pytest.raises(BiError, match=rf"{role}.*give it the role Admin"):
        weak.read()
    with pytest.raises(BiError, match=rf"{role}.*give it the role Admin"):
        weak.report(uuid)


def test_a_role_that_is_called_admin_but_may_not_read_the_log_stops_the_reading(
    server: RunningSuperset, author: Author
) -> None:
    """The check is what the server lets the account read, not the name of the role alone."""
    author.person("weak-log", "Alpha")
    settings = SupersetSettings.model_validate(
        {"url": server.url, "username": "weak-log", "password": "weak-log", "admin_role": "Alpha"}
    )

    with pytest.raises(BiError, match=r"log/ answered 403"):
        open_superset(settings).read()


def test_a_wrong_password_is_a_clear_error(server: RunningSuperset) -> None:
    """The password is not in the message."""
    settings = SupersetSettings.model_validate({"url": server.url, "username": "admin", "password": "not-this-one"})

    with pytest.raises(BiError, match="login of 'admin' is refused") as raised:
        open_superset(settings).read()

    assert "not-this-one" not in str(raised.value)


@pytest.mark.parametrize("headers", ["0", "1"])
def test_the_reading_waits_at_a_rate_limit_and_renews_expired_tokens(
    installation: Installation, tmp_path: Path, headers: str
) -> None:
    """With headers the server answers 429 with `Retry-After: 0`, which is no permission to try at once."""
    environment = {
        "HOURGLASS_TEST_RATE": "2 per second",
        "HOURGLASS_TEST_RATE_HEADERS": headers,
        "HOURGLASS_TEST_TOKEN_SECONDS": "2",
    }
    with serving(installation, tmp_path, environment) as limited:
        clock = WaitingClock()
        client = _client(limited.url, "admin", clock)
        workspace = client.read()
        requests = limited.log.read_text()

    assert () == workspace.doubts
    assert " 429 " in requests
    assert min(clock.waits) >= 0.25
    assert 1 == requests.count('"POST /api/v1/security/login HTTP/1.1" 200')
    assert '"POST /api/v1/security/refresh HTTP/1.1" 200' in requests
