"""The history of the platform in Snowflake: one row per day, so that the effect of removals can be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection, read_rows

TABLE = Identifier("METAPIPELINE_HISTORY")
"""The usual name of the table."""


@dataclass(frozen=True, slots=True)
class PlatformDay:
    """The platform on one day. None is unknown, and never 0.

    Args:
        day: UTC.
        models: in the graph.
        sources: in the graph.
        reports: of all BI tools, active and archived.
        reports_active: those that people see.
        reports_archived: those that are hidden.
        unused: models that nobody uses; unknown while that answer is withheld.
        removed: nodes whose removal was merged on this day.
        run_seconds: of the runs of our models on this day.
        credits: of these runs.
    """

    day: date
    models: int | None = None
    sources: int | None = None
    reports: int | None = None
    reports_active: int | None = None
    reports_archived: int | None = None
    unused: int | None = None
    removed: int | None = None
    run_seconds: float | None = None
    credits: float | None = None


_FLOATS = ("run_seconds", "credits")
_VALUES = tuple(field.name for field in fields(PlatformDay) if field.name != "day")


@dataclass(frozen=True, slots=True)
class History:
    """The table of the history.

    Args:
        connection: to Snowflake.
        table: its name; it is created by the first record.
    """

    connection: Connection
    table: QualifiedName

    def record(self, day: PlatformDay) -> None:
        """Write the row of a day; safe to repeat. A value that is unknown now keeps what the day's row had before."""
        read_rows(self.connection, create_statement(self.table), merge_statement(self.table, day))

    def read(self, since: date | None = None) -> tuple[PlatformDay, ...]:
        """Read the days from `since` on, ascending; none before the first record.

        Raises:
            EventRowError: the table does not have the expected columns.
        """
        try:
            rows = read_rows(self.connection, read_statement(self.table, since))
        except ObjectMissingError:
            return ()
        return tuple(map(_day_of, rows))


def create_statement(table: QualifiedName) -> str:
    """Return the statement that creates the table, if it is missing."""
    columns = ", ".join(f"{_column(name)} {_type(name)}" for name in _VALUES)
    return f"CREATE TABLE IF NOT EXISTS {table.sql} ({_column('day')} date, {columns})"


def merge_statement(table: QualifiedName, day: PlatformDay) -> str:
    """Return the statement that writes the row of a day, whether it is there or not."""
    values = ", ".join(f"{_number(getattr(day, name))}::{_type(name)} AS {_column(name)}" for name in _VALUES)
    updates = ", ".join(f"{_column(name)} = COALESCE(given.{_column(name)}, kept.{_column(name)})" for name in _VALUES)
    names = ", ".join(map(_column, ("day", *_VALUES)))
    inserted = ", ".join(f"given.{_column(name)}" for name in ("day", *_VALUES))
    return f"""
        MERGE INTO {table.sql} AS kept
        USING (SELECT {literal(day.day.isoformat())}::date AS {_column("day")}, {values}) AS given
        ON kept.{_column("day")} = given.{_column("day")}
        WHEN MATCHED THEN UPDATE SET {updates}
        WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({inserted})
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def read_statement(table: QualifiedName, since: date | None) -> str:
    """Return the query of the days, ascending."""
    names = ", ".join(map(_column, ("day", *_VALUES)))
    condition = f" WHERE {_column('day')} >= {literal(since.isoformat())}::date" if since else ""
    return f"SELECT {names} FROM {table.sql}{condition} ORDER BY {_column('day')}"  # noqa: S608 (as above)


def _column(name: str) -> str:
    return Identifier(name.upper()).sql


def _type(name: str) -> str:
    return "double" if name in _FLOATS else "integer"


def _number(value: float | None) -> str:
    return "NULL" if value is None or not math.isfinite(value) else repr(value)


def _day_of(row: Mapping[str, Any]) -> PlatformDay:
    try:
        day = row["DAY"]
        values = {name: _plain(name, row[name.upper()]) for name in _VALUES}
        return PlatformDay(day.date() if isinstance(day, datetime) else day, **values)
    except (KeyError, AttributeError, TypeError, ValueError) as exc:
        raise EventRowError(f"not a row of the history ({exc!r}): rename the table, and record again") from exc


def _plain(name: str, value: Any) -> Any:
    if value is None:
        return None
    return float(value) if name in _FLOATS else int(value)
