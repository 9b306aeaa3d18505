"""The git host: the only module that imports PyGithub. A request that fails for a reason that passes is repeated."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import requests
from github import Auth, Github, GithubException, RateLimitExceededException
from github.PullRequest import PullRequest as GithubPullRequest
from github.Repository import Repository

from orchestration.metapipeline.changing.repository.settings import ExcessScopes, HostSettings, RepositorySettings
from orchestration.metapipeline.errors import RepositoryError
from orchestration.metapipeline.text import one_line

Answer = TypeVar("Answer")
_LOG = logging.getLogger(__name__)
_SERVER_ERROR = 500
_TOO_MANY = (403, 429)
_BACKOFF_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """A repository as the host knows it now."""

    id: int
    name: str
    clone_url: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request of one of our branches.

    Args:
        number: in the repository.
        url: for people.
        branch: its head.
        is_open: it is neither merged nor closed.
        is_merged: it was merged.
        title: of it.
        body: Markdown.
    """

    number: int
    url: str
    branch: str
    is_open: bool
    is_merged: bool
    title: str
    body: str


class GitHubHost:
    """One repository on GitHub, GitHub Enterprise, or a server that answers like them.

    Args:
        settings: addresses, token, limits.
        repository: that is on the list.
        sleep: waits for some seconds.
        now: the time, for the reset of a rate limit.
    """

    def __init__(
        self,
        settings: HostSettings,
        repository: RepositorySettings,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._listed, self._sleep, self._now = settings, repository, sleep, now
        self._github = Github(
            auth=Auth.Token(settings.token.get_secret_value()),
            base_url=settings.api_url,
            timeout=settings.timeout_seconds,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            per_page=100,
        )

    def check_token(self) -> tuple[str, ...]:
        """Compare the scopes of the token with what is needed; return the warnings.

        A fine-grained token and that of an app do not list theirs, which is a warning, too.

        Raises:
            RepositoryError: a needed scope is missing, or there are more and the settings refuse that.
        """
        self._repository()
        scopes = self._github.oauth_scopes
        if scopes is None or not any(scopes):
            return ("the host does not list the rights of the token: check that it may write to this repository alone",)
        needed = set(self._settings.scopes_needed)
        if not needed & set(scopes):
            raise RepositoryError(f"the token lacks the scope {' or '.join(sorted(needed))}")
        excess = sorted(set(filter(None, scopes)) - needed)
        if excess and self._settings.excess_scopes is ExcessScopes.REFUSE:
            raise RepositoryError(
                f"the token may do more than it needs: {', '.join(excess)}; make one with {min(needed)}"
            )
        return tuple(f"the token may do more than it needs: {scope}" for scope in excess)

    def repository(self) -> HostedRepository:
        """Read the repository by its number, and compare its name with the list.

        Raises:
            RepositoryError: it is gone, renamed, transferred or archived.
        """
        found = self._repository()
        return HostedRepository(found.id, found.full_name, found.clone_url)

    def pull_requests(self, branch: str | None = None, *, only_open: bool = False) -> list[PullRequest]:
        """List the pull requests to the base branch from branches of this repository itself, the newest first."""
        repository = self._repository()
        arguments: dict[str, Any] = {"state": "open" if only_open else "all", "base": self._listed.base}
        if branch is not None:
            arguments["head"] = f"{repository.owner.login}:{branch}"
        listed = self._ask("list", lambda: list(repository.get_pulls(**arguments, sort="created", direction="desc")))
        own = [pull for pull in listed if pull.head.repo is not None and pull.head.repo.id == self._listed.id]
        return [_value(pull) for pull in own if branch is None or pull.head.ref == branch]

    def create(self, branch: str, title: str, body: str) -> PullRequest:
        """Open a pull request, or return the one that is open for the branch.

        An answer may be lost after the host has done it: before each new try the open ones are searched.
        """
        repository = self._repository()

        def attempt() -> PullRequest:
            for pull in self.pull_requests(branch, only_open=True):
                return pull
            base = self._listed.base
            return _value(
                repository.create_pull(base=base, head=branch, title=title, body=body, maintainer_can_modify=True)
            )

        return self._ask("create", attempt)

    def update(self, pull: PullRequest, title: str, body: str) -> None:
        """Write the title and the body of a pull request."""
        found = self._ask("read", lambda: self._repository().get_pull(pull.number))
        self._ask("update", lambda: found.edit(title=title, body=body))

    def close(self, pull: PullRequest, body: str) -> None:
        """Close a pull request of ours, with a body that says why."""
        found = self._ask("read", lambda: self._repository().get_pull(pull.number))
        self._ask("close", lambda: found.edit(state="closed", body=body))

    def _repository(self) -> Repository:
        found = self._ask("read", lambda: self._github.get_repo(self._listed.id))
        if found.id != self._listed.id or found.full_name.lower() != self._listed.name.lower():
            raise RepositoryError(
                f"repository {self._listed.id} is {found.full_name} now and not {self._listed.name}: "
                "check whether it was renamed or transferred, then correct the list"
            )
        if found.archived:
            raise RepositoryError(f"{found.full_name} is archived: take it from the list")
        return found

    def _ask(self, what: str, request: Callable[[], Answer]) -> Answer:
        """Send a request, again after a failure that passes: no answer, 5xx, a rate limit."""
        for left in reversed(range(self._settings.tries_max)):
            try:
                return request()
            except (GithubException, requests.RequestException) as exc:
                wait = self._wait_seconds(exc, self._settings.tries_max - left)
                if wait is None or not left:
                    raise RepositoryError(f"the git host refused to {what}: {_described(exc)}") from exc
                _LOG.warning("the git host did not %s, next try in %.1f s: %s", what, wait, _described(exc))
                self._sleep(wait)
        raise AssertionError  # the last try returns or raises

    def _wait_seconds(self, error: Exception, tries: int) -> float | None:
        """Return the wait before the next try; None for a refusal that stays."""
        backoff: float = _BACKOFF_SECONDS * 2 ** (tries - 1) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        if not isinstance(error, GithubException):
            return backoff
        headers = {key.lower(): value for key, value in (error.headers or {}).items()}
        if error.status in _TOO_MANY:
            asked = _limit_seconds(headers, self._now())
            if asked is None and not isinstance(error, RateLimitExceededException):
                return None
            return None if (asked or 0) > self._settings.wait_seconds_max else max(asked or 0, backoff)
        return backoff if error.status >= _SERVER_ERROR else None


def _limit_seconds(headers: dict[str, str], now: datetime) -> float | None:
    """Return how long a rate limit lasts; None when the answer names none."""
    try:
        if "retry-after" in headers:
            return float(headers["retry-after"])
        if headers.get("x-ratelimit-remaining") == "0":
            return max(0.0, float(headers.get("x-ratelimit-reset", 0)) - now.timestamp()) + 1
    except ValueError:
        return None
    return None


def _value(pull: GithubPullRequest) -> PullRequest:
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        branch=pull.head.ref,
        is_open=pull.state == "open",
        is_merged=pull.merged_at is not None,
        title=pull.title or "",
        body=pull.body or "",
    )


def _described(error: Exception) -> str:
    data = error.data if isinstance(error, GithubException) else None
    message = data.get("message") if isinstance(data, dict) else None
    status = f"{error.status} " if isinstance(error, GithubException) else ""
    return status + one_line(message or type(error).__name__)[:300]
