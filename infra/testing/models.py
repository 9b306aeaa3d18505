"""dbt models on proven hours, under test: a local Snowflake process, landed rows, published hours, builds by dbt."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from flink_jobs.contracts.layout import Hour
from infra.local.servers import snowflake_server
from orchestration.dbt_runner.build import PROJECT_DIR, DbtModels, Verdict
from orchestration.dbt_runner.meta import hourglass_meta
from orchestration.dbt_runner.specs import Manifest
from orchestration.landing.clients import hour_objects, hours_table
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.hours_table import HoursTable, PublishedHour
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName, literal

Row = Mapping[str, Any]
"""The values of a row by column, in lower case; a column that is left out is NULL."""


def event(event_id: str, **columns: Any) -> dict[str, Any]:
    """Return the columns of a platform event; arguments replace or add some, such as `payload={"rows": 3}`."""
    usual = {"event_type": "STEP_START", "schema_version": 1, "organization": "acme", "deployment": "prod"}
    return {"event_id": event_id, **usual, "run_id": "run-1", **columns}


@dataclass
class ModelsUnderTest:
    """The models of a dbt project over tables that stand for its external tables.

    Rows are landed by stream and hour, and read by a model once their hour is published, as in production; publishing
    an hour with more rows is an amendment.

    Args:
        settings: login to the local Snowflake.
        models: of the project.
        dbt: the process of dbt.
    """

    settings: SnowflakeSettings
    models: DbtModels
    dbt: Executor
    _revisions: dict[tuple[str, Hour], list[int]] = field(default_factory=lambda: defaultdict(list))
    _offsets: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        """Read the tables of the streams from the manifest that `dbt parse` wrote into the project."""
        manifest = Manifest.read(self.models.project_dir / "target" / "manifest.json")
        sources = {hourglass_meta(source).get("stream"): source for source in manifest.sources.values()}
        self._tables = {stream: source for stream, source in sources.items() if stream}
        for source in self._tables.values():
            columns = ", ".join(f"{one['name']} {one['data_type']}" for one in source["columns"].values())
            query(self.settings, f"CREATE OR REPLACE TABLE {self._name(source).sql} ({columns})")
            for table, module in ((hours_table.TABLE, hours_table), (hour_objects.TABLE, hour_objects)):
                query(self.settings, f"DROP TABLE IF EXISTS {replace(self._name(source), name=table).sql}")
                query(self.settings, module.STATEMENTS.create_statement(replace(self._name(source), name=table)))

    def land(self, stream: str, hour: str, *rows: Row) -> None:
        """Land rows as one object of an hour; topic, partition, offset and time of the record are given to them.

        Raises:
            ValueError: a row has a column that the table does not have.
        """
        begin, source = Hour.from_label(hour), self._tables[stream]
        known = {name.lower() for name in source["columns"]}
        if unknown := {name for row in rows for name in row} - known:
            raise ValueError(
                f"{stream} has no column {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
            )
        file = f"{stream}/landing/{begin.path}part-{len(self._revisions)}-{self._offsets[stream]}.jsonl"
        selects = []
        for row in rows:
            values = self._record(stream, begin, file) | dict(row)
            self._offsets[stream] += 1
            selects.append("SELECT " + ", ".join(_cell(values.get(name.lower())) for name in source["columns"]))
        query(self.settings, f"INSERT INTO {self._name(source).sql} {' UNION ALL '.join(selects)}")

    def publish(self, *hours: str, at: datetime | None = None) -> None:
        """Publish what has landed of hours, in every stream; an hour that did not change keeps its revision.

        Args:
            hours: of the form 2025-08-01T03.
            at: when they are published, with a time zone; by default now.
        """
        for stream, source in self._tables.items():
            table = HoursTable.beside(SnowflakeConnection(settings=self.settings), self._name(source))
            for hour in map(Hour.from_label, hours):
                files = self._files(source, hour)
                known = self._revisions[stream, hour]
                if not known or known[-1] != sum(files.values()):
                    known.append(sum(files.values()))
                moment, revision = at or datetime.now(UTC), len(known)
                print_of = sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
                row = PublishedHour(stream, hour, revision, print_of, known[-1], 0, len(files), 1, moment)
                table.write([row], [AddedObjects(stream, hour, revision, moment, tuple(sorted(files)))])

    def build(self, *select: str, hours: Sequence[str] = ()) -> None:
        """Build models and run their tests; a test that fails is an AssertionError with its message.

        Args:
            select: selectors of dbt, such as `+credits_by_hour`.
            hours: to build, as the runs of Dagster do; without one the stale hours.
        """
        if hours:
            outcomes = self.dbt.submit(self.models.build, list(hours), select).result()
        else:
            outcomes = self.dbt.submit(self.models.build_whole, select).result()
        failed = [f"{one.unique_id}: {one.message}" for one in outcomes if one.verdict is Verdict.FAILED]
        if failed:
            raise AssertionError("; ".join(failed))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in the order of its columns."""
        return [tuple(row.values()) for row in query(self.settings, sql).rows]

    def _name(self, source: Mapping[str, Any]) -> QualifiedName:
        parts = (source["database"], source["schema"], source.get("identifier") or source["name"])
        return QualifiedName(*(Identifier.parse(str(part)) for part in parts))

    def _record(self, stream: str, hour: Hour, file: str) -> dict[str, Any]:
        return {
            "filename": file,
            "replication_hour": f"{hour.start:%Y-%m-%d %H:%M:%S}",
            "topic": stream,
            "kafka_partition": 0,
            "kafka_offset": self._offsets[stream],
            "kafka_timestamp": f"{hour.start:%Y-%m-%d %H:%M:%S}",
            "occurred_at": f"{hour.start:%Y-%m-%dT%H:%M:%S}Z",
        }

    def _files(self, source: Mapping[str, Any], hour: Hour) -> dict[str, int]:
        begin = literal(f"{hour.start:%Y-%m-%d %H:%M:%S}")
        counted = f"SELECT FILENAME, COUNT(*) AS N FROM {self._name(source).sql}"  # noqa: S608 (quoted by identifiers.py)
        of_hour = f"WHERE REPLICATION_HOUR = {begin}::TIMESTAMP_NTZ"
        rows = query(self.settings, f"{counted} {of_hour} GROUP BY FILENAME").rows
        return {str(row["FILENAME"]): int(row["N"]) for row in rows}


@contextmanager
def serve_models(folder: Path, project_dir: Path = PROJECT_DIR) -> Iterator[ModelsUnderTest]:
    """Serve a local Snowflake for a block, and start the process of dbt.

    Args:
        folder: an empty one, for the files of both.
        project_dir: of the dbt project, which `dbt parse` has parsed into its folder `target`.
    """
    with snowflake_server.served(folder) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.login.items():
            patch.setenv(name, value)
        # dbt leaves files open and warns, so it runs in a process of its own
        with ProcessPoolExecutor(1, get_context("spawn")) as dbt:
            models = DbtModels(folder / "dbt", project_dir=project_dir)
            yield ModelsUnderTest(SnowflakeSettings(), models, dbt)


def _cell(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return f"PARSE_JSON({literal(json.dumps(value))})"
    if value is None or isinstance(value, bool | int | float):
        return "NULL" if value is None else str(value)
    return literal(str(value))
