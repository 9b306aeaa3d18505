"""The table `HOURS` of Snowflake: which hours of which stream are proven there, with the fingerprint of each.

A reader that kept the fingerprint an hour had when it read it knows by one comparison whether the hour changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients import hour_objects
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.keyed_table import KeyedTable, moment_literal
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection, read_rows

TABLE = Identifier("HOURS")
"""Its name, in the schema of the external table of its stream."""

STATEMENTS = KeyedTable(
    types={
        "STREAM": "varchar",
        "HOUR": "timestamp_ntz",
        "REVISION": "integer",
        "FINGERPRINT": "varchar",
        "ACCEPTED": "integer",
        "REJECTED": "integer",
        "OBJECTS": "integer",
        "BYTES": "integer",
        "PUBLISHED_AT": "timestamp_ntz",
    },
    key=("STREAM", "HOUR"),
    rows_max=2_000,  # about 300 kB of text
    # an equal revision with another fingerprint is the first one of a bucket that was made again
    replaced_when='kept."REVISION" < given."REVISION" OR '
    '(kept."REVISION" = given."REVISION" AND kept."FINGERPRINT" <> given."FINGERPRINT")',
)
"""A row is replaced by one of a newer revision."""


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
        name: the table; the first hour creates it, and `HOUR_OBJECTS`.
    """

    connection: Connection
    name: QualifiedName

    @classmethod
    def beside(cls, connection: Connection, table: QualifiedName) -> HoursTable:
        """Return the table in the schema of an external table."""
        return cls(connection, QualifiedName(table.database, table.schema, TABLE))

    def write(self, hours: Collection[PublishedHour], added: Iterable[AddedObjects] = ()) -> None:
        """Write the rows of hours, one statement for up to 2,000 of them; safe to repeat.

        A row of a newer revision stays. The table `HOUR_OBJECTS` beside it is written before, in the same session: an
        hour that is in the one has its objects in the other.

        Raises:
            SnowflakeError: Snowflake refused it, or did not answer in time.
        """
        objects = QualifiedName(self.name.database, self.name.schema, hour_objects.TABLE)
        merges = [*hour_objects.merge_statements(objects, added), *merge_statements(self.name, hours)]
        if not merges:
            return
        try:
            read_rows(self.connection, *merges)
        except ObjectMissingError:
            creates = STATEMENTS.create_statement(self.name), hour_objects.STATEMENTS.create_statement(objects)
            read_rows(self.connection, *creates, *merges)


@dataclass(frozen=True, slots=True)
class ProvenHour:
    """The revision of an hour in the table, and its fingerprint."""

    revision: int
    fingerprint: str


def read_proven_hours(connection: Connection, table: QualifiedName, stream: str) -> dict[Hour, ProvenHour]:
    """Read the hours of a stream from its table `HOURS`; none while there is no table.

    Raises:
        SnowflakeError: Snowflake refused it, or did not answer in time.
    """
    try:
        rows = read_rows(connection, read_statement(table, stream))
    except ObjectMissingError:
        return {}
    return {
        Hour.containing(row["HOUR"].replace(tzinfo=UTC)): ProvenHour(int(row["REVISION"]), row["FINGERPRINT"])
        for row in rows
    }


def read_statement(table: QualifiedName, stream: str) -> str:
    """Return the statement that reads the hours of a stream."""
    return f"SELECT HOUR, REVISION, FINGERPRINT FROM {table.sql} WHERE STREAM = {literal(stream)} ORDER BY HOUR"  # noqa: S608 - as above


def merge_statements(table: QualifiedName, hours: Iterable[PublishedHour]) -> Iterator[str]:
    """Yield the statements that write the rows of hours, one for up to 2,000 of them; a newer revision stays."""
    return STATEMENTS.merge_statements(table, list(map(_values, sorted(hours, key=lambda one: one.hour))))


def _values(hour: PublishedHour) -> str:
    counts = f"{hour.accepted}, {hour.rejected}, {hour.objects}, {hour.bytes}"
    return (
        f"({literal(hour.stream)}, {moment_literal(hour.hour.start)}, {hour.revision}, {literal(hour.fingerprint)}, "
        f"{counts}, {moment_literal(hour.published_at)})"
    )
