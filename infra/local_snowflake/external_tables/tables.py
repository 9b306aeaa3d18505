"""Create, refresh and drop external tables: views over the registered files of a stage.

A query reads the objects as the bucket holds them at that time (`scan.py`); a refresh reads no object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import duckdb

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    ObjectExistsError,
    ObjectInvalidError,
    ObjectMissingError,
    OptionRefusedError,
)
from infra.local_snowflake.external_tables.copies import Copies, copy_name
from infra.local_snowflake.external_tables.partitions import Values, partition_types, partition_values
from infra.local_snowflake.external_tables.scan import Scan, raw_view_sql
from infra.local_snowflake.external_tables.views import (
    columns_view_sql,
    partitions_view_sql,
    public_columns,
    public_view_sql,
    whole_view_sql,
)
from infra.local_snowflake.files.bucket import Bucket
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.names import ObjectName, new_id, quote
from infra.local_snowflake.language.statements import CreateExternalTable, Creation, ObjectKind, RefreshExternalTable
from infra.local_snowflake.objects.registry import (
    DATABASE,
    ExternalTable,
    FileChange,
    FileStatus,
    Registry,
    Stage,
    changes,
)
from infra.local_snowflake.objects.stages import Stages, listed, location_of, refresh_answer

_DONE = "Statement executed successfully."
_CONVERSION_MEMORY = "256MB"

RunSql = Callable[[str], None]
"""Runs a statement of Snowflake's dialect in the session of the client."""


@dataclass(frozen=True, slots=True)
class ExternalTables:
    """The external tables of one server.

    Args:
        registry: of the tables and their files.
        stages: of their files.
        bucket: of their files.
        now: returns the time.
        scan: reads their files in queries.
    """

    registry: Registry
    stages: Stages
    bucket: Bucket
    now: Callable[[], datetime]
    scan: Scan

    @classmethod
    def over(cls, registry: Registry, stages: Stages, bucket: Bucket, now: Callable[[], datetime]) -> Self:
        """Build them over a registry and a bucket, and remove what an earlier server left behind."""
        folder = registry.folder / "copies"
        folder.mkdir(exist_ok=True)
        convert = duckdb.connect(
            config={"threads": 1, "memory_limit": _CONVERSION_MEMORY, "temp_directory": str(folder / "spilled")}
        )
        copies = Copies(folder, bucket, convert.cursor)
        tables = {table.id: table for table in registry.external_tables()}
        copies.keep_only(
            copy_name(location_of(table.stage_url).bucket, stored, table.file_format)
            for table in tables.values()
            for stored in registry.files(table.id, "")
        )
        scan = Scan(registry.external_table_of, registry.registered, copies)
        registry.register(scan)
        return cls(registry, stages, bucket, now, scan)

    def repair(self) -> None:
        """Complete or undo what a killed server left half done; call it when every database is attached."""
        tables = self.registry.external_tables()
        with self.registry.cursor() as cursor:
            known = {table.id for table in tables}
            views = "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'raw'"
            for (view,) in cursor.execute(views, [DATABASE]).fetchall():
                if view.partition("_")[0] not in known:
                    cursor.execute(f"DROP VIEW {quote(DATABASE)}.raw.{quote(view)}")
            for table in tables:
                columns = cursor.execute(
                    "SELECT column_name FROM duckdb_columns() "
                    "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
                    [table.name.database, table.name.schema, table.name.name],
                ).fetchall()
                if [name for (name,) in columns] != public_columns(table):
                    cursor.execute(public_view_sql(table))

    def create(self, name: ObjectName, stage: ObjectName, statement: CreateExternalTable, run: RunSql) -> Answer:
        """Create an external table, in this order.

        1. Check whether the name exists.
        2. Create the views of the new table under its id in the session, which checks the column expressions.
        3. List its files, if REFRESH_ON_CREATE.
        4. Store the table, its files and the view under its name in one transaction, and delete the former table.
        5. Create the view that clients read; a server that is killed before creates it at its next start.

        If 2 or 3 fails, the former table is unchanged.
        """
        former = self.registry.external_table(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former is None:
            self.registry.require_free(name)
        elif statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        table = self._new(name, self.stages.get(stage), statement)
        try:
            table = self._create_views(table, run)
            changed = self._changes(table, "") if statement.refresh_on_create else None
            with self.registry.transaction() as cursor:
                if former:
                    self._forget(cursor, former)
                self.registry.put(cursor, table)
                if changed is not None:
                    self.registry.record(cursor, table, changed, self.now())
                cursor.execute(whole_view_sql(table))
        except BaseException:
            with self.registry.cursor() as cursor:
                self.registry.drop_views(cursor, table)
            raise
        with self.registry.cursor() as cursor:
            cursor.execute(public_view_sql(table))
        return status(f"External table {name.name} successfully created.")

    def _create_views(self, table: ExternalTable, run: RunSql) -> ExternalTable:
        run(partitions_view_sql(table))
        table = replace(table, partition_types=partition_types(self.registry, table))
        with self.registry.cursor() as cursor:
            cursor.execute(raw_view_sql(table))
        run(columns_view_sql(table))
        return table

    def _new(self, name: ObjectName, stage: Stage, statement: CreateExternalTable) -> ExternalTable:
        FileFormat.of(statement.file_format).require_readable()
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
        changed = self._changes(table, path)
        with self.registry.transaction() as cursor:
            self.registry.record(cursor, table, changed, self.now())
        self.scan.forget(table.id)
        return changed

    def _changes(self, table: ExternalTable, path: str) -> list[FileChange]:
        location = location_of(table.stage_url, table.path + path)
        found = listed(self.bucket, location, table.pattern)
        changed = changes(self.registry.files(table.id, location.prefix), found)
        present = [change.stored.key for change in changed if change.status.registered]
        partitions = partition_values(self.registry, table, present)
        return [_with_partitions(change, partitions, table) for change in changed]

    def drop(self, name: ObjectName, *, if_exists: bool) -> Answer:
        """Drop an external table; its files stay in the bucket."""
        table = self._find(name, if_exists=if_exists)
        if table is None:
            return status("Drop statement executed successfully (the object already dropped).")
        with self.registry.cursor() as cursor:
            cursor.execute(f"DROP VIEW IF EXISTS {name.sql}")
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.EXTERNAL_TABLE, name)
            self._forget(cursor, table)
        return status(f"{name.name} successfully dropped.")

    def _forget(self, cursor: duckdb.DuckDBPyConnection, table: ExternalTable) -> None:
        self.registry.forget_files(cursor, table.id)
        self.registry.drop_views(cursor, table)
        self.scan.forget(table.id)

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


def _with_partitions(change: FileChange, partitions: dict[str, Values], table: ExternalTable) -> FileChange:
    """Add the partition columns of a file; an empty file without them has no rows that would show them."""
    if not change.status.registered:
        return change
    values = partitions.get(change.stored.key)
    if values is None and change.stored.size_bytes:
        return replace(change, status=FileStatus.REGISTER_FAILED)
    return replace(change, partitions=values or (None,) * len(table.partition_by))


def _require_partition_columns(statement: CreateExternalTable) -> None:
    by_name = {column.name: column for column in statement.columns}
    for name in statement.partition_by:
        if name not in by_name:
            raise OptionRefusedError(f"SQL compilation error:\ninvalid identifier '{name}' in PARTITION BY.")
        if "METADATA$FILENAME" not in by_name[name].expression.upper():
            raise OptionRefusedError(
                f"SQL compilation error:\nPartition column '{name}' expression must use METADATA$FILENAME."
            )
