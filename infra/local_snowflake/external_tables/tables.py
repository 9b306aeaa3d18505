"""Create, refresh and drop external tables: views over the registered files of a stage.

A query reads the objects as the bucket holds them at that time (`scan.py`); a refresh reads no object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import duckdb
from snowflake.connector.errors import Error as ConnectorError

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    ObjectExistsError,
    ObjectInvalidError,
    ObjectMissingError,
    OptionRefusedError,
    WrongKindError,
)
from infra.local_snowflake.external_tables.expressions import checked, refusal_of, require_columns
from infra.local_snowflake.external_tables.information import create_views
from infra.local_snowflake.external_tables.partitions import partition_types
from infra.local_snowflake.external_tables.reading.copies import Copies, copy_name
from infra.local_snowflake.external_tables.reading.scan import Scan, raw_view_sql
from infra.local_snowflake.external_tables.reading.views import (
    columns_view_sql,
    partitions_view_sql,
    public_columns,
    public_view_sql,
    whole_view_sql,
)
from infra.local_snowflake.external_tables.registration import Registration
from infra.local_snowflake.files.bucket import Bucket
from infra.local_snowflake.language.names import ObjectName, new_id, quote
from infra.local_snowflake.language.statements import (
    AddPartition,
    AlterExternalTable,
    ChangeFiles,
    Column,
    CreateExternalTable,
    Creation,
    DropPartition,
    ExternalTableStatement,
    ObjectKind,
    RefreshExternalTable,
)
from infra.local_snowflake.objects.file_formats import format_name
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import Stages, location_of, refresh_answer, require_pattern
from infra.local_snowflake.objects.stored import DATABASE, ExternalTable
from infra.local_snowflake.sessions import Session

_DONE = "Statement executed successfully."
_CONVERSION_MEMORY = "256MB"
_COLUMNS = """
SELECT database_name, schema_name, table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns() WHERE NOT internal GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class ExternalTables:
    """The external tables of one server.

    Args:
        registry: of the tables and their files.
        stages: of their files.
        now: returns the time.
        scan: reads their files in queries.
        registration: registers their files.
    """

    registry: Registry
    stages: Stages
    now: Callable[[], datetime]
    scan: Scan
    registration: Registration

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
        create_views(registry)
        return cls(registry, stages, now, scan, Registration(registry, bucket, now, scan))

    def repair(self) -> None:
        """Complete or undo what a killed server left half done; call it when every database is attached."""
        tables = self.registry.external_tables()
        with self.registry.cursor() as cursor:
            known = {table.id for table in tables}
            views = "SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'raw'"
            for (view,) in cursor.execute(views, [DATABASE]).fetchall():
                if view.partition("_")[0] not in known:
                    cursor.execute(f"DROP VIEW {quote(DATABASE)}.raw.{quote(view)}")
            columns = cursor.execute(_COLUMNS).fetchall() if tables else []
            read = {ObjectName(*row[:3]): row[3] for row in columns}
            for table in tables:
                if not table.with_rows and read.get(table.name) != public_columns(table):
                    cursor.execute(public_view_sql(table))

    def create(self, statement: CreateExternalTable, session: Session) -> Answer:
        """Create an external table, in this order.

        1. Check whether the name exists.
        2. Create the views of the new table under its id in the session, which checks the column expressions.
        3. List its files, if REFRESH_ON_CREATE.
        4. Store the table, its files and the view under its name in one transaction, and delete the former table.
        5. Create the view that clients read; a server that is killed before creates it at its next start.

        If 2 or 3 fails, the former table is unchanged.
        """
        name = session.full(statement.name)
        former = self.registry.external_table(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former is None:
            try:
                self.registry.require_free(name)
            except ObjectExistsError:
                if statement.creation is not Creation.KEEP:
                    raise
                return status(f"{name.name} already exists, statement succeeded.")
        elif statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        table = self._new(name, statement, session)
        try:
            table = self._create_views(table, session)
            listing = statement.refresh_on_create and not table.user_specified
            changed = self.registration.changes(table, "") if listing else None
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

    def _create_views(self, table: ExternalTable, session: Session) -> ExternalTable:
        try:
            session.run(partitions_view_sql(table))
            table = replace(table, partition_types=partition_types(self.registry, table))
            with self.registry.cursor() as cursor:
                cursor.execute(raw_view_sql(table))
            session.run(columns_view_sql(table))
        except (ConnectorError, duckdb.Error) as exc:
            raise refusal_of(str(exc)) or exc from exc
        return table

    def _new(self, name: ObjectName, statement: CreateExternalTable, session: Session) -> ExternalTable:
        columns = checked(statement)
        form = self.stages.formats.resolve(statement.file_format, session)
        form.require_readable()
        stage = self.stages.of(statement.location, session)
        if stage.is_internal or stage.temporary:
            raise OptionRefusedError("SQL compilation error:\nAn external table needs a permanent external stage.")
        self.stages.require_usable(stage)
        if statement.user_specified and statement.auto_refresh:
            raise OptionRefusedError(
                "SQL compilation error:\nAUTO_REFRESH is not supported with PARTITION_TYPE = USER_SPECIFIED."
            )
        require_pattern(statement.pattern)
        path = statement.location.path
        return ExternalTable(
            id=new_id(),
            name=name,
            stage=stage.name,
            stage_id=stage.id,
            stage_url=stage.url,
            path=path if not path or path.endswith("/") else path + "/",
            columns=columns,
            partition_by=statement.partition_by,
            pattern=statement.pattern,
            file_format=form.options,
            file_format_name=format_name(statement.file_format, session),
            auto_refresh=statement.auto_refresh is not False and not statement.user_specified,
            user_specified=statement.user_specified,
            aws_sns_topic=statement.aws_sns_topic,
            comment=statement.comment,
            created_on=self.now(),
            with_rows=False,
        )

    def alter(self, statement: ExternalTableStatement, session: Session) -> Answer:
        """Execute an ALTER EXTERNAL TABLE."""
        name = session.full(statement.name)
        table = self.registry.external_table(name)
        if table is None:
            if not isinstance(statement, CreateExternalTable) and statement.if_exists:
                return status(_DONE)
            table = self.get(name)
        reason = self.invalid_reason(table)
        if reason:
            raise ObjectInvalidError(f"External table '{name}' marked invalid. {reason}")
        match statement:
            case RefreshExternalTable(path=path):
                return refresh_answer(self.registration.refresh(table, path))
            case ChangeFiles():
                return refresh_answer(self.registration.change_files(table, statement))
            case AddPartition():
                self.registration.add_partition(table, statement)
            case DropPartition(path=path):
                self.registration.drop_partition(table, path)
            case AlterExternalTable(auto_refresh=auto_refresh):
                if auto_refresh and table.user_specified:
                    raise OptionRefusedError(
                        "SQL compilation error:\nAUTO_REFRESH is not supported with PARTITION_TYPE = USER_SPECIFIED."
                    )
                with self.registry.transaction() as cursor:
                    self.registry.put(cursor, replace(table, auto_refresh=auto_refresh))
        return status(_DONE)

    def change_columns(self, table: ExternalTable, columns: tuple[Column, ...], session: Session) -> None:
        """Give a table other columns: its files stay registered, its partition columns stay as they are."""
        require_columns(columns)
        changed = self._create_changed(replace(table, id=new_id(), columns=columns), session)
        with self.registry.transaction() as cursor:
            self.registry.move_files(cursor, table.id, changed.id)
            self._forget(cursor, table)
            self.registry.put(cursor, changed)
            cursor.execute(whole_view_sql(changed))
        with self.registry.cursor() as cursor:
            cursor.execute(public_view_sql(changed))

    def _create_changed(self, table: ExternalTable, session: Session) -> ExternalTable:
        try:
            return self._create_views(table, session)
        except BaseException:
            with self.registry.cursor() as cursor:
                self.registry.drop_views(cursor, table)
            raise

    def drop(self, name: ObjectName, *, if_exists: bool) -> Answer:
        """Drop an external table; its files stay in the bucket."""
        table = self.registry.external_table(name)
        if table is None:
            self._require_no_other(name)
        table = self._find(name, if_exists=if_exists)
        if table is None:
            return status(f"Drop statement executed successfully ({name.name} already dropped).")
        with self.registry.cursor() as cursor:
            cursor.execute(f"DROP VIEW IF EXISTS {name.sql}")
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.EXTERNAL_TABLE, name)
            self._forget(cursor, table)
        return status(f"{name.name} successfully dropped.")

    def _require_no_other(self, name: ObjectName) -> None:
        try:
            self.registry.require_free(name)
        except ObjectExistsError as exc:
            raise WrongKindError(
                "SQL compilation error:\nObject found is of another type, not specified type 'EXTERNAL_TABLE'."
            ) from exc

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
        if table.with_rows:
            return "An earlier version of the local Snowflake created it: create it again."
        stage = self.registry.stage(table.stage)
        if stage is None or stage.id != table.stage_id:
            return f"Stage '{table.stage}' dropped or replaced."
        if stage.url != table.stage_url:
            return f"Stage '{table.stage}' location altered."
        return ""
