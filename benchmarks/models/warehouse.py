"""A local Snowflake in a process of its own, and dbt in this one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

from benchmarks.models.records import Record
from flink_jobs.contracts.layout import Hour
from infra.local.servers import snowflake_server
from orchestration.dbt_runner.build import PROJECT_DIR
from orchestration.landing.clients.hours_table import HoursTable, PublishedHour
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

PACKAGE = PROJECT_DIR / "packages" / "hourglass"
ROLLUPS = Path(__file__).with_name("project")
_EVENTS = QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("RAW_EVENTS"))
_ROWS_PER_STATEMENT = 1_000


class DbtFailedError(Exception):
    """A command of dbt failed; the message has the nodes."""


@dataclass
class Warehouse:
    """The source, the table `HOURS` and the models.

    Args:
        connection: to the local Snowflake.
        project: a copy of the dbt project with the package installed.
    """

    connection: SnowflakeConnection
    project: Path
    _manifest: Any = None

    def rows(self, sql: str) -> list[Mapping[str, Any]]:
        """Return the rows of a statement."""
        with self.connection.connect() as session:
            return list(session.execute(sql).rows)

    def create_source(self) -> None:
        """Create the source without records."""
        self.rows(
            "CREATE OR REPLACE TABLE AWS.DEV.RAW_EVENTS (replication_hour timestamp_ntz, "
            "kafka_timestamp timestamp_ntz, kafka_offset integer, event_id varchar, "
            "organization varchar, credits integer)"
        )

    def land(self, records: list[Record]) -> None:
        """Add records to the source."""
        for start in range(0, len(records), _ROWS_PER_STATEMENT):
            values = ", ".join(_values(one) for one in records[start : start + _ROWS_PER_STATEMENT])
            self.rows(f"INSERT INTO AWS.DEV.RAW_EVENTS VALUES {values}")  # noqa: S608 (names of the simulation)

    def publish(self, stream: str, revisions: Mapping[Hour, int]) -> None:
        """Write hours into the table `HOURS`; each revision has a fingerprint of its own."""
        now = datetime(2025, 9, 1, tzinfo=UTC)
        rows = [
            PublishedHour(stream, hour, revision, f"{hour.label} revision {revision}", 1, 0, 1, 1, now)
            for hour, revision in revisions.items()
        ]
        HoursTable.beside(self.connection, _EVENTS).write(rows)

    def dbt(self, command: str, *arguments: str) -> Any:
        """Run a command of dbt; return its result.

        Raises:
            DbtFailedError: it failed.
        """
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 (imports for seconds)

        folders = ("--project-dir", self.project, "--profiles-dir", PROJECT_DIR)
        runner = dbtRunner(manifest=self._manifest if command == "run" else None)
        answer = runner.invoke(["--quiet", command, *map(str, folders), *arguments])
        if command == "parse":
            self._manifest = answer.result
        if not answer.success:
            results = getattr(answer.result, "results", ())
            messages = [f"{one.node.name}: {one.message}" for one in results if str(one.status) == "error"]
            raise DbtFailedError(f"dbt {command}: {answer.exception or '; '.join(messages)}")
        return answer.result

    def versions(self, model: str) -> dict[Hour, str]:
        """Return the version of each hour of a model."""
        found = self.rows(
            f"SELECT hour, MAX(version) AS version FROM AWS.DEV.BUILT_HOURS "  # noqa: S608 (as above)
            f"WHERE model = 'model.rollups.{model}' GROUP BY hour"
        )
        return {Hour.containing(row["HOUR"].replace(tzinfo=UTC)): row["VERSION"] for row in found}

    def differences(self, model: str, whole: str) -> int:
        """Count the rows in which a model differs from a query over everything."""
        (row,) = self.rows(
            f"SELECT COUNT(*) AS different FROM ((SELECT * FROM AWS.DEV.{model} MINUS ({whole})) "  # noqa: S608 (as above)
            f"UNION ALL (({whole}) MINUS SELECT * FROM AWS.DEV.{model})) AS both_ways"
        )
        return int(row["DIFFERENT"])


def _values(one: Record) -> str:
    hour = f"{one.hour.start:%Y-%m-%d %H:%M:%S}"
    moment = f"{one.hour.start:%Y-%m-%d %H}:{one.second // 60:02}:{one.second % 60:02}"
    return f"('{hour}', '{moment}', {one.offset}, '{one.event_id}', '{one.organization}', {one.credits})"


@contextmanager
def warehouse(folder: Path, project: Path = ROLLUPS) -> Iterator[Warehouse]:
    """Serve an empty local Snowflake for a block; everything lies in the folder, also a copy of the dbt project."""
    with (
        snowflake_server.served(folder / "server") as server,
        _environment({**server.login, "HOURGLASS_PACKAGE": str(PACKAGE)}),
    ):
        made = Warehouse(SnowflakeConnection(settings=SnowflakeSettings()), folder / "project")
        copytree(project, made.project, ignore=ignore_patterns("target", "logs"))
        if (project / "packages.yml").exists():
            made.dbt("deps")
        made.dbt("parse")
        yield made


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
