"""Superset's REST API: login, renewal of the token, lists over pages, and writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from orchestration.metapipeline.bi.http import Answer, BearerToken, RetryingSession
from orchestration.metapipeline.bi.superset.answers import Listed, Row, Token, parsed, refusal
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.errors import BiError

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, UNPROCESSABLE = 401, 403, 404, 422
_PASSES_MAX = 3
_RENEWALS_MAX = 3
RowType = TypeVar("RowType", bound=Row)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column of a list; `operator` is a word of the API: eq, neq, gt, lt, ct."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Listing(Generic[RowType]):
    """A list of the API.

    Args:
        resource: its name, such as `dashboard`.
        kind: of its rows.
        columns: to be sent; the server leaves out unknown ones without a word.
        order: column and `asc` or `desc`.
    """

    resource: str
    kind: type[RowType]
    columns: tuple[str, ...]
    order: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rows(Generic[RowType]):
    """All rows of a list, each once; `whole` is False when the list changed during every reading of it."""

    rows: tuple[RowType, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Page(Generic[RowType]):
    """The first rows of a list, and how many there are."""

    count: int
    rows: tuple[RowType, ...]


class SupersetApi:
    """Requests to one Superset in the name of one account. It logs in at the first request."""

    def __init__(self, settings: SupersetSettings, http: RetryingSession) -> None:
        self._settings = settings
        self._http = http
        self._token: Token | None = None
        self._write_token: str | None = None

    def get(self, path: str) -> Any:
        """Return the member `result` of an answer.

        Raises:
            BiError: no answer, or an error.
        """
        answer = self.send("GET", path)
        body = accepted(answer).json()
        if not isinstance(body, dict) or "result" not in body:
            raise BiError(f"superset: {answer.request} answered without a result")
        return body["result"]

    def page(
        self, listing: Listing[RowType], *, filters: Sequence[Filter] = (), number: int = 0, size: int | None = None
    ) -> Page[RowType]:
        """Read one page of a list.

        Args:
            listing: the list.
            filters: all of them hold.
            number: of the page, from 0.
            size: rows at most; the server may send fewer.
        """
        question: dict[str, Any] = {
            "columns": listing.columns,
            "page": number,
            "page_size": size or self._settings.page_size,
            "order_column": listing.order[0],
            "order_direction": listing.order[1],
        }
        if filters:
            question["filters"] = [{"col": one.column, "opr": one.operator, "value": one.value} for one in filters]
        answer = accepted(self.send("GET", f"{listing.resource}/", question))
        listed = parsed(Listed, answer.json(), f"the list {listing.resource}")
        what = f"a row of the list {listing.resource}"
        return Page(listed.count, tuple(parsed(listing.kind, row, what) for row in listed.result))

    def rows(self, listing: Listing[RowType]) -> Rows[RowType]:
        """Read a whole list, whose rows have an id and come with the newest change first.

        Pages shift while others write, so a row can be skipped, or be read and then deleted. The list is read again
        until nothing has changed meanwhile, three times at most.
        """
        found: dict[int, RowType] = {}
        for _ in range(_PASSES_MAX):
            found, unchanged = self._pass(listing)
            if unchanged:
                break
        return Rows(tuple(found.values()), whole=unchanged)

    def _pass(self, listing: Listing[RowType]) -> tuple[dict[int, RowType], bool]:
        """Read the pages once, and return whether the list was the same from the first page to the last.

        The newest change is the first row. So the same first row after the last page shows that nothing was made or
        changed, and then the same count shows that nothing was deleted.
        """
        first = page = self.page(listing)
        found = _by_id(page)
        for number in count(1):
            if not page.rows or len(found) >= first.count:
                break
            page = self.page(listing, number=number)
            found |= _by_id(page)
        if page is not first:
            page = self.page(listing, size=1)
        same = page.count == first.count and list(_by_id(page))[:1] == list(_by_id(first))[:1]
        return found, same and len(found) == first.count

    def send(self, method: str, path: str, question: Any = None, body: Any = None) -> Answer:
        """Send a request with the token of the account; log in again where the token has expired.

        Args:
            method: of HTTP; every write of this client may be repeated.
            path: below `/api/v1/`.
            question: value of the parameter `q`.
            body: sent as JSON.

        Raises:
            BiError: no answer, or the account is refused.
        """
        answer = self._send_once(method, path, question, body)
        for _ in range(_RENEWALS_MAX):  # a new token can expire while its request waits at a rate limit
            if not _is_token_refused(answer):
                break
            self._renew()
            answer = self._send_once(method, path, question, body)
        if answer.status == UNAUTHORIZED:
            raise BiError(f"superset: {answer.request} refuses the account: {reason_of(answer)}")
        return answer

    def _send_once(self, method: str, path: str, question: Any, body: Any) -> Answer:
        token = self._token or self._log_in()
        options: dict[str, Any] = {"auth": BearerToken(token.access_token)}
        if question is not None:
            options["params"] = {"q": json.dumps(question)}
        if body is not None:
            options["json"] = body
        if method != "GET":
            options["headers"] = self._write_headers(token)
        return self._http.send(method, self._address(path), **options)

    def _address(self, path: str) -> str:
        return f"{self._settings.root}/api/v1/{path}"

    def _log_in(self) -> Token:
        settings = self._settings
        login = {
            "username": settings.username,
            "password": settings.password.get_secret_value(),
            "provider": settings.provider,
            "refresh": True,
        }
        answer = self._http.send("POST", self._address("security/login"), json=login)
        if not answer.ok:
            raise BiError(
                f"superset: the login of {settings.username!r} is refused ({answer.status} {reason_of(answer)}): "
                "set HOURGLASS_SUPERSET_USERNAME and HOURGLASS_SUPERSET_PASSWORD"
            )
        return self._keep(parsed(Token, answer.json(), "the answer to a login"))

    def _renew(self) -> None:
        """Get a new access token by the refresh token, or by another login when that one has expired, too."""
        token, self._token = self._token, None
        if token is not None and token.refresh_token is not None:
            answer = self._http.send(
                "POST", self._address("security/refresh"), auth=BearerToken(token.refresh_token), json={}
            )
            if answer.ok:
                renewed = parsed(Token, answer.json(), "the answer to a renewal")
                self._keep(renewed.model_copy(update={"refresh_token": token.refresh_token}))
                return
        self._log_in()

    def _keep(self, token: Token) -> Token:
        self._token, self._write_token = token, None
        return token

    def _write_headers(self, token: Token) -> Mapping[str, str]:
        """Return what a server with CSRF protection wants beside its cookie, which the session keeps."""
        if self._write_token is None:
            answer = self._http.send("GET", self._address("security/csrf_token/"), auth=BearerToken(token.access_token))
            if _is_token_refused(answer):
                return {}  # the write is refused for the same reason, and repeated with a new token
            self._write_token = str(accepted(answer).json().get("result", ""))
        return {"X-CSRFToken": self._write_token, "Referer": self._settings.root}


def _by_id(page: Page[RowType]) -> dict[int, RowType]:
    return {row.id: row for row in page.rows}  # type: ignore[attr-defined] # the lists that are read whole have one


def _is_token_refused(answer: Answer) -> bool:
    """Return whether the token is expired (401) or, by its form or its key, none of this server (422 with `msg`)."""
    if answer.status == UNPROCESSABLE:
        return b'"msg"' in answer.body
    return answer.status == UNAUTHORIZED


def reason_of(answer: Answer) -> str:
    """Return the server's reason; the beginning of the text when it is no JSON."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer.excerpt()
    return refusal(body)[:300] or answer.excerpt()


def accepted(answer: Answer) -> Answer:
    """Return the answer.

    Raises:
        BiError: it is an error.
    """
    if not answer.ok:
        raise BiError(f"superset: {answer.request} answered {answer.status}: {reason_of(answer)}")
    return answer
