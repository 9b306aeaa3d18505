"""The table `HOURS` of Snowflake: which hours of which stream are proven there, with the fingerprint of each.

A reader that kept the fingerprint an hour had when it read it knows by one comparison whether the hour changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection, read_rows

TABLE = Identifier("HOURS")
"""Its name, in the schema of the external table of its stream."""

_KEY = ("STREAM", "HOUR")
_TYPES = {
    "STREAM": "varchar",
    "HOUR": "timestamp_ntz",
    "REVISION": "integer",
    "FINGERPRINT": "varchar",
    "ACCEPTED": "integer",
    "REJECTED": "integer",
    "OBJECTS": "integer",
    "BYTES": "integer",
    "PUBLISHED_AT": "timestamp_ntz",
}
_HOURS_PER_STATEMENT_MAX = 2_000
"""About 300 kB of text; Snowflake takes 1 MB and 16,384 rows of VALUES."""


@dataclass(frozen=True, slots=True)
class PublishedHour:
    """One row: the newest revision of an hour that passed every blocking check.

    Args:
        stream: name of the stream in its document.
        hour: UTC.
        revision: of the seal, from 1.
        fingerprint: of the seal; another one means other objects.
        accepted: records in the external table.
        rejected: records beside it.
        objects: of the bucket, accepted and rejected.
        bytes: of these objects.
        published_at: with a time zone.
    """

    stream: str
    hour: Hour
    revision: int
    fingerprint: str
    accepted: int
    rejected: int
    objects: int
    bytes: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class HoursTable:
    """The table `HOURS` of one schema.

    Args:
        connection: to Snowflake.
        name: the table; the first hour creates it.
    """

    connection: Connection
    name: QualifiedName

    @classmethod
    def beside(cls, connection: Connection, table: QualifiedName) -> HoursTable:
        """Return the table in the schema of an external table."""
        return cls(connection, QualifiedName(table.database, table.schema, TABLE))

    def write(self, hours: Collection[PublishedHour]) -> None:
        """Write the rows of hours, one statement for up to 2,000 of them; safe to repeat.

        A row of a newer revision stays.

        Raises:
            SnowflakeError: Snowflake refused it, or did not answer in time.
        """
        ordered = sorted(hours, key=lambda one: one.hour)
        for start in range(0, len(ordered), _HOURS_PER_STATEMENT_MAX):
            merge = merge_statement(self.name, ordered[start : start + _HOURS_PER_STATEMENT_MAX])
            try:
                read_rows(self.connection, merge)
            except ObjectMissingError:
                read_rows(self.connection, create_statement(self.name), merge)


def create_statement(table: QualifiedName) -> str:
    """Return the statement that creates the table, if it is missing."""
    columns = ", ".join(f"{Identifier(name).sql} {kind}" for name, kind in _TYPES.items())
    return f"CREATE TABLE IF NOT EXISTS {table.sql} ({columns})"


def merge_statement(table: QualifiedName, hours: Iterable[PublishedHour]) -> str:
    """Return the statement that writes the rows of hours, except where the table has a newer revision."""
    given = ", ".join(
        f"COLUMN{number}::{kind} AS {Identifier(name).sql}" for number, (name, kind) in enumerate(_TYPES.items(), 1)
    )
    same = " AND ".join(f"kept.{Identifier(name).sql} = given.{Identifier(name).sql}" for name in _KEY)
    updates = ", ".join(f"{Identifier(name).sql} = given.{Identifier(name).sql}" for name in _TYPES if name not in _KEY)
    names = ", ".join(Identifier(name).sql for name in _TYPES)
    inserted = ", ".join(f"given.{Identifier(name).sql}" for name in _TYPES)
    # an equal revision with another fingerprint is the first one of a bucket that was made again
    is_newer = (
        'kept."REVISION" < given."REVISION" OR '
        '(kept."REVISION" = given."REVISION" AND kept."FINGERPRINT" <> given."FINGERPRINT")'
    )
    return f"""
        MERGE INTO {table.sql} AS kept
        USING (SELECT {given} FROM VALUES {", ".join(map(_values, hours))}) AS given
        ON {same}
        WHEN MATCHED AND ({is_newer}) THEN UPDATE SET {updates}
        WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({inserted})
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


def _values(hour: PublishedHour) -> str:
    counts = f"{hour.accepted}, {hour.rejected}, {hour.objects}, {hour.bytes}"
    return (
        f"({literal(hour.stream)}, {_moment(hour.hour.start)}, {hour.revision}, {literal(hour.fingerprint)}, "
        f"{counts}, {_moment(hour.published_at)})"
    )


def _moment(moment: datetime) -> str:
    return literal(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")
