"""The registry of stages, external tables and their files: a DuckDB database that survives a restart.

A refresh commits its files in one transaction: after a kill either the whole refresh is stored or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, StatementRefusedError, TableMissingError
from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.language.statements import ObjectKind
from infra.local_snowflake.objects.known import Changed, KnownObjects
from infra.local_snowflake.objects.registered_files import FileChange, RegisteredFiles
from infra.local_snowflake.objects.stored import (
    DATABASE,
    KINDS,
    TYPES,
    WHOLE_SCHEMA,
    ExternalTable,
    Integration,
    Kept,
    Stage,
    StoredFormat,
)

_SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS {DATABASE}.raw;
CREATE SCHEMA IF NOT EXISTS {DATABASE}.{WHOLE_SCHEMA};
CREATE TABLE IF NOT EXISTS {DATABASE}.objects (
    kind VARCHAR, database_name VARCHAR, schema_name VARCHAR, name VARCHAR, definition VARCHAR
);
CREATE TABLE IF NOT EXISTS {DATABASE}.files (
    owner VARCHAR, file_name VARCHAR, file_size BIGINT, etag VARCHAR,
    last_modified TIMESTAMPTZ, registered_on TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS {DATABASE}.pending (
    "METADATA$FILENAME" VARCHAR, "METADATA$EXTERNAL_TABLE_PARTITION" VARCHAR
);
ALTER TABLE {DATABASE}.files ADD COLUMN IF NOT EXISTS partitions VARCHAR[];
"""
_SHOWN_FILES = f"""
CREATE OR REPLACE VIEW {DATABASE}.main.shown_files AS SELECT owner, file_name || '' AS "FILE_NAME",
    registered_on + INTERVAL 0 SECOND AS "REGISTERED_ON", file_size + 0 AS "FILE_SIZE",
    last_modified + INTERVAL 0 SECOND AS "LAST_MODIFIED", etag || '' AS "ETAG", etag AS "MD5"
FROM {DATABASE}.main.files
"""  # noqa: S608 - a constant
"""The files with the names of columns that clients see: DuckDB keeps the case of a
column that an alias merely spells otherwise, so each is an expression."""
_RELATION = """
SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?
UNION ALL SELECT 1 FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?
"""
PENDING = f"{quote(DATABASE)}.main.pending"
"""An empty table: rows of it, in transactions that are rolled back, are the input of partition expressions."""


class Registry(RegisteredFiles):
    """The registry. Every method uses its own cursor, so it can be called from any thread.

    Args:
        duck: the DuckDB instance of fakesnow.
        folder: of the database file.
        opened: is called with every cursor that a statement uses, so that it can be interrupted.
    """

    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        folder: Path,
        opened: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None,
    ) -> None:
        super().__init__(duck)
        self._opened = opened
        self.folder = folder
        self._known = KnownObjects(self._stored)
        self._changed: dict[int, list[Changed]] = {}
        path = str(folder / "external_tables.duckdb").replace("'", "''")
        with duck.cursor() as cursor:
            cursor.execute(f"ATTACH IF NOT EXISTS '{path}' AS {DATABASE}")
            cursor.execute(_SCHEMA)
            cursor.execute(_SHOWN_FILES)

    def register(self, file_system: Any) -> None:
        """Let the statements of every connection read a file system of fsspec."""
        self._duck.register_filesystem(file_system)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open another connection to the same databases, a context manager."""
        cursor = self._duck.cursor()
        self._opened(cursor)
        return cursor

    @contextmanager
    def transaction(self, cursor: duckdb.DuckDBPyConnection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a block that may change objects in one transaction of the given or a new cursor; an error rolls back."""
        with self.writing(cursor) as writer:
            changed: list[Changed] = []
            self._changed[id(writer)] = changed
            try:
                yield writer
            finally:
                del self._changed[id(writer)]
        self._known.commit(changed)

    @contextmanager
    def writing(self, cursor: duckdb.DuckDBPyConnection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a block that changes no object in a transaction as `transaction` does."""
        with nullcontext(cursor) if cursor else self.cursor() as writer:
            writer.begin()
            try:
                yield writer
            except BaseException:
                writer.rollback()
                raise
            writer.commit()

    def stages(self) -> list[Stage]:
        """List every stage by name."""
        return list(self.objects(ObjectKind.STAGE).values())

    def external_tables(self) -> list[ExternalTable]:
        """List every external table by name."""
        return list(self.objects(ObjectKind.EXTERNAL_TABLE).values())

    def stage(self, name: ObjectName) -> Stage | None:
        """Return a stage; None if there is none."""
        return self.objects(ObjectKind.STAGE).get(name)

    def external_table(self, name: ObjectName) -> ExternalTable | None:
        """Return an external table; None if there is none."""
        return self.objects(ObjectKind.EXTERNAL_TABLE).get(name)

    def file_formats(self) -> list[StoredFormat]:
        """List every file format by name."""
        return list(self.objects(ObjectKind.FILE_FORMAT).values())

    def integrations(self) -> list[Integration]:
        """List every storage integration by name."""
        return list(self.objects(ObjectKind.INTEGRATION).values())

    def external_table_of(self, table_id: str) -> ExternalTable | None:
        """Return an external table by its id; None if there is none."""
        return next((table for table in self.external_tables() if table.id == table_id), None)

    def objects(self, kind: ObjectKind) -> Mapping[ObjectName, Any]:
        """Return the objects of a kind in the order of their names."""
        return self._known.of(kind)

    def _stored(self, kind: ObjectKind) -> list[Kept]:
        with self._duck.cursor() as cursor:
            rows = cursor.execute(f"SELECT definition FROM {DATABASE}.objects WHERE kind = ?", [kind.name]).fetchall()  # noqa: S608 - a constant
        return [TYPES[kind].validate_json(row[0]) for row in rows]

    def require_schema(self, name: ObjectName) -> None:
        """Raise an `ObjectMissingError` if the schema of a name does not exist."""
        with self.cursor() as cursor:
            found = cursor.execute(
                "SELECT 1 FROM information_schema.schemata WHERE catalog_name = ? AND schema_name = ?",
                [name.database, name.schema],
            ).fetchone()
        if not found:
            raise ObjectMissingError(
                f"SQL compilation error:\nSchema '{name.database}.{name.schema}' does not exist or not authorized."
            )

    def require_table(self, name: ObjectName, named: ObjectName) -> None:
        """Raise an `ObjectMissingError` if there is no table of a name, with the name as the client knows it."""
        with self.cursor() as cursor:
            found = cursor.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_type <> 'VIEW' "
                "AND table_catalog = ? AND table_schema = ? AND table_name = ?",
                [name.database, name.schema, name.name],
            ).fetchone()
        if not found:
            raise TableMissingError(f"SQL compilation error:\nTable '{named}' does not exist or not authorized.")

    def require_scope(self, database: str | None, schema: str | None) -> None:
        """Raise 2043 if the database or the schema that a SHOW names does not exist."""
        with self.cursor() as cursor:
            found = cursor.execute(
                "SELECT 1 FROM information_schema.schemata "
                "WHERE (? IS NULL OR catalog_name = ?) AND (? IS NULL OR schema_name = ?)",
                [database, database, schema, schema],
            ).fetchone()
        if not found:
            raise StatementRefusedError(
                "SQL compilation error:\nObject does not exist, or operation cannot be performed."
            )

    def require_free(self, name: ObjectName) -> None:
        """Raise an `ObjectExistsError` if a table or view has this name."""
        with self.cursor() as cursor:
            found = cursor.execute(_RELATION, [name.database, name.schema, name.name] * 2).fetchone()
        if found:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")

    def forget_missing(self) -> None:
        """Delete the objects of dropped schemas and databases."""
        with self.transaction() as cursor:
            present = set(
                cursor.execute("SELECT catalog_name, schema_name FROM information_schema.schemata").fetchall()
            )
            objects: list[Kept] = [*self.stages(), *self.external_tables(), *self.file_formats()]
            for kept in objects:
                if (kept.name.database, kept.name.schema) not in present:
                    self.remove(cursor, KINDS[type(kept)], kept.name)
                    if isinstance(kept, Stage | ExternalTable):
                        self.forget_files(cursor, kept.id)
                    if isinstance(kept, ExternalTable):
                        self.drop_views(cursor, kept)

    def put(self, cursor: duckdb.DuckDBPyConnection, kept: Kept) -> None:
        """Store an object in a transaction of `transaction`; it replaces one of the same kind and name."""
        kind = KINDS[type(kept)]
        self.remove(cursor, kind, kept.name)
        definition = TYPES[kind].dump_json(kept).decode()
        row = [kind.name, kept.name.database, kept.name.schema, kept.name.name, definition]
        cursor.execute(f"INSERT INTO {DATABASE}.objects VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608 - a constant
        self._changed[id(cursor)].append((kind, kept.name, TYPES[kind].validate_json(definition)))

    def record(
        self,
        cursor: duckdb.DuckDBPyConnection,
        refreshed: Stage | ExternalTable,
        changed: Iterable[FileChange],
        now: datetime,
    ) -> None:
        """Store the changes of a refresh."""
        self.record_files(cursor, refreshed.id, changed, now)
        self.put(cursor, replace(refreshed, last_refreshed_on=now))

    def remove(self, cursor: duckdb.DuckDBPyConnection, kind: ObjectKind, name: ObjectName) -> None:
        """Delete an object in a transaction of `transaction`, if it exists."""
        where = "kind = ? AND database_name = ? AND schema_name = ? AND name = ?"
        cursor.execute(
            f"DELETE FROM {DATABASE}.objects WHERE {where}",  # noqa: S608 - constants
            [kind.name, name.database, name.schema, name.name],
        )
        self._changed[id(cursor)].append((kind, name, None))

    def drop_views(self, cursor: duckdb.DuckDBPyConnection, table: ExternalTable) -> None:
        """Drop the views of an external table that are in this database, and only its own."""
        if table.with_rows:
            cursor.execute(f"DROP TABLE IF EXISTS {table.raw_sql}")
            return
        for view in (table.columns_sql, table.raw_sql, table.partitions_sql):
            cursor.execute(f"DROP VIEW IF EXISTS {view}")
