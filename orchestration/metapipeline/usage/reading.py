"""Read the events about dbt models from the staging models.

A payload is the producer's: any JSON value may stand in `dbt_model` and `duration_seconds`. A duration that is no
number is unknown, and a `dbt_model` that is no id of a dbt model, seed or snapshot makes the event none about a model.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.model_runs import EVENT_TYPES, ModelEvent, StepOf
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import QualifiedName, literal
from snowflake_components.work import Connection, read_rows

_ID_CHARACTERS_MAX = 512
_NODE_ID = re.compile(r"(?:model|seed|snapshot)\.[^.\s]+\.\S+")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StagedEvents:
    """The staging models.

    Args:
        connection: to Snowflake.
        tables: `STG_PLATFORM_EVENTS`, and that of each further stream whose events are read. One that no run has
            built yet has no events, as long as another one is there.
    """

    connection: Connection
    tables: tuple[QualifiedName, ...]

    def about_models(self, days: int) -> tuple[ModelEvent, ...]:
        """Read the events about dbt models of the newest `days` days, table by table in the order of their records.

        Events whose `dbt_model` is no id of dbt are left out and counted in the log.

        Raises:
            SnowflakeError: Snowflake did not answer, or no staging model exists yet.
            EventRowError: a row does not have the expected columns.
        """
        events: list[ModelEvent] = []
        missing: list[ObjectMissingError] = []
        for table in self.tables:
            try:
                events += read_events(read_rows(self.connection, events_query(table, days)))
            except ObjectMissingError as exc:
                missing.append(exc)
        if missing and len(missing) == len(self.tables):
            raise missing[0]
        return tuple(events)


def events_query(table: QualifiedName, days: int) -> str:
    """Return the query of one table; `days` counts back from its newest published hour, not from now.

    No cast in it can fail: one event must not end the reading of all.
    """
    types = ", ".join(map(literal, EVENT_TYPES))
    return f"""
        SELECT ORGANIZATION, DEPLOYMENT, SHARD, RUN_ID, STEP_KEY, EVENT_TYPE, OCCURRED_AT, REPLICATION_HOUR,
               PARTITION_KEY, LEFT(PAYLOAD:dbt_model::varchar, {_ID_CHARACTERS_MAX + 1}) AS DBT_MODEL,
               TRY_TO_DOUBLE(PAYLOAD:duration_seconds::varchar) AS DURATION_SECONDS
        FROM {table.sql}
        WHERE EVENT_TYPE IN ({types}) AND PAYLOAD:dbt_model IS NOT NULL
          AND REPLICATION_HOUR > (SELECT DATEADD(day, {-days:d}, MAX(REPLICATION_HOUR)) FROM {table.sql})
        ORDER BY KAFKA_TIMESTAMP, KAFKA_PARTITION, KAFKA_OFFSET
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def read_events(rows: Iterable[Mapping[str, Any]]) -> tuple[ModelEvent, ...]:
    """Read the rows of `events_query` as events."""
    try:
        events = [_event_of(row) for row in rows]
    except (KeyError, AttributeError) as exc:
        raise EventRowError(f"not a row of the staging model ({exc!r}): build the models again") from exc
    about_models = tuple(event for event in events if _is_node(event.model))
    if ignored := len(events) - len(about_models):
        _log.warning("%d events are ignored: their payload.dbt_model is no id of a dbt node", ignored)
    return about_models


def _event_of(row: Mapping[str, Any]) -> ModelEvent:
    seconds = row["DURATION_SECONDS"]
    return ModelEvent(
        step=StepOf(row["ORGANIZATION"], row["DEPLOYMENT"], row["SHARD"], row["RUN_ID"], row["STEP_KEY"]),
        event_type=row["EVENT_TYPE"],
        model=row["DBT_MODEL"] or "",  # a JSON null is no SQL NULL
        occurred_at=_utc(row["OCCURRED_AT"]),
        hour=_utc(row["REPLICATION_HOUR"]),
        duration_seconds=seconds if seconds is not None and math.isfinite(seconds) else None,
        partition=row["PARTITION_KEY"],
    )


def _is_node(model: str) -> bool:
    return len(model) <= _ID_CHARACTERS_MAX and _NODE_ID.fullmatch(model) is not None


def _utc(moment: datetime) -> datetime:
    """Add the zone: the columns of the staging model are UTC without a zone."""
    return moment.replace(tzinfo=UTC)
