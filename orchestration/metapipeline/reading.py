"""Read the events about dbt models from the staging model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.model_runs import EVENT_TYPES, ModelEvent, StepOf
from snowflake_components.identifiers import QualifiedName, literal
from snowflake_components.work import Connection


@dataclass(frozen=True, slots=True)
class StagedEvents:
    """The staging model.

    Args:
        connection: to Snowflake.
        table: `STG_PLATFORM_EVENTS`.
    """

    connection: Connection
    table: QualifiedName

    def about_models(self, days: int) -> tuple[ModelEvent, ...]:
        """Read the events about dbt models of the newest `days` days, in the order of their records.

        Raises:
            SnowflakeError: Snowflake did not answer, or the staging model does not exist yet.
            EventRowError: a row does not have the expected columns.
        """
        sql = events_query(self.table, days)

        def read() -> tuple[Mapping[str, Any], ...]:
            with self.connection.connect() as session:
                return session.execute(sql).rows

        return tuple(read_events(self.connection.retries.call(read)))


def events_query(table: QualifiedName, days: int) -> str:
    """Return the query; `days` counts back from the newest published hour, not from now."""
    types = ", ".join(map(literal, EVENT_TYPES))
    return f"""
        SELECT ORGANIZATION, DEPLOYMENT, SHARD, RUN_ID, STEP_KEY, EVENT_TYPE, OCCURRED_AT, REPLICATION_HOUR,
               PAYLOAD:dbt_model::varchar AS DBT_MODEL, PAYLOAD:duration_seconds::double AS DURATION_SECONDS
        FROM {table.sql}
        WHERE EVENT_TYPE IN ({types}) AND PAYLOAD:dbt_model IS NOT NULL
          AND REPLICATION_HOUR > (SELECT DATEADD(day, {-days:d}, MAX(REPLICATION_HOUR)) FROM {table.sql})
        ORDER BY KAFKA_TIMESTAMP, KAFKA_PARTITION, KAFKA_OFFSET
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def read_events(rows: Iterable[Mapping[str, Any]]) -> Iterator[ModelEvent]:
    """Read the rows of `events_query` as events."""
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
            raise EventRowError(f"not a row of the staging model ({exc!r}): build the models again") from exc


def _utc(moment: datetime) -> datetime:
    """Add the zone: the columns of the staging model are UTC without a zone."""
    return moment.replace(tzinfo=UTC)
