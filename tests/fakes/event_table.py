"""A Snowflake with one external table: it registers the objects of a fake bucket and returns a row for each line.

Its rows are read from the lines of the objects, and its sums are computed from its rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from orchestration.dbt_runner.sources import DEFS
from orchestration.landing.clients.snowflake import ExternalTable
from snowflake_components.errors import MissingPrivilegeError
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.retry import RetryPolicy
from snowflake_components.work import QueryResult
from tests.fakes.bucket import FakeBucket
from tests.fakes.record_columns import read_record_columns
from tests.goldens.guard import require_golden

Row = Mapping[str, Any]
"""The values of a row by column; a NULL is absent."""


@dataclass
class FakeEventTable:
    """Answer the queries of `landing.clients.snowflake`.

    Args:
        bucket: whose objects are registered.
        registered: rows of each file, as of its registration.
        refuses: files of each hour that a refresh leaves out.
        loses: rows of each file that a refresh does not read.
        refused_tables: how many statements about the table `HOURS` are refused.
        hours: revision, fingerprint and accepted records by stream and hour, the rows of the table `HOURS`.
        objects: hour, revision and time of publication by key, the rows of the table `HOUR_OBJECTS`.
    """

    bucket: FakeBucket
    layout: StreamLayout = field(default_factory=StreamLayout)
    registered: dict[str, list[Row]] = field(default_factory=dict)
    refuses: int = 0
    loses: int = 0
    failures: list[Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    refused_tables: int = 0
    hours: dict[tuple[str, str], tuple[int, str, int]] = field(default_factory=dict)
    objects: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    retries: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts_max=1))

    @property
    def client(self) -> ExternalTable:
        """The table as the code under test sees it, with the columns of the project's document."""
        name = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("EXT_FLINK_EVENT_LOG"))
        documents = (DEFS / "platform_events" / "defs.yaml").read_text(encoding="utf-8")
        return ExternalTable(self, name, self.layout, read_record_columns(documents, "ext_flink_event_log"))

    @contextmanager
    def connect(self) -> Iterator[FakeEventTable]:
        """Open a session, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        yield self

    @contextmanager
    def role(self, role: Identifier | None) -> Iterator[None]:
        """Accept any role."""
        assert role
        yield

    def refresh(self, hour: Hour) -> None:
        """Register the objects of an hour and read their rows."""
        for found in list(self.bucket.list(self.layout.hour_prefix(Kind.LANDING, hour)))[self.refuses :]:
            lines = self.bucket.objects[found.key].splitlines()
            self.registered[found.key] = [row_of(line) for line in lines[self.loses :]]

    def _refuse_table(self) -> None:
        if self.refused_tables:
            self.refused_tables -= 1
            raise MissingPrivilegeError("Insufficient privileges to operate on table 'HOURS'")

    def _merge(self, sql: str) -> None:
        """Keep the rows of published hours; the real conditions are tested on the local Snowflake."""
        for day, hour, key, revision, at in _OBJECT.findall(sql):
            self.objects.setdefault(key, (f"{day}T{hour}", int(revision), at))
        for stream, day, hour, revision, fingerprint, accepted in _PUBLISHED.findall(sql):
            self.hours[stream, f"{day}T{hour}"] = (int(revision), fingerprint, int(accepted))

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Answer one of the four queries, or keep the rows of the table `HOURS`."""
        assert params is None
        require_golden(sql)
        self.sent.append(sql)
        files = {key: rows for key, rows in self.registered.items() if _selects(sql, key)}
        ids = sorted(row["EVENT_ID"] for rows in files.values() for row in rows if "EVENT_ID" in row)
        rows: list[Row] = [{"FIRST_ID": ids[0] if ids else None, "LAST_ID": ids[-1] if ids else None}]
        if sql.lstrip().startswith("MERGE"):
            self._refuse_table()
            self._merge(sql)
            return QueryResult((), (), f"query-{len(self.sent)}")
        if "EXTERNAL_TABLE_FILES" in sql:
            rows = [{"FILE_NAME": key, "FILE_SIZE": 1} for key in files]
        elif "RECORD_PARTITION" in sql:
            rows = [group for key, found in files.items() for group in _groups(sql, key, found)]
        elif "COUNT(*)" in sql:
            rows = [{"OBJECT_KEY": key, "RECORDS": len(found)} for key, found in files.items() if found]
        return QueryResult((), tuple(rows), f"query-{len(self.sent)}")


def row_of(line: bytes) -> Row:
    """Read a line as the columns of the project's document do; a field that is absent or null is NULL."""
    record = json.loads(line)
    names = {"topic": "TOPIC", "partition": "KAFKA_PARTITION", "offset": "KAFKA_OFFSET", "timestamp": "KAFKA_TIMESTAMP"}
    fields = {name: record.get(field) for field, name in names.items()}
    fields |= {name.upper(): value for name, value in record.get("event", {}).items()}
    return {name: value for name, value in fields.items() if value is not None}


_PUBLISHED = re.compile(r"\('(\w+)', '([\d-]+) (\d\d)[\d:.]+', (\d+), '(\w+)', (\d+), ")
_OBJECT = re.compile(r"\('\w+', '([\d-]+) (\d\d)[\d:.]+', '([^']+/[^']+)', (\d+), '([^']+)'\)")
_HOUR = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[ /](\d\d)")
_SPAN = re.compile(r"BETWEEN '([^']+)'::TIMESTAMP_NTZ AND '([^']+)'|= '([^']+)'")


def _selects(sql: str, key: str) -> bool:
    hour = _path(key)
    if " LIKE " in sql:
        return hour == _path(sql.partition(" LIKE ")[2])
    spans = [(_path(first or one), _path(last or one)) for first, last, one in _SPAN.findall(sql)]
    return not spans or any(first <= hour <= last for first, last in spans)


def _path(text: str) -> str:
    found = _HOUR.search(text)
    return "/".join(found.groups()) if found else ""


def _groups(sql: str, key: str, rows: Sequence[Row]) -> Iterator[Row]:
    required = {alias: name for name, alias in re.findall(r'COUNT\("(\w+)"\) AS (NULLS_\d+)', sql)}
    for topic, partition in sorted({(row.get("TOPIC"), row.get("KAFKA_PARTITION")) for row in rows}, key=str):
        group = [row for row in rows if (topic, partition) == (row.get("TOPIC"), row.get("KAFKA_PARTITION"))]
        offsets = [row["KAFKA_OFFSET"] for row in group if "KAFKA_OFFSET" in row]
        yield {
            "OBJECT_KEY": key, "RECORD_TOPIC": topic, "RECORD_PARTITION": partition, "RECORDS": len(group),
            "OFFSETS": len(set(offsets)), "OFFSET_SUM": sum(offsets) if offsets else None,
            "OFFSET_MIN": min(offsets, default=None), "OFFSET_MAX": max(offsets, default=None),
            **{alias: sum(name not in row for row in group) for alias, name in required.items()},
        }  # fmt: skip
