"""The load history of tables, which keeps COPY INTO from loading a file twice.

It is in the database of its table, so that rows and history commit together: DuckDB writes one database in one
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.files.unreadable import RecordError
from infra.local_snowflake.language.names import ObjectName, quote

_creating = Lock()
"""Two transactions that create one table are a conflict."""
LOAD_METADATA = timedelta(days=64)
"""How long the status of a loaded file is known."""
_COLUMNS = (
    "TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, FILE_KEY VARCHAR, FILE_NAME VARCHAR, RELATIVE_NAME VARCHAR, "
    "STAGE_LOCATION VARCHAR, ETAG VARCHAR, "
    "FILE_SIZE BIGINT, STATUS VARCHAR, ROW_COUNT BIGINT, ROW_PARSED BIGINT, ERROR_COUNT BIGINT, ERROR_LIMIT BIGINT, "
    "FIRST_ERROR VARCHAR, FIRST_ERROR_LINE BIGINT, FIRST_ERROR_CHARACTER BIGINT, FIRST_ERROR_COLUMN VARCHAR, "
    "LOADED_AT TIMESTAMPTZ"
)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What COPY INTO did with one file.

    Args:
        key: of the object, with its bucket.
        name: as the answer of COPY lists it.
        relative_name: below the stage's URL.
        stored: the object.
        status: LOADED, PARTIALLY_LOADED or LOAD_FAILED.
    """

    key: str
    name: str
    relative_name: str
    stored: StoredObject
    status: str
    parsed: int
    loaded: int
    error_limit: int
    errors: int
    first_error: RecordError | None
    first_error_column: str | None


@dataclass(frozen=True, slots=True)
class LoadHistory:
    """The history of one table.

    Args:
        cursor: of the session, in its transaction if there is one.
        table: as it is stored.
    """

    cursor: Any
    table: ObjectName

    def ensure(self) -> None:
        """Create the history of the database, if there is none."""
        ensure_history(self.cursor, self.table.database)

    def wanted(
        self, bucket: str, files: Iterable[StoredObject], now: datetime, *, uncertain: bool
    ) -> list[StoredObject]:
        """Return the files that were not loaded with their present content.

        A file is uncertain if it and the first load of the table are older than the load metadata: it is left out
        unless `uncertain`.
        """
        loaded = dict(
            self._rows(
                "file_key, etag", "status <> 'LOAD_FAILED' AND loaded_at > ? ORDER BY rowid", now - LOAD_METADATA
            )
        )
        (first,) = self._rows("min(loaded_at)", "status <> 'LOAD_FAILED' AND loaded_at <= ?", now)[0]
        expired = first is not None and first.astimezone(UTC) < now - LOAD_METADATA
        return [
            stored
            for stored in files
            if loaded.get(f"{bucket}/{stored.key}") != stored.etag
            and (uncertain or not (expired and stored.modified < now - LOAD_METADATA))
        ]

    def _rows(self, columns: str, condition: str, value: datetime) -> list[Any]:
        rows: list[Any] = self.cursor.execute(
            f"SELECT {columns} FROM {history_table(self.table.database)} "  # noqa: S608 - constants
            f"WHERE table_schema = ? AND table_name = ? AND {condition}",
            [self.table.schema, self.table.name, value],
        ).fetchall()
        return rows

    def add(self, outcomes: Iterable[FileOutcome], location: str, now: datetime) -> None:
        """Add files, with the time of the load."""
        for outcome in outcomes:
            error = outcome.first_error
            row = [
                self.table.schema,
                self.table.name,
                outcome.key,
                outcome.name,
                outcome.relative_name,
                location,
                outcome.stored.etag,
                outcome.stored.size_bytes,
                outcome.status,
                outcome.loaded,
                outcome.parsed,
                outcome.errors,
                outcome.error_limit,
                error.message if error else None,
                error.line if error else None,
                error.character if error else None,
                outcome.first_error_column,
                now,
            ]
            marks = ", ".join("?" * len(row))
            self.cursor.execute(f"INSERT INTO {history_table(self.table.database)} VALUES ({marks})", row)  # noqa: S608 - constants


def history_table(database: str) -> str:
    """Return the quoted name of the history of a database, in the schema that fakesnow hides."""
    return f'{quote(database)}."_fs_information_schema"."_fs_copy_history"'


def ensure_history(cursor: Any, database: str) -> None:
    """Create the history of a database, if there is none."""
    with _creating:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {history_table(database)} ({_COLUMNS})")


def forget_history(cursor: Any, database: str, tables: Iterable[ObjectName]) -> None:
    """Delete the history of tables of one database that were truncated, dropped or replaced."""
    found = cursor.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = '_fs_copy_history'", [database]
    ).fetchone()
    for table in tables if found else ():
        cursor.execute(
            f"DELETE FROM {history_table(database)} WHERE table_schema = ? AND table_name = ?",  # noqa: S608 - constants
            [table.schema, table.name],
        )


def rename_history(cursor: Any, table: ObjectName, renamed: ObjectName) -> None:
    """Give the history of a table to its new name."""
    if table.database == renamed.database:
        ensure_history(cursor, table.database)
        cursor.execute(
            f"UPDATE {history_table(table.database)} SET table_schema = ?, table_name = ? "  # noqa: S608 - constants
            "WHERE table_schema = ? AND table_name = ?",
            [renamed.schema, renamed.name, table.schema, table.name],
        )
