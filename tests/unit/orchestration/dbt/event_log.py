"""The event log as an ordinary table, and its expected result, computed in Python record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import yaml

from orchestration.dbt_runner.build import DbtModels, NodeOutcome
from orchestration.dbt_runner.sources import SOURCES
from snowflake_components import SnowflakeSettings, query

FIRST_HOUR = datetime(2025, 8, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """One landed record, ordered as the staging model orders them."""

    second: int
    partition: int
    offset: int
    event_id: str
    event_type: str = "STEP_START"
    organization: str = "acme"
    occurred_at: str = "2025-08-01T03:00:00.250Z"

    @property
    def timestamp(self) -> datetime:
        """The record time: this many seconds after the begin of the first hour."""
        return FIRST_HOUR + timedelta(seconds=self.second)

    @property
    def hour(self) -> str:
        """The hour of the record time, 2025-08-01T03."""
        return f"{self.timestamp:%Y-%m-%dT%H}"

    def row(self) -> str:
        """Return the record as a row of VALUES."""
        hour, moment = f"{self.hour}:00:00", f"{self.timestamp:%Y-%m-%dT%H:%M:%S}"
        texts = ("f.jsonl", hour, "platform-events")
        more = (moment, self.event_id, self.event_type)
        last = (self.occurred_at, self.organization, "prod")
        return (
            f"({_literals(texts)}, {self.partition}, {self.offset}, {_literals(more)}, 1, {_literals(last)}, "
            "NULL, 'run-1', NULL, NULL, NULL, NULL)"
        )


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


@dataclass(frozen=True, slots=True)
class EventLog:
    """The table `EXT_FLINK_EVENT_LOG`, with the columns that its source declares, and the models on top of it."""

    snowflake: SnowflakeSettings
    models: DbtModels
    dbt: Executor

    def empty(self) -> None:
        """Create the tables of all sources again and drop the models."""
        for source in yaml.safe_load(SOURCES.read_text())["sources"]:
            for table in source["tables"]:
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in table["columns"])
                query(self.snowflake, f"CREATE OR REPLACE TABLE AWS.DEV.{table['name']} ({columns})")
        query(self.snowflake, "DROP VIEW IF EXISTS AWS.DEV.USAGE_BY_ORGANIZATION_HOUR")
        for model in ("STG_PLATFORM_EVENTS", "STG_DAGSTER_EVENTS"):
            query(self.snowflake, f"DROP TABLE IF EXISTS AWS.DEV.{model}")

    def land(self, *records: Record) -> None:
        """Add records of any hours."""
        rows = ", ".join(record.row() for record in records)
        query(self.snowflake, f"INSERT INTO AWS.DEV.EXT_FLINK_EVENT_LOG SELECT * FROM VALUES {rows}")  # noqa: S608 (ours)

    def build(self, *hours: str) -> list[tuple[NodeOutcome, ...]]:
        """Build one hour after the other."""
        return list(self.dbt.map(self.models.build, hours))

    def rebuild(self, *arguments: str) -> None:
        """Build every model with a full refresh."""
        assert self.dbt.submit(full_refresh, self.models, arguments).result()

    def staged(self) -> dict[str, tuple[str, int, int]]:
        """Return the record of each event: hour, partition, offset."""
        rows = query(self.snowflake, "SELECT * FROM AWS.DEV.STG_PLATFORM_EVENTS").rows
        kept = {
            row["EVENT_ID"]: (f"{row['REPLICATION_HOUR']:%Y-%m-%dT%H}", row["KAFKA_PARTITION"], row["KAFKA_OFFSET"])
            for row in rows
        }
        assert len(kept) == len(rows), "an event is there twice"
        return kept

    def usage(self) -> Counter[tuple[str, str]]:
        """Count the events of each organization and hour, as billing reads them."""
        rows = query(self.snowflake, "SELECT * FROM AWS.DEV.USAGE_BY_ORGANIZATION_HOUR").rows
        return Counter({(row["ORGANIZATION"], f"{row['HOUR']:%Y-%m-%dT%H}"): row["EVENTS"] for row in rows})


def full_refresh(models: DbtModels, arguments: tuple[str, ...]) -> bool:
    """Run `dbt run --full-refresh`; return whether it succeeded."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 (not in the process of the tests)

    folders = ("--project-dir", models.project_dir, "--profiles-dir", models.project_dir)
    outputs = ("--target-path", models.target_dir, "--log-path", models.target_dir)
    return dbtRunner().invoke(["--quiet", "run", "--full-refresh", *map(str, (*folders, *outputs)), *arguments]).success


def expected_staged(records: Iterable[Record]) -> dict[str, tuple[str, int, int]]:
    """Return the first record of each event."""
    kept: dict[str, tuple[str, int, int]] = {}
    for record in sorted(records):
        kept.setdefault(record.event_id, (record.hour, record.partition, record.offset))
    return kept


def expected_usage(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """Return counts of events; each event counts once, in the hour of its first record."""
    records = list(records)
    organizations = {record.event_id: record.organization for record in records}
    return Counter((organizations[event_id], hour) for event_id, (hour, *_) in expected_staged(records).items())
