"""Create, refresh and drop external tables: a view over rows that each refresh reads from the bucket.

The rows of registered files are stored parsed, by file, so that a query reads no object. Two differences to Snowflake
follow. A changed or deleted file changes the rows only after a refresh; Snowflake reads the bucket at every query.
And `SELECT *` returns METADATA$FILENAME and METADATA$FILE_ROW_NUMBER, which Snowflake returns only by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    NotSupportedError,
    ObjectExistsError,
    ObjectInvalidError,
    ObjectMissingError,
    OptionRefusedError,
)
from infra.local_snowflake.files.bucket import Bucket, ObjectVanishedError, StoredObject
from infra.local_snowflake.files.duplicates import settle_duplicates
from infra.local_snowflake.language.names import ObjectName, new_id, quote
from infra.local_snowflake.language.statements import CreateExternalTable, Creation, ObjectKind, RefreshExternalTable
from infra.local_snowflake.objects.registry import (
    ExternalTable,
    FileChange,
    FileStatus,
    Location,
    Registry,
    Stage,
    changes,
)
from infra.local_snowflake.objects.stages import Stages, listed, location_of, refresh_answer

METADATA_COLUMNS = ("VALUE", "METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")
_DONE = "Statement executed successfully."

RunSql = Callable[[str], None]
"""Runs a statement of Snowflake's dialect in the session of the client."""


def view_sql(table: ExternalTable) -> str:
    """Return the statement of the view with the virtual columns, in Snowflake's dialect."""
    columns = [quote(name) for name in METADATA_COLUMNS]
    for column in table.columns:
        value = f"CAST({column.expression} AS {column.type_sql})" if column.type_sql else f"({column.expression})"
        columns.append(f"{value} AS {quote(column.name)}")
    listed_columns = ",\n  ".join(columns)
    return f"CREATE OR REPLACE VIEW {table.name.sql} AS SELECT\n  {listed_columns}\nFROM {table.rows_sql}"


@dataclass(frozen=True, slots=True)
class ExternalTables:
    """The external tables of one server.

    Args:
        registry: of the tables and their rows.
        stages: of their files.
        bucket: of their files.
        now: returns the time.
    """

    registry: Registry
    stages: Stages
    bucket: Bucket
    now: Callable[[], datetime]

    def create(self, name: ObjectName, stage: ObjectName, statement: CreateExternalTable, run: RunSql) -> Answer:
        """Create an external table, in this order.

        1. Check whether the name exists.
        2. Create the table of its rows and store its definition.
        3. Create its view in the session, which checks the column expressions.
        4. Refresh it, if REFRESH_ON_CREATE.
        5. Drop the rows of the table that it replaces.

        If 3 or 4 fails, the former table is restored.
        """
        former = self.registry.external_table(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former is None:
            self.registry.require_free(name)
        elif statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        table = self._new(name, self.stages.get(stage), statement)
        with self.registry.transaction() as cursor:
            cursor.execute(
                f'CREATE TABLE {table.rows_sql} (VALUE JSON, "METADATA$FILENAME" VARCHAR, '
                '"METADATA$FILE_ROW_NUMBER" BIGINT)'
            )
            self.registry.put(cursor, table)
        try:
            run(view_sql(table))
            if statement.refresh_on_create:
                self._refresh(table, "")
        except BaseException:
            self._remove(table, run, restored=former)
            raise
        if former:
            self._remove_rows(former)
        return status(f"External table {name.name} successfully created.")

    def _new(self, name: ObjectName, stage: Stage, statement: CreateExternalTable) -> ExternalTable:
        _require_json(statement)
        _require_partition_columns(statement)
        path = statement.location.path
        return ExternalTable(
            id=new_id(),
            name=name,
            stage=stage.name,
            stage_id=stage.id,
            stage_url=stage.url,
            path=path if not path or path.endswith("/") else path + "/",
            columns=statement.columns,
            partition_by=statement.partition_by,
            pattern=statement.pattern,
            file_format=statement.file_format,
            auto_refresh=statement.auto_refresh,
            comment=statement.comment,
            created_on=self.now(),
        )

    def refresh(self, name: ObjectName, statement: RefreshExternalTable) -> Answer:
        """Register new and changed files below a path, and unregister deleted ones."""
        table = self._find(name, if_exists=statement.if_exists)
        if table is None:
            return status(_DONE)
        reason = self.invalid_reason(table)
        if reason:
            raise ObjectInvalidError(f"External table '{name}' marked invalid. {reason}")
        return refresh_answer(self._refresh(table, statement.path))

    def _refresh(self, table: ExternalTable, path: str) -> list[FileChange]:
        location = location_of(table.stage_url, table.path + path)
        found = listed(self.bucket, location, table.pattern)
        changed = changes(self.registry.files(table.id, location.prefix), found)
        wanted = [change.stored for change in changed if change.status is not FileStatus.UNREGISTERED]
        with TemporaryDirectory(prefix="external-table-") as folder:
            copies = self._download(location, wanted, Path(folder))
            changed = [
                change for change in changed if change.status is FileStatus.UNREGISTERED or change.stored.key in copies
            ]
            with self.registry.cursor() as cursor:
                rows = {key: f"rows_{number}" for number, key in enumerate(sorted(copies))}
                readable = [key for key in rows if _parse(cursor, table, copies[key], rows[key])]
                with self.registry.transaction(cursor):
                    for change in changed:
                        _delete(cursor, table, change.stored.key)
                    for key in readable:
                        _insert(cursor, table, key, rows[key])
                    self.registry.record(cursor, table, changed, self.now())
        return changed

    def _download(self, location: Location, wanted: Iterable[StoredObject], folder: Path) -> dict[str, Path]:
        copies: dict[str, Path] = {}
        for number, stored in enumerate(wanted):
            target = folder / f"{number}{_codec(stored.key)}"
            try:
                self.bucket.download(location.bucket, stored, target)
            except ObjectVanishedError:
                continue  # it changed since it was listed: the next refresh registers it
            copies[stored.key] = target
        return copies

    def drop(self, name: ObjectName, *, if_exists: bool, run: RunSql) -> Answer:
        """Drop an external table; its files stay in the bucket."""
        table = self._find(name, if_exists=if_exists)
        if table is None:
            return status("Drop statement executed successfully (the object already dropped).")
        self._remove(table, run, restored=None)
        return status(f"{name.name} successfully dropped.")

    def _remove(self, table: ExternalTable, run: RunSql, restored: ExternalTable | None) -> None:
        run(view_sql(restored) if restored else f"DROP VIEW IF EXISTS {table.name.sql}")
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.EXTERNAL_TABLE, table.name)
            if restored:
                self.registry.put(cursor, restored)
        self._remove_rows(table)

    def _remove_rows(self, table: ExternalTable) -> None:
        with self.registry.transaction() as cursor:
            self.registry.forget_files(cursor, table.id)
            cursor.execute(f"DROP TABLE IF EXISTS {table.rows_sql}")

    def get(self, name: ObjectName) -> ExternalTable:
        """Return an external table.

        Raises:
            ObjectMissingError: it does not exist.
        """
        table = self.registry.external_table(name)
        if table is None:
            raise ObjectMissingError(
                f"SQL compilation error:\nExternal table '{name}' does not exist or not authorized."
            )
        return table

    def _find(self, name: ObjectName, *, if_exists: bool) -> ExternalTable | None:
        return self.registry.external_table(name) if if_exists else self.get(name)

    def invalid_reason(self, table: ExternalTable) -> str:
        """Return why a table is invalid; empty if it is valid."""
        stage = self.registry.stage(table.stage)
        if stage is None or stage.id != table.stage_id:
            return f"Stage '{table.stage}' dropped or replaced."
        if stage.url != table.stage_url:
            return f"Stage '{table.stage}' location altered."
        return ""


def _require_json(statement: CreateExternalTable) -> None:
    form = str(statement.file_format.get("TYPE", "CSV")).upper()
    if form != "JSON":
        raise NotSupportedError(
            f"Unsupported feature 'FILE_FORMAT TYPE = {form}': the local Snowflake reads TYPE = JSON."
        )


def _require_partition_columns(statement: CreateExternalTable) -> None:
    by_name = {column.name: column for column in statement.columns}
    for name in statement.partition_by:
        if name not in by_name:
            raise OptionRefusedError(f"SQL compilation error:\ninvalid identifier '{name}' in PARTITION BY.")
        if "METADATA$FILENAME" not in by_name[name].expression.upper():
            raise OptionRefusedError(
                f"SQL compilation error:\nPartition column '{name}' expression must use METADATA$FILENAME."
            )


def _codec(key: str) -> str:
    return next((suffix for suffix in (".gz", ".zst") if key.lower().endswith(suffix)), "")


_COMPRESSIONS = {"": "none", ".gz": "gzip", ".zst": "zstd"}


_ALL_ROWS = 2**63 - 1


def _parse(cursor: duckdb.DuckDBPyConnection, table: ExternalTable, path: Path, rows: str) -> bool:
    """Parse one file into a temporary table; return False if it cannot be read."""
    form = "auto" if table.file_format.get("STRIP_OUTER_ARRAY") is True else "newline_delimited"
    try:
        cursor.execute(
            f"CREATE TEMP TABLE {rows} AS SELECT json, row_number() OVER () AS line FROM "  # noqa: S608 - a name of ours
            "read_json_objects(?, format = ?, compression = ?, ignore_errors = true, maximum_object_size = 33554432)",
            [str(path), form, _COMPRESSIONS[path.suffix]],
        )
        settle_duplicates(cursor, rows, table.file_format)
    except (duckdb.IOException, duckdb.InvalidInputException):
        return False
    return True


def _delete(cursor: duckdb.DuckDBPyConnection, table: ExternalTable, key: str) -> None:
    cursor.execute(f'DELETE FROM {table.rows_sql} WHERE "METADATA$FILENAME" = ?', [key])  # noqa: S608 - an id of ours


def _insert(cursor: duckdb.DuckDBPyConnection, table: ExternalTable, key: str, rows: str) -> None:
    """Insert the rows of a file up to the first one that is not JSON, without an error, as Snowflake does."""
    first_bad = f"coalesce((SELECT min(line) FROM {rows} WHERE json IS NULL), {_ALL_ROWS})"  # noqa: S608 - a name of ours
    cursor.execute(
        f"INSERT INTO {table.rows_sql} SELECT json, ?, line FROM {rows} WHERE line < {first_bad} ORDER BY line",  # noqa: S608 - names of ours
        [key],
    )
