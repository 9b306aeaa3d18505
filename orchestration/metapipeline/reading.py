"""Read the events about dbt models from the staging model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.model_runs import EVENT_TYPES, ModelEvent, StepOf
from snowflake_components.identifiers import Identifier, QualifiedName, literal

STAGING_MODEL = Identifier("STG_PLATFORM_EVENTS")


def events_query(database: str, schema: str, days: int) -> str:
    """Write the question for the events about dbt models of the newest `days` days, in the order of their records."""
    table = QualifiedName(Identifier.parse(database), Identifier.parse(schema), STAGING_MODEL).sql
    types = ", ".join(map(literal, EVENT_TYPES))
    return f"""
        SELECT ORGANIZATION, DEPLOYMENT, SHARD, RUN_ID, STEP_KEY, EVENT_TYPE, OCCURRED_AT, REPLICATION_HOUR,
               PAYLOAD:dbt_model::varchar AS DBT_MODEL, PAYLOAD:duration_seconds::double AS DURATION_SECONDS
        FROM {table}
        WHERE EVENT_TYPE IN ({types}) AND PAYLOAD:dbt_model IS NOT NULL
          AND REPLICATION_HOUR > (SELECT DATEADD(day, {-days:d}, MAX(REPLICATION_HOUR)) FROM {table})
        ORDER BY KAFKA_TIMESTAMP, KAFKA_PARTITION, KAFKA_OFFSET
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def read_events(rows: Iterable[Mapping[str, Any]]) -> Iterator[ModelEvent]:
    """Turn the rows of `events_query` into events.

    Raises:
        EventRowError: a column is missing or a time is none.
    """
    for row in rows:
        try:
            yield ModelEvent(
                step=StepOf(row["ORGANIZATION"], row["DEPLOYMENT"], row["SHARD"], row["RUN_ID"], row["STEP_KEY"]),
                event_type=row["EVENT_TYPE"],
                model=row["DBT_MODEL"],
                occurred_at=_utc(row["OCCURRED_AT"]),
                hour=_utc(row["REPLICATION_HOUR"]),
                duration_seconds=row["DURATION_SECONDS"],
            )
        except (KeyError, AttributeError) as exc:
            raise EventRowError(f"a row of {STAGING_MODEL.name} is not as its model says ({exc!r})") from exc


def _utc(moment: datetime) -> datetime:
    """Add the zone: the staging model keeps UTC without saying so."""
    return moment.replace(tzinfo=UTC)
