"""Query the external table over the landed objects: registered files, rows per file, and event ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from orchestration.landing.clients.event_figures import EventFigures, figures_statement, read_figures
from orchestration.landing.clients.record_columns import RecordColumns
from orchestration.landing.clients.table_rows import RowGroup, read_group, rows_statement
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection

HOUR_COLUMN = Identifier("REPLICATION_HOUR")
"""The partition column of the table, a TIMESTAMP."""


@dataclass(frozen=True, slots=True)
class DescribedTable:
    """An external table as its document describes it: where it lies in this environment, and its record columns."""

    name: QualifiedName
    columns: RecordColumns


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """The external table over `landing/`.

    Args:
        connection: to Snowflake.
        name: the table.
        layout: of its stream.
        columns: of its records.
    """

    connection: Connection
    name: QualifiedName
    layout: StreamLayout
    columns: RecordColumns

    def registered(self, hour: Hour | None = None) -> dict[str, int]:
        """Return the bytes of each registered file by key, of one hour or of all hours."""
        with self.connection.connect() as session:
            rows = session.execute(registered_statement(self.name, hour)).rows
        return {self._key(str(row["FILE_NAME"])): int(row["FILE_SIZE"]) for row in rows}

    def queryable(self, hours: Collection[Hour]) -> dict[str, int]:
        """Return the number of rows of each file by key, of these hours; one statement, none without hours."""
        if not hours:
            return {}
        with self.connection.connect() as session:
            rows = session.execute(queryable_statement(self.name, hours)).rows
        return {self._key(str(row["OBJECT_KEY"])): int(row["RECORDS"]) for row in rows}

    def rows(self, hour: Hour) -> tuple[RowGroup, ...]:
        """Return the rows of an hour by object and partition: counts, offsets, NULLs; one statement, one scan."""
        with self.connection.connect() as session:
            rows = session.execute(rows_statement(self.name, self.columns, where([hour]))).rows
        return tuple(read_group(row, self.columns, self._key(str(row["OBJECT_KEY"]))) for row in rows)

    def figures(self, hours: Collection[Hour]) -> dict[Hour, EventFigures]:
        """Return what the events of hours look like: types, fields, repeats, delays; one statement, one scan.

        An hour without rows is absent.
        """
        with self.connection.connect() as session:
            rows = session.execute(figures_statement(self.name, HOUR_COLUMN, where(hours))).rows
        return read_figures(rows, self._key)

    def event_ids(self, hour: Hour) -> tuple[str | None, str | None]:
        """Return the smallest and the greatest event id of an hour; None when it has no rows."""
        with self.connection.connect() as session:
            row = session.execute(event_ids_statement(self.name, hour)).rows[0]
        return row["FIRST_ID"], row["LAST_ID"]

    def _key(self, name: str) -> str:
        """Return the whole key; some lists of files give names relative to the stage."""
        prefix = self.layout.prefix(Kind.LANDING)
        return name if name.startswith(prefix) else prefix + name


def registered_statement(table: QualifiedName, hour: Hour | None) -> str:
    """Return the statement that lists the registered files of an hour, or of all hours."""
    listed = f"TABLE({table.database.sql}.INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => {literal(table.sql)}))"
    of_hour = f" WHERE FILE_NAME LIKE {literal(f'%{hour.path}%')}" if hour else ""
    return f"SELECT FILE_NAME, FILE_SIZE FROM {listed}{of_hour}"  # noqa: S608 - names and literals are quoted by identifiers.py


def queryable_statement(table: QualifiedName, hours: Collection[Hour]) -> str:
    """Return the statement that counts the rows of each file of hours."""
    counted = f"SELECT METADATA$FILENAME AS OBJECT_KEY, COUNT(*) AS RECORDS FROM {table.sql}"  # noqa: S608 - as above
    return f"{counted}{where(hours)} GROUP BY METADATA$FILENAME"


def event_ids_statement(table: QualifiedName, hour: Hour) -> str:
    """Return the statement over the least and the greatest event id of an hour."""
    return f"SELECT MIN(EVENT_ID) AS FIRST_ID, MAX(EVENT_ID) AS LAST_ID FROM {table.sql}{where([hour])}"  # noqa: S608 - as above


def where(hours: Collection[Hour]) -> str:
    """Select hours by literals, so that Snowflake reads their files only; consecutive hours are one range."""
    return f" WHERE {' OR '.join(_predicate(first, last) for first, last in _ranges(hours))}"


def _ranges(hours: Collection[Hour]) -> Iterator[tuple[Hour, Hour]]:
    numbered = enumerate(sorted(hours))
    for _, consecutive in groupby(numbered, key=lambda pair: pair[1].plus(-pair[0])):
        found = [hour for _, hour in consecutive]
        yield found[0], found[-1]


def _predicate(first: Hour, last: Hour) -> str:
    if first == last:
        return f"{HOUR_COLUMN.sql} = {_timestamp(first)}"
    return f"{HOUR_COLUMN.sql} BETWEEN {_timestamp(first)} AND {_timestamp(last)}"


def _timestamp(hour: Hour) -> str:
    return f"{literal(f'{hour.start:%Y-%m-%d %H:%M:%S}')}::TIMESTAMP_NTZ"


def by_hour(by_key: Mapping[str, int], layout: StreamLayout, hours: Collection[Hour]) -> dict[Hour, dict[str, int]]:
    """Group the keys in the directories of some hours; all others are left out."""
    found: dict[str, dict[str, int]] = {layout.hour_prefix(Kind.LANDING, hour): {} for hour in hours}
    for key, value in by_key.items():
        keys = found.get(key[: key.rfind("/") + 1])
        if keys is not None:
            keys[key] = value
    return {hour: keys for hour in hours if (keys := found[layout.hour_prefix(Kind.LANDING, hour)])}
