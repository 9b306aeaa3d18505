"""A Snowflake that only knows one external table: registers what lies in a fake bucket, counts its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from orchestration.landing.proof.seal import latest_seals
from snowflake_components.identifiers import Identifier
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult
from tests.fakes.bucket import FakeBucket


@dataclass
class FakeEventTable:
    """Answer the queries of `landing.clients.snowflake`; the rows of a file are those that the newest seal counts."""

    bucket: FakeBucket
    layout: StreamLayout = field(default_factory=StreamLayout)
    registered: dict[str, int] = field(default_factory=dict)
    refuses: int = 0
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
        """Take any role."""
        assert role
        yield

    def refresh(self, hour: Hour) -> None:
        """Register the objects of an hour but for the first `refuses`, with the rows that its seal counts."""
        seal = latest_seals(self.bucket, self.layout).get(hour)
        for found in list(self.bucket.list(self.layout.hour_prefix(Kind.LANDING, hour)))[self.refuses :]:
            sealed = seal.landing().get(found.key) if seal else None
            self.registered[found.key] = sealed.records if sealed else 1

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Answer one of the three questions."""
        assert params is None
        self.sent.append(sql)
        hour = re.search(r"(\d{4})[-/](\d\d)[-/](\d\d)[ /](\d\d)", sql)
        part = "/".join(hour.groups()) if hour else ""
        files = {key: rows for key, rows in self.registered.items() if part in key}
        rows: list[Mapping[str, Any]] = [{"FIRST_ID": "a", "LAST_ID": "z"}]
        if "EXTERNAL_TABLE_FILES" in sql:
            rows = [{"FILE_NAME": key, "FILE_SIZE": 1} for key in files]
        elif "COUNT(*)" in sql:
            rows = [{"OBJECT_KEY": key, "RECORDS": count} for key, count in files.items() if count]
        return QueryResult((), tuple(rows), f"query-{len(self.sent)}")
