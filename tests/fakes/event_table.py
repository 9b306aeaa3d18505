"""A Snowflake with one external table: it registers the objects of a fake bucket and returns a row for each line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from snowflake_components.identifiers import Identifier
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult
from tests.fakes.bucket import FakeBucket


@dataclass
class FakeEventTable:
    """Answer the queries of `landing.clients.snowflake`.

    Args:
        bucket: whose objects are registered; each of their lines is the event id of one row.
        registered: rows of each file, as of its registration.
        refuses: files of each hour that a refresh leaves out.
        loses: rows of each file that a refresh does not read.
    """

    bucket: FakeBucket
    layout: StreamLayout = field(default_factory=StreamLayout)
    registered: dict[str, list[str]] = field(default_factory=dict)
    refuses: int = 0
    loses: int = 0
    failures: list[Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    retries: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts_max=1))

    @contextmanager
    def connect(self) -> Iterator[FakeEventTable]:
        """Open a session, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        yield self

    @contextmanager
    def role(self, role: Identifier) -> Iterator[None]:
        """Accept any role."""
        assert role
        yield

    def refresh(self, hour: Hour) -> None:
        """Register the objects of an hour and read their rows."""
        for found in list(self.bucket.list(self.layout.hour_prefix(Kind.LANDING, hour)))[self.refuses :]:
            self.registered[found.key] = self.bucket.objects[found.key].decode().split()[self.loses :]

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Answer one of the three queries."""
        assert params is None
        self.sent.append(sql)
        hour = re.search(r"(\d{4})[-/](\d\d)[-/](\d\d)[ /](\d\d)", sql)
        part = "/".join(hour.groups()) if hour else ""
        files = {key: rows for key, rows in self.registered.items() if part in key}
        ids = sorted(event_id for found in files.values() for event_id in found)
        rows: list[Mapping[str, Any]] = [{"FIRST_ID": ids[0] if ids else None, "LAST_ID": ids[-1] if ids else None}]
        if "EXTERNAL_TABLE_FILES" in sql:
            rows = [{"FILE_NAME": key, "FILE_SIZE": 1} for key in files]
        elif "COUNT(*)" in sql:
            rows = [{"OBJECT_KEY": key, "RECORDS": len(found)} for key, found in files.items() if found]
        return QueryResult((), tuple(rows), f"query-{len(self.sent)}")
