"""A Snowflake in memory: records statements and created names, and returns the configured rows of refreshes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from snowflake_components.identifiers import Identifier
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult

_CREATE = re.compile(
    r'CREATE (?:STAGE|EXTERNAL TABLE|TABLE|FILE FORMAT) IF NOT EXISTS "\w+"\."\w+"\."(?P<name>[^"]+)".*?'
    r"(?: URL = '(?P<url>[^']*)'.*?)?(?: STORAGE_INTEGRATION = \"(?P<storage_integration>\w+)\".*?)?"
    r"(?P<directory> DIRECTORY = .*?)?(?: COMMENT = '(?P<comment>.*)')?$",
    re.DOTALL,
)


_AT_ONCE = RetryPolicy(sleep=lambda _: None, monotonic=lambda: 0.0, jitter=lambda: 0.0)


@dataclass
class FakeSnowflake:
    """One connection and its only session.

    Args:
        objects: rows of SHOW; a created object gets a row with its name.
        refreshes: rows of each refresh, in order; after the last one a refresh reports no change.
        failures: errors that connecting raises, in order, before it works.
        loads: rows of each COPY INTO, in order; after the last one it loads nothing.
    """

    objects: list[Mapping[str, Any]] = field(default_factory=list)
    refreshes: list[list[Mapping[str, Any]]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    loads: list[list[Mapping[str, Any]]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    retries: RetryPolicy = _AT_ONCE
    tags: list[Mapping[str, str]] = field(default_factory=list)

    def tagged(self, **parts: str) -> FakeSnowflake:
        """Record the parts of the tag."""
        self.tags.append(parts)
        return self

    @contextmanager
    def connect(self) -> Iterator[FakeSnowflake]:
        """Open the only session, or raise the next configured error."""
        if self.failures:
            raise self.failures.pop(0)
        yield self

    @contextmanager
    def role(self, role: Identifier) -> Iterator[None]:
        """Record the begin and the end of the block."""
        self.sent.append(f"take {role.name}")
        yield
        self.sent.append(f"give back {role.name}")

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Record the statement and answer it."""
        assert params is None
        self.sent.append(sql)
        rows: Sequence[Mapping[str, Any]] = self.objects if sql.startswith("SHOW") else []
        if created := _CREATE.match(sql):
            self.objects.append({**_shown(created), "name": created["name"]})
        if " REFRESH" in sql and sql.startswith("ALTER") and self.refreshes:
            rows = self.refreshes.pop(0)
        if sql.startswith("COPY INTO"):
            rows = self.loads.pop(0) if self.loads else [{"status": "Copy executed with 0 files processed."}]
        return QueryResult((), tuple(rows), f"query-{len(self.sent)}")


def _shown(created: re.Match[str]) -> dict[str, Any]:
    """Return what SHOW prints of a created object."""
    unquoted = (created["comment"] or "").replace("''", "'").replace("\\\\", "\\")
    shown = {"url": created["url"], "storage_integration": created["storage_integration"], "comment": unquoted}
    kind = re.search(r"\n  TYPE = (\w+)", created.string)
    return {**shown, "directory_enabled": "Y" if created["directory"] else "N", "type": kind[1] if kind else None}


def show_row(create_sql: str) -> dict[str, Any]:
    """Return the row of SHOW of the object that a statement creates."""
    created = _CREATE.match(create_sql)
    assert created
    return {**_shown(created), "name": created["name"]}
