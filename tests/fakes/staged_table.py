"""A staging model as a table of the local Snowflake, with any payload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, query
from snowflake_components.identifiers import Identifier, QualifiedName, literal

_TEXTS = ("event_id", "event_type", "organization", "deployment", "shard", "run_id", "asset_key", "partition_key")
_TIMES = ("occurred_at", "replication_hour", "kafka_timestamp")
_offsets = count()


def staged_event(payload: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Return the columns of an event of 2025-08-01T03 with its payload; arguments change columns."""
    number = next(_offsets)
    event = {
        "event_id": f"e{number}",
        "event_type": "STEP_SUCCESS",
        "organization": "acme",
        "deployment": "prod",
        "shard": None,
        "run_id": "run-1",
        "asset_key": None,
        "partition_key": None,
        "step_key": f"step-{number}",
        "occurred_at": datetime(2025, 8, 1, 3, 10),  # noqa: DTZ001 (the columns have no zone)
        "replication_hour": datetime(2025, 8, 1, 3),  # noqa: DTZ001
        "payload": payload,
    }
    return event | {"kafka_offset": number, "kafka_partition": 0} | changed


def create_tables_of_dbt(settings: SnowflakeSettings, database: str = "AWS") -> None:
    """Create the tables that dbt makes and the product reads, without rows: a staging model, and `BUILT_HOURS`."""
    StagedTable(settings, database=database).create()
    name = QualifiedName(Identifier(database), Identifier(settings.schema_name), Identifier("BUILT_HOURS"))
    texts = ", ".join(f"{column} VARCHAR" for column in ("MODEL", "INPUT", "FINGERPRINT", "VERSION"))
    query(settings, f"CREATE TABLE {name.sql} ({texts}, HOUR TIMESTAMP_NTZ, BUILT_AT TIMESTAMP_NTZ)")


@dataclass(frozen=True, slots=True)
class StagedTable:
    """The table `STG_PLATFORM_EVENTS` in a schema of its own."""

    settings: SnowflakeSettings
    table: str = "STG_PLATFORM_EVENTS"
    database: str = "AWS"

    def create(self) -> StagedTable:
        """Create the table without rows."""
        columns = [f"{name} varchar" for name in (*_TEXTS, "step_key", "event_key")]
        columns += [f"{name} timestamp_ntz" for name in _TIMES]
        columns += ["kafka_partition integer", "kafka_offset integer", "payload variant"]
        query(self.settings, f"CREATE TABLE {self.name.sql} ({', '.join(columns)})")
        return self

    @property
    def name(self) -> QualifiedName:
        """The full name."""
        return QualifiedName(Identifier(self.database), Identifier(self.settings.schema_name), Identifier(self.table))

    @property
    def connection(self) -> SnowflakeConnection:
        """The connection of the code under test."""
        return SnowflakeConnection(settings=self.settings)

    def insert(self, *events: Mapping[str, Any]) -> None:
        """Insert events in one statement."""
        rows = " UNION ALL ".join(f"SELECT {', '.join(map(_value, _columns(event).items()))}" for event in events)
        names = ", ".join(_columns(events[0]))
        query(self.settings, f"INSERT INTO {self.name.sql} ({names}) {rows}")


def _columns(event: Mapping[str, Any]) -> dict[str, Any]:
    key = "/".join(str(event[name]) for name in ("organization", "deployment", "shard", "event_id"))
    return {"event_key": key, "kafka_timestamp": event["replication_hour"], **event}


def _value(column: tuple[str, Any]) -> str:
    name, value = column
    if name == "payload":
        return f"PARSE_JSON({literal(json.dumps(value))})"
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return f"{literal(str(value))}::timestamp_ntz" if name in _TIMES else literal(str(value))
