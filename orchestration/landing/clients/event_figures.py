"""What the events of hours look like in the external table: one statement, one scan.

The statement reads the paths of the event in `VALUE`, which every external table has, so it does not depend on the
columns of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flink_jobs.contracts.layout import Hour
from producers.events import CLOCK_AHEAD_SECONDS_MAX, CLOCK_BEHIND_SECONDS_MAX, TYPE_FIELDS, EventType
from snowflake_components.identifiers import Identifier, QualifiedName, literal

QUANTILES = (0.5, 0.95, 0.99, 0.999)
_IDENTITY = ("organization", "deployment", "shard", "event_id")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ObjectFigures:
    """The rows of one object, with the least and the greatest record time."""

    rows: int
    first_record_at: datetime
    last_record_at: datetime


@dataclass(frozen=True, slots=True)
class EventFigures:
    """The rows of one hour.

    Args:
        rows: of the hour.
        events: different events, by organization, deployment, shard and id.
        unknown_types: rows whose type is none of `EventType`; `unknown_type` is one of these types.
        mistyped: rows that lack a field that their type needs; `mistyped_type` is one of these types.
        skewed: rows whose `occurred_at` is farther from the record time than the contract allows.
        ahead: seconds that the earliest record is before its event, 0 if none is.
        delays: seconds from `occurred_at` to record time, by quantile; 1.0 is the greatest.
        objects: by key.
    """

    rows: int = 0
    events: int = 0
    unknown_types: int = 0
    unknown_type: str | None = None
    mistyped: int = 0
    mistyped_type: str | None = None
    skewed: int = 0
    ahead: float = 0.0
    delays: Mapping[float, float] = field(default_factory=dict)
    objects: Mapping[str, ObjectFigures] = field(default_factory=dict)


def figures_statement(table: QualifiedName, hour: Identifier, where: str) -> str:
    """Return the statement over the rows of hours: a row for each object, and one for each hour.

    Args:
        table: the external table.
        hour: its partition column.
        where: the clause that selects the hours, on the partition column alone.
    """
    unknown, mistyped = _unknown_type(), _mistyped()
    selected = [
        "HOUR_BEGIN",
        "OBJECT_KEY",
        "COUNT(*) AS RECORDS",
        "MIN(RECORD_MS) AS FIRST_MS",
        "MAX(RECORD_MS) AS LAST_MS",
        "COUNT(DISTINCT EVENT_KEY) AS EVENTS",
        f"COUNT(CASE WHEN {unknown} THEN 1 END) AS UNKNOWN_TYPES",
        f"MIN(CASE WHEN {unknown} THEN EVENT_TYPE END) AS UNKNOWN_TYPE",
        f"COUNT(CASE WHEN {mistyped} THEN 1 END) AS MISTYPED",
        f"MIN(CASE WHEN {mistyped} THEN EVENT_TYPE END) AS MISTYPED_TYPE",
        f"COUNT(CASE WHEN {_skewed()} THEN 1 END) AS SKEWED",
        "MIN(DELAY_MS) AS DELAY_MIN",
        "MAX(DELAY_MS) AS DELAY_MAX",
        *(
            f"PERCENTILE_CONT({quantile}) WITHIN GROUP (ORDER BY DELAY_MS) AS DELAY_{number}"
            for number, quantile in enumerate(QUANTILES)
        ),
    ]
    return (
        f"SELECT {', '.join(selected)} FROM ({_events(table, hour, where)}) AS EVENTS "  # noqa: S608 - quoted by identifiers.py
        "GROUP BY GROUPING SETS ((HOUR_BEGIN, OBJECT_KEY), (HOUR_BEGIN))"
    )


def read_figures(rows: Sequence[Mapping[str, Any]], key_of: Callable[[str], str]) -> dict[Hour, EventFigures]:
    """Read the answer to `figures_statement`; `key_of` returns the whole key of a name."""
    objects: dict[Hour, dict[str, ObjectFigures]] = {}
    for row in rows:
        if row["OBJECT_KEY"] is not None:
            objects.setdefault(_hour(row), {})[key_of(str(row["OBJECT_KEY"]))] = _object(row)
    return {_hour(row): _figures(row, objects.get(_hour(row), {})) for row in rows if row["OBJECT_KEY"] is None}


def _figures(total: Mapping[str, Any], objects: Mapping[str, ObjectFigures]) -> EventFigures:
    delays = {quantile: _seconds(total[f"DELAY_{number}"]) for number, quantile in enumerate(QUANTILES)}
    return EventFigures(
        rows=int(total["RECORDS"]),
        events=int(total["EVENTS"]),
        unknown_types=int(total["UNKNOWN_TYPES"]),
        unknown_type=total["UNKNOWN_TYPE"],
        mistyped=int(total["MISTYPED"]),
        mistyped_type=total["MISTYPED_TYPE"],
        skewed=int(total["SKEWED"]),
        ahead=max(0.0, -_seconds(total["DELAY_MIN"])),
        delays={**delays, 1.0: _seconds(total["DELAY_MAX"])},
        objects=objects,
    )


def _hour(row: Mapping[str, Any]) -> Hour:
    begin: datetime = row["HOUR_BEGIN"]
    return Hour.containing(begin.replace(tzinfo=UTC))


def _events(table: QualifiedName, hour: Identifier, where: str) -> str:
    fields = sorted({name for names in TYPE_FIELDS.values() for name in names})
    record, occurred = _milliseconds("VALUE:timestamp"), _milliseconds("VALUE:event:occurred_at")
    selected = [
        f"{hour.sql} AS HOUR_BEGIN",
        "METADATA$FILENAME AS OBJECT_KEY",
        f"{record} AS RECORD_MS",
        f"{record} - {occurred} AS DELAY_MS",
        f"{' || '.join(map(_part, _IDENTITY))} AS EVENT_KEY",
        *(f"{_text(name)} AS {name.upper()}" for name in ("event_type", *fields)),
    ]
    return f"SELECT {', '.join(selected)} FROM {table.sql}{where}"  # noqa: S608 - quoted by identifiers.py


def _text(name: str) -> str:
    return f"VALUE:event:{name}::VARCHAR"


def _part(name: str) -> str:
    """Return one part of an event's identity, as the dbt macro `event_key` does: two identities never look alike."""
    return f"COALESCE(LENGTH({_text(name)})::VARCHAR || ':' || {_text(name)}, '-')"


def _milliseconds(path: str) -> str:
    return f"DATE_PART(EPOCH_MILLISECOND, {path}::TIMESTAMP_TZ)"


def _skewed() -> str:
    ahead, behind = 1000 * CLOCK_AHEAD_SECONDS_MAX, 1000 * CLOCK_BEHIND_SECONDS_MAX
    return f"DELAY_MS < -{ahead} OR DELAY_MS > {behind}"


def _unknown_type() -> str:
    return f"EVENT_TYPE NOT IN ({', '.join(literal(kind.value) for kind in EventType)})"


def _mistyped() -> str:
    return " OR ".join(
        f"(EVENT_TYPE = {literal(kind.value)} AND ({' OR '.join(f'{name.upper()} IS NULL' for name in fields)}))"
        for kind, fields in TYPE_FIELDS.items()
        if fields
    )


def _object(row: Mapping[str, Any]) -> ObjectFigures:
    return ObjectFigures(int(row["RECORDS"]), _moment(row["FIRST_MS"]), _moment(row["LAST_MS"]))


def _moment(milliseconds: Any) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(milliseconds))


def _seconds(milliseconds: Any) -> float:
    return round(float(milliseconds) / 1000, 3)
