"""The table `BUILT_HOURS`: from which fingerprint of each input dbt built each hour of a model.

The dbt package `hourglass` writes it; its columns are described in `packages/hourglass/macros/relations.sql`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.keyed_table import moment_literal
from snowflake_components.connection import SnowflakeSettings
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.work import Connection, read_rows

TABLE = Identifier("BUILT_HOURS")
"""Its name, in the schema of the dbt target, and of each table that Python writes."""
STREAM, WRITTEN = "stream:", "table:"
"""What the name of an input begins with that is a stream, or a table that Python writes; any other is a model's id."""


@dataclass(frozen=True, slots=True)
class BuiltHour:
    """What one hour of a model was built from, of one input.

    Args:
        model: unique id of dbt, or a table that Python writes, `table:DATABASE.SCHEMA.NAME`.
        input: a stream, `stream:platform_events`, or what another row has as model; None for a table.
        hour: UTC.
        fingerprint: of the input's hour when it was read; None for an hour that was not proven.
        version: of the model's rows of the hour.
        built_at: by Snowflake's clock.
    """

    model: str
    input: str | None
    hour: Hour
    fingerprint: str | None
    version: str
    built_at: datetime


def table_of_target(settings: SnowflakeSettings) -> QualifiedName:
    """Return the table of the dbt target, which is the database and the schema of the settings."""
    return QualifiedName(Identifier(settings.database), Identifier(settings.schema_name), TABLE)


def read_built_hours(connection: Connection, table: QualifiedName, hour: Hour | None = None) -> tuple[BuiltHour, ...]:
    """Read the rows of one hour, or of all hours; none while dbt has built nothing.

    Raises:
        SnowflakeError: Snowflake refused it, or did not answer in time.
    """
    try:
        rows = read_rows(connection, read_statement(table, hour))
    except ObjectMissingError:
        return ()
    return tuple(
        BuiltHour(
            model=row["MODEL"],
            input=row["INPUT"],
            hour=Hour.containing(row["HOUR"].replace(tzinfo=UTC)),
            fingerprint=row["FINGERPRINT"],
            version=row["VERSION"],
            built_at=row["BUILT_AT"].replace(tzinfo=UTC),
        )
        for row in rows
    )


def read_statement(table: QualifiedName, hour: Hour | None) -> str:
    """Return the statement that reads the rows of one hour, or of all hours; an hour that is being built has none."""
    columns = "MODEL, INPUT, HOUR, FINGERPRINT, VERSION, BUILT_AT"
    of_hour = f" AND HOUR = {moment_literal(hour.start)}::TIMESTAMP_NTZ" if hour else ""
    return f"SELECT {columns} FROM {table.sql} WHERE BUILT_AT IS NOT NULL{of_hour} ORDER BY MODEL, INPUT, HOUR"  # noqa: S608 - quoted by identifiers.py
