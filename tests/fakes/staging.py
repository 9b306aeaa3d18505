"""A Snowflake with one answer: the rows of the staging model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from snowflake_components.identifiers import Identifier
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult
from tests.goldens.guard import require_golden

_AT_ONCE = RetryPolicy(sleep=lambda _: None, monotonic=lambda: 0.0, jitter=lambda: 0.0)


@dataclass
class FakeStaging:
    """One connection and its session.

    Args:
        rows: the answer to every query.
        failures: errors that connecting raises, in order, before it works.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    failures: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    retries: RetryPolicy = _AT_ONCE

    @contextmanager
    def connect(self) -> Iterator[FakeStaging]:
        """Open the session, or raise the configured error."""
        if self.failures:
            raise self.failures.pop(0)
        yield self

    def role(self, role: Identifier | None) -> AbstractContextManager[None]:
        """Accept any role."""
        del role
        return nullcontext()

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Record the query, return the rows."""
        assert params is None
        require_golden(sql)
        self.asked.append(sql)
        return QueryResult((), tuple(self.rows), "query-1")
