"""A connection like that of the Snowflake connector: answers or fails by the text of the statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


@dataclass
class FakeConnector:
    """One connection; every cursor it opens is itself.

    Args:
        answers: rows or an error for a statement; every other statement returns no rows.
    """

    answers: Mapping[str, Sequence[Mapping[str, Any]] | BaseException] = field(default_factory=dict)
    sent: list[tuple[str, Sequence[Any] | None]] = field(default_factory=list)
    rows: Sequence[Mapping[str, Any]] = ()
    role: str | None = None
    warehouse: str | None = None
    canceled: list[str] = field(default_factory=list)
    _request_id: str = "request"

    @contextmanager
    def cursor(self, _kind: object) -> Iterator[FakeConnector]:
        """Open a cursor for a block."""
        yield self

    def execute(self, sql: str, params: Sequence[Any] | None, timeout: int) -> None:
        """Record the statement; raise the configured error."""
        assert timeout > 0
        self.sent.append((sql, params))
        answer = self.answers.get(sql, ())
        if isinstance(answer, BaseException):
            raise answer
        self.rows = answer

    @property
    def description(self) -> list[SimpleNamespace]:
        """The columns of the last answer."""
        return [SimpleNamespace(name=name) for name in (self.rows[0] if self.rows else {})]

    @property
    def sfqid(self) -> str:
        """The id of the last statement."""
        return f"query-{len(self.sent)}"

    def fetchall(self) -> list[Mapping[str, Any]]:
        """Read every row of the last answer."""
        return list(self.rows)

    def _cancel_query(self, sql: str, request_id: str) -> None:
        assert request_id == self._request_id
        self.canceled.append(sql)
