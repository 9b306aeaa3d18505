"""The event log as an ordinary table, and its expected result, computed in Python record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import yaml

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels, NodeOutcome
from orchestration.dbt_runner.sources import SOURCES
from orchestration.landing.clients import hour_objects, hours_table
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.hours_table import HoursTable, PublishedHour
from snowflake_components import SnowflakeSettings, query
from snowflake_components.connection import SnowflakeConnection
from snowflake_components.identifiers import Identifier, QualifiedName

HOURS, HOUR_OBJECTS = (
    QualifiedName(Identifier("AWS"), Identifier("DEV"), table) for table in (hours_table.TABLE, hour_objects.TABLE)
)
EVENTS = "AWS.DEV.EXT_FLINK_EVENT_LOG"
NOW = datetime(2025, 8, 1, 9, tzinfo=UTC)
HOURLY = ("path:models/staging", "path:models/usage")
FIRST_HOUR = datetime(2025, 8, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Record:
    """One landed record."""

    second: int
    partition: int
    offset: int
    event_id: str
    event_type: str = "STEP_START"
    organization: str = "acme"
    occurred_at: str = "2025-08-01T03:00:00.250Z"
    deployment: str | None = "prod"
    shard: str | None = None
    asset_key: str | None = None
    payload: str | None = None
    file: str = "f.jsonl"

    @property
    def timestamp(self) -> datetime:
        """The record time: this many seconds after the begin of the first hour."""
        return FIRST_HOUR + timedelta(seconds=self.second)

    @property
    def hour(self) -> str:
        """The hour of the record time, 2025-08-01T03."""
        return f"{self.timestamp:%Y-%m-%dT%H}"

    @property
    def name(self) -> str:
        """The identity of its event."""
        return name_of(self.organization, self.deployment, self.shard, self.event_id)

    def row(self) -> str:
        """Return the record as a query of one row: VALUES takes no call of PARSE_JSON."""
        hour, moment = f"{self.hour}:00:00", f"{self.timestamp:%Y-%m-%dT%H:%M:%S}"
        texts = (self.file, hour, "platform-events")
        more = (moment, self.event_id, self.event_type)
        last = (self.occurred_at, self.organization, self.deployment, self.shard, "run-1", self.asset_key)
        payload = "NULL" if self.payload is None else f"PARSE_JSON({_literals([self.payload])})"
        return (
            f"SELECT {_literals(texts)}, {self.partition}, {self.offset}, {_literals(more)}, 1, {_literals(last)}, "
            f"NULL, 'step-1', {payload}"
        )


def _literals(texts: Iterable[str | None]) -> str:
    return ", ".join("NULL::varchar" if text is None else f"'{text}'" for text in texts)


def name_of(organization: str, deployment: str | None, shard: str | None, event_id: str) -> str:
    """Name an event: its id alone where the rest is that of most records."""
    usual = (organization, deployment, shard) == ("acme", "prod", None)
    return event_id if usual else str((organization, deployment, shard, event_id))


@dataclass(frozen=True, slots=True)
class EventLog:
    """The table `EXT_FLINK_EVENT_LOG`, with the columns that its source declares, and the models on top of it."""

    snowflake: SnowflakeSettings
    models: DbtModels
    dbt: Executor
    restart: Callable[[], None]
    """Stop the Snowflake and start it again, which ends every session."""

    def empty(self) -> None:
        """Create the tables of all sources again, and drop the models."""
        for source in yaml.safe_load(SOURCES.read_text())["sources"]:
            for table in source["tables"]:
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in table["columns"])
                query(self.snowflake, f"CREATE OR REPLACE TABLE AWS.DEV.{table['name']} ({columns})")
        query(self.snowflake, "DROP VIEW IF EXISTS AWS.DEV.USAGE_BY_ORGANIZATION_HOUR")
        for created in (
            hours_table.STATEMENTS.create_statement(HOURS),
            hour_objects.STATEMENTS.create_statement(HOUR_OBJECTS),
        ):
            query(self.snowflake, created.replace("CREATE TABLE IF NOT EXISTS", "CREATE OR REPLACE TABLE"))
        for model in ("STG_PLATFORM_EVENTS", "STG_DAGSTER_EVENTS", "EVENT_COUNTS_BY_HOUR", "BUILT_HOURS"):
            query(self.snowflake, f"DROP TABLE IF EXISTS AWS.DEV.{model}")

    def land(self, *records: Record) -> None:
        """Add records of any hours."""
        rows = " UNION ALL ".join(record.row() for record in records)
        query(self.snowflake, f"INSERT INTO AWS.DEV.EXT_FLINK_EVENT_LOG {rows}")

    def publish(self, *hours: str, at: datetime = NOW) -> None:
        """Write hours into the tables `HOURS` and `HOUR_OBJECTS`: more records are another revision."""
        label = "TO_CHAR(REPLICATION_HOUR, 'YYYY-MM-DD\"T\"HH24')"
        landed = query(self.snowflake, f"SELECT {label} AS HOUR, COUNT(*) AS N FROM {EVENTS} GROUP BY 1").rows  # noqa: S608
        counts = {row["HOUR"]: row["N"] for row in landed}
        table = HoursTable(SnowflakeConnection(settings=self.snowflake), HOURS)
        for hour in map(Hour.from_label, hours):
            records = counts.get(hour.label, 0)
            row = PublishedHour("platform_events", hour, records + 1, f"{records} records", records, 0, 1, 1, at)
            files = query(self.snowflake, f"SELECT DISTINCT FILENAME FROM {EVENTS} WHERE {label} = '{hour}'").rows  # noqa: S608
            keys = tuple(sorted(found["FILENAME"] for found in files))
            table.write([row], [AddedObjects("platform_events", hour, records + 1, at, keys)])

    def build(self, *hours: str) -> list[tuple[NodeOutcome, ...]]:
        """Publish hours and build one after the other, as their runs do."""
        self.publish(*hours)
        return list(self.dbt.map(self.models.build, [[hour] for hour in hours], repeat(HOURLY)))

    def build_together(self, *hours: str) -> tuple[NodeOutcome, ...]:
        """Publish several hours and build them at once."""
        self.publish(*hours)
        return self.dbt.submit(self.models.build, hours, HOURLY).result()

    def build_marts(self) -> tuple[NodeOutcome, ...]:
        """Build the views over all hours."""
        return self.dbt.submit(self.models.build_whole, ("path:models/marts",)).result()

    def rebuild(self, *arguments: str) -> bool:
        """Build every model with a full refresh; return whether it succeeded."""
        return self.dbt.submit(run_dbt, self.models, ("run", "--full-refresh", *arguments)).result()

    def staged(self) -> dict[str, tuple[str, int, int]]:
        """Return the record of each event: hour, partition, offset."""
        rows = query(self.snowflake, "SELECT * FROM AWS.DEV.STG_PLATFORM_EVENTS").rows
        kept = {
            name_of(row["ORGANIZATION"], row["DEPLOYMENT"], row["SHARD"], row["EVENT_ID"]): (
                f"{row['REPLICATION_HOUR']:%Y-%m-%dT%H}",
                row["KAFKA_PARTITION"],
                row["KAFKA_OFFSET"],
            )
            for row in rows
        }
        assert len(kept) == len(rows), "an event is there twice"
        return kept

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Return accepted records, duplicates and events of each hour."""
        rows = query(self.snowflake, "SELECT * FROM AWS.DEV.EVENT_COUNTS_BY_HOUR").rows
        return {
            f"{row['REPLICATION_HOUR']:%Y-%m-%dT%H}": (row["ACCEPTED"], row["DUPLICATES"], row["EVENTS"])
            for row in rows
        }

    def versions(self, model: str) -> dict[str, str]:
        """Return the version of each hour that a model is built of."""
        rows = query(
            self.snowflake,
            f"SELECT HOUR, VERSION FROM AWS.DEV.BUILT_HOURS "  # noqa: S608 (a name of ours)
            f"WHERE MODEL = 'model.hourglass.{model}' AND BUILT_AT IS NOT NULL",
        ).rows
        return {f"{row['HOUR']:%Y-%m-%dT%H}": row["VERSION"] for row in rows}

    def usage(self) -> Counter[tuple[str, str]]:
        """Count the events of each organization and hour, as billing reads them."""
        rows = query(self.snowflake, "SELECT * FROM AWS.DEV.USAGE_BY_ORGANIZATION_HOUR").rows
        return Counter({(row["ORGANIZATION"], f"{row['HOUR']:%Y-%m-%dT%H}"): row["EVENTS"] for row in rows})


def compile_inline(models: DbtModels, sql: str) -> str:
    """Return the statement that dbt makes of a text with references and macros."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 (not in the process of the tests)

    folders = ("--project-dir", models.project_dir, "--profiles-dir", models.project_dir)
    outputs = ("--target-path", models.target_dir, "--log-path", models.target_dir)
    answer: Any = dbtRunner().invoke(["--quiet", "compile", "--inline", sql, *map(str, (*folders, *outputs))])
    if not answer.success:
        raise RuntimeError(str(answer.exception or [result.message for result in answer.result]))
    return str(answer.result.results[0].node.compiled_code)


def run_dbt(models: DbtModels, arguments: tuple[str, ...]) -> bool:
    """Run a command of dbt; return whether it succeeded."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 (not in the process of the tests)

    folders = ("--project-dir", models.project_dir, "--profiles-dir", models.project_dir)
    outputs = ("--target-path", models.target_dir, "--log-path", models.target_dir)
    return dbtRunner().invoke(["--quiet", *arguments, *map(str, (*folders, *outputs))]).success


def expected_staged(records: Iterable[Record]) -> dict[str, tuple[str, int, int]]:
    """Return the first record of each event."""
    kept: dict[str, tuple[str, int, int]] = {}
    for record in sorted(records, key=lambda record: (record.second, record.partition, record.offset)):
        kept.setdefault(record.name, (record.hour, record.partition, record.offset))
    return kept


def expected_usage(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """Return counts of events; each event counts once, in the hour of its first record."""
    records = list(records)
    organizations = {record.name: record.organization for record in records}
    return Counter((organizations[name], hour) for name, (hour, *_) in expected_staged(records).items())


def expected_counts(records: Iterable[Record]) -> dict[str, tuple[int, int, int]]:
    """Return accepted records, duplicates and events of each hour."""
    records = list(records)
    accepted = Counter(record.hour for record in records)
    events = Counter(hour for hour, *_ in expected_staged(records).values())
    return {hour: (count, count - events[hour], events[hour]) for hour, count in accepted.items()}
