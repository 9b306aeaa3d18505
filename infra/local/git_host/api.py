"""The part of GitHub's REST API that our client uses, with GitHub's shapes and answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.git_host.hosted import Hosted, HostedPullRequest, HostedRepository, RefusedError, UnknownError

PAGE_ROWS = 30
Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request: the method, the path behind the root of the API, the query, the JSON body, who asks."""

    method: str
    path: str
    query: Mapping[str, str]
    data: Mapping[str, Any]
    login: str


class Api:
    """The API of one host.

    Args:
        hosted: what it holds.
        web_url: of the host, without a slash at the end.
        api_url: of the API, likewise.
    """

    def __init__(self, hosted: Hosted, web_url: str, api_url: str) -> None:
        self._hosted, self._web, self._api = hosted, web_url, api_url

    def answer(self, request: ApiRequest) -> Answer:
        """Return the status and the JSON of the answer."""
        routes: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
            ("GET", r"/repositories/(\d+)", self._by_number),
            ("GET", r"/repos/([^/]+/[^/]+)", self._by_name),
            ("GET", r"/repos/([^/]+/[^/]+)/pulls", self._list),
            ("POST", r"/repos/([^/]+/[^/]+)/pulls", self._open),
            ("GET", r"/repos/([^/]+/[^/]+)/pulls/(\d+)", self._get),
            ("PATCH", r"/repos/([^/]+/[^/]+)/pulls/(\d+)", self._edit),
        )
        with self._hosted.lock:
            for method, pattern, route in routes:
                if request.method == method and (found := re.fullmatch(pattern, request.path)):
                    try:
                        return route(request, *found.groups())
                    except UnknownError:
                        break
                    except RefusedError as exc:
                        return 422, {"message": "Validation Failed", "errors": [{"message": str(exc)}]}
        return 404, {"message": "Not Found"}

    def _by_number(self, _: ApiRequest, number: str) -> Answer:
        return 200, self._repository(self._hosted.repository(int(number)))

    def _by_name(self, _: ApiRequest, name: str) -> Answer:
        return 200, self._repository(self._hosted.repository(name=name))

    def _list(self, request: ApiRequest, name: str) -> Answer:
        repository = self._hosted.repository(name=name)
        state, head, base = (request.query.get(key) for key in ("state", "head", "base"))
        found = [
            pull
            for pull in reversed(self._hosted.pulls)
            if pull.repository == repository.id
            and state in (pull.state, "all")
            and base in (None, pull.base)
            and head in (None, f"{repository.name.split('/')[0]}:{pull.head}")
        ]
        rows = int(request.query.get("per_page", PAGE_ROWS))
        start = (int(request.query.get("page", 1)) - 1) * rows
        return 200, [self._pull(repository, pull) for pull in found[start : start + rows]]

    def _open(self, request: ApiRequest, name: str) -> Answer:
        repository = self._hosted.repository(name=name)
        pull = self._hosted.open_pull(repository, request.data, request.login)
        return 201, self._pull(repository, pull)

    def _get(self, _: ApiRequest, name: str, number: str) -> Answer:
        repository = self._hosted.repository(name=name)
        return 200, self._pull(repository, self._hosted.pull(repository, int(number)))

    def _edit(self, request: ApiRequest, name: str, number: str) -> Answer:
        repository = self._hosted.repository(name=name)
        pull = self._hosted.pull(repository, int(number))
        for key in ("title", "body", "state"):
            setattr(pull, key, request.data.get(key, getattr(pull, key)))
        self._hosted.save()
        return 200, self._pull(repository, pull)

    def _repository(self, repository: HostedRepository) -> dict[str, Any]:
        owner, name = repository.name.split("/")
        return {
            "id": repository.id,
            "name": name,
            "full_name": repository.name,
            "owner": {"login": owner, "id": 1, "url": f"{self._api}/users/{owner}"},
            "private": True,
            "fork": False,
            "archived": repository.archived,
            "default_branch": repository.base,
            "url": f"{self._api}/repos/{repository.name}",
            "html_url": f"{self._web}/{repository.name}",
            "clone_url": f"{self._web}/{repository.name}.git",
        }

    def _pull(self, repository: HostedRepository, pull: HostedPullRequest) -> dict[str, Any]:
        path = f"{repository.name}/pull"
        return {
            "id": repository.id * 1000 + pull.number,
            "number": pull.number,
            "state": pull.state,
            "merged_at": pull.merged_at,
            "merged": pull.merged_at is not None,
            "title": pull.title,
            "body": pull.body,
            "user": {"login": pull.author, "id": 1},
            "labels": [],
            "head": self._end(repository, pull.head),
            "base": self._end(repository, pull.base),
            "url": f"{self._api}/repos/{repository.name}/pulls/{pull.number}",
            "html_url": f"{self._web}/{path}/{pull.number}",
        }

    def _end(self, repository: HostedRepository, branch: str) -> dict[str, Any]:
        try:
            commit = self._hosted.commit_of(repository, branch)
        except UnknownError:
            commit = "0" * 40  # GitHub keeps the last head of a deleted branch
        label = f"{repository.name.split('/')[0]}:{branch}"
        return {"ref": branch, "sha": commit, "label": label, "repo": self._repository(repository)}
