"""Lists of both APIs, page by page, until they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestration.metapipeline.bi.mode.answers import Pagination, Row, embedded, field, listed, parsed
from orchestration.metapipeline.bi.mode.client import Answer, ModeClient
from orchestration.metapipeline.errors import BiError

PAGE_ROWS = 30
"""Mode's page size; it cannot be raised."""
DISCOVERY_PAGE_ROWS = 1000

Rows = TypeVar("Rows", bound=Row)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Rows]):
    """All rows of a list.

    Args:
        rows: each token once, in the order of the server.
        repeated: a page brought nothing new: the server does not page this list, or it goes round.
        moved: a row came twice: the list changed while it was read, so that another row may be missing.
        refused: status of HTTP instead of a page.
    """

    rows: tuple[Rows, ...] = ()
    repeated: bool = False
    moved: bool = False
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class ListOf(Generic[Rows]):
    """A list of the management API.

    Args:
        path: behind the workspace, with its query string except for the page.
        key: of the rows in `_embedded`.
        shape: of a row.
        numbered: whether the first page is asked for by its number.
    """

    path: str
    key: str
    shape: type[Rows]
    numbered: bool = False

    def page(self, number: int) -> str:
        """Return the path of a page; the first is 1."""
        if number == 1 and not self.numbered:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}page={number}"


def read_list(client: ModeClient, wanted: ListOf[Rows], expected: int | None = None) -> Listing[Rows]:
    """Read a list, which has no total and no next link: its end is a page without rows.

    Args:
        client: of the workspace.
        wanted: the list.
        expected: number of rows where another field has it; it saves the request for the page behind the last.

    Raises:
        BiError: an answer of another shape, or more pages than the settings allow.
    """
    seen: dict[str, Rows] = {}
    moved = False
    for page in range(1, client.settings.pages_max + 1):
        answer = client.api(wanted.page(page))
        if not answer.found:
            return Listing(tuple(seen.values()), moved=moved, refused=answer.status)
        rows = embedded(answer, wanted.key, wanted.shape)
        fresh = {row.token: row for row in rows if row.token not in seen}
        seen |= fresh
        if not rows or not fresh:
            return Listing(tuple(seen.values()), repeated=bool(rows), moved=moved)
        moved = moved or len(fresh) < len(rows)
        if expected is not None and len(seen) >= expected and len(rows) < PAGE_ROWS:
            return Listing(tuple(seen.values()), moved=moved)
    raise _endless(client, wanted.path)


def discover_list(client: ModeClient, path: str, key: str, shape: type[Rows]) -> tuple[Rows, ...]:
    """Read a list of the Discovery API by counting its pages; its links point behind the last page.

    Raises:
        BiError: Discovery refuses, answers with another shape, or sends fewer rows than its total.
    """
    found: dict[str, Rows] = {}
    for page in range(1, client.settings.pages_max + 1):
        answer = client.discovery(f"{path}?page={page}&per_page={DISCOVERY_PAGE_ROWS}")
        if not answer.found:
            raise BiError(
                f"Mode: {answer.request} was answered with HTTP {answer.status}: the account has no Discovery API, or"
                " HOURGLASS_MODE_DISCOVERY_TOKEN is of another workspace; without these settings it is not used"
            )
        pagination = parsed(answer, Pagination, field(answer, answer.body, "pagination", dict), "pagination")
        rows = listed(answer, answer.body.get(key), key, shape)
        found |= {row.token: row for row in rows}
        if page >= pagination.total_pages or not rows:
            return _whole(answer, found, pagination.total_count)
    raise _endless(client, path)


def _whole(answer: Answer, found: dict[str, Rows], total: int) -> tuple[Rows, ...]:
    if len(found) < total:
        raise BiError(f"Mode: {answer.request}: {len(found)} of {total} rows came; run again")
    return tuple(found.values())


def _endless(client: ModeClient, path: str) -> BiError:
    return BiError(
        f"Mode: the list {path} has more than {client.settings.pages_max} pages:"
        " raise HOURGLASS_MODE_PAGES_MAX if that is right"
    )
