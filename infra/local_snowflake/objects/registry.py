"""The registry of stages, external tables and their files: a DuckDB database that survives a restart.

A refresh commits its files in one transaction: after a kill either the whole refresh is stored or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
from pydantic import TypeAdapter

from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, StatementRefusedError, TableMissingError
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.language.statements import Column, Directory, ObjectKind, Options

DATABASE = "_fs_external"
"""Name of the DuckDB database; SHOW DATABASES lists it, and no client needs it."""

WHOLE_SCHEMA = "whole"
"""Schema of the views with all columns of external tables."""

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
PENDING = f"{quote(DATABASE)}.main.pending"
"""An empty table: rows of it, in transactions that are rolled back, are the input of partition expressions."""
_FILES = pa.schema(
    {
        "file_name": pa.string(),
        "file_size": pa.int64(),
        "etag": pa.string(),
        "last_modified": pa.timestamp("us", tz="UTC"),
        "partitions": pa.list_(pa.string()),
        "present": pa.bool_(),
    }
)


@dataclass(frozen=True, slots=True)
class Location:
    """A directory of a bucket: `s3://bucket/prefix`."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stored stage.

    Args:
        id: of this stage; a later stage of the same name has another, which makes tables over this one invalid.
        url: empty for an internal stage.
    """

    id: str
    name: ObjectName
    url: str
    created_on: datetime
    storage_integration: str | None
    directory: Directory
    file_format: Options
    comment: str
    last_refreshed_on: datetime | None = None
    temporary: bool = False
    has_credentials: bool = False
    encryption: Options = field(default_factory=dict)
    copy_options: Options = field(default_factory=dict)

    @property
    def is_internal(self) -> bool:
        """Whether its files are stored by this server."""
        return not self.url


@dataclass(frozen=True, slots=True)
class StoredFormat:
    """A stored file format: its options with TYPE."""

    name: ObjectName
    options: Options
    comment: str
    created_on: datetime
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Integration:
    """A stored storage integration; its name has no database and no schema.

    Args:
        options: as written: STORAGE_PROVIDER, STORAGE_AWS_ROLE_ARN and others.
        enabled: whether a stage may use it.
        allowed: prefixes of URLs; `*` allows all.
        blocked: prefixes of URLs within the allowed ones.
    """

    name: ObjectName
    options: Options
    enabled: bool
    allowed: tuple[str, ...]
    blocked: tuple[str, ...]
    comment: str
    created_on: datetime


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """A stored external table.

    Args:
        id: of its rows and files.
        stage_id: of its stage at creation.
        stage_url: of its stage at creation; another URL makes the table invalid.
        path: of its LOCATION below the stage.
        partition_types: DuckDB's types of the partition columns, in the order of `partition_by`.
        with_rows: whether an earlier version created it, which stored its rows instead of its files' names.
    """

    id: str
    name: ObjectName
    stage: ObjectName
    stage_id: str
    stage_url: str
    path: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...]
    pattern: str | None
    file_format: Options
    auto_refresh: bool
    comment: str
    created_on: datetime
    last_refreshed_on: datetime | None = None
    partition_types: tuple[str, ...] = ()
    user_specified: bool = False
    file_format_name: str | None = None
    aws_sns_topic: str | None = None
    with_rows: bool = True

    @property
    def raw_sql(self) -> str:
        """The name of the view over its files: VALUE, metadata and partition columns."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id)}"

    @property
    def columns_sql(self) -> str:
        """The name of the view with its columns and the metadata columns."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id + '_columns')}"

    @property
    def partitions_sql(self) -> str:
        """The name of the view that computes partition columns for names of files."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id + '_partitions')}"

    @property
    def whole_sql(self) -> str:
        """The name of the view with its columns and the metadata columns; a later table of this name has the same."""
        return f"{quote(DATABASE)}.{quote(WHOLE_SCHEMA)}.{quote(self.name.sql)}"


@dataclass(frozen=True, slots=True)
class RegisteredFile:
    """A file of an external table or directory table.

    Args:
        partitions: values of the partition columns as text; none in a directory table.
    """

    stored: StoredObject
    partitions: tuple[str | None, ...] = ()


_TYPES: dict[ObjectKind, TypeAdapter[Any]] = {
    ObjectKind.STAGE: TypeAdapter(Stage),
    ObjectKind.EXTERNAL_TABLE: TypeAdapter(ExternalTable),
    ObjectKind.FILE_FORMAT: TypeAdapter(StoredFormat),
    ObjectKind.INTEGRATION: TypeAdapter(Integration),
}
Kept: TypeAlias = Stage | ExternalTable | StoredFormat | Integration


class FileStatus(Enum):
    """The status of one file in a refresh."""

    REGISTERED_NEW = "File registered successfully."
    REGISTERED_UPDATE = "File registered (updated) successfully."
    UNREGISTERED = "File unregistered successfully."
    REGISTER_FAILED = "File registration failed: a partition column cannot be computed from its path."
    FILE_MISSING = "File registration failed: the file does not exist."
    UNREGISTER_FAILED = "File is not registered."

    @property
    def shown(self) -> str:
        """The status as clients see it."""
        return "REGISTER_FAILED" if self is FileStatus.FILE_MISSING else self.name

    @property
    def registered(self) -> bool:
        """Whether the file is registered after the refresh."""
        return self in {FileStatus.REGISTERED_NEW, FileStatus.REGISTERED_UPDATE}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is new, changed or deleted."""

    status: FileStatus
    stored: StoredObject
    partitions: tuple[str | None, ...] = ()


def changes(registered: Iterable[StoredObject], listed: Iterable[StoredObject]) -> list[FileChange]:
    """Compare registered with listed files by ETag; in the order of the keys."""
    known = {stored.key: stored for stored in registered}
    found = {stored.key: stored for stored in listed}
    result = []
    for key in sorted(known.keys() | found.keys()):
        if key not in found:
            result.append(FileChange(FileStatus.UNREGISTERED, known[key]))
        elif key not in known:
            result.append(FileChange(FileStatus.REGISTERED_NEW, found[key]))
        elif found[key].etag != known[key].etag:
            result.append(FileChange(FileStatus.REGISTERED_UPDATE, found[key]))
    return result


class Registry:
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
        self._duck = duck
        self._opened = opened
        self.folder = folder
        self._known: dict[ObjectKind, Mapping[ObjectName, Any]] = {}
        self._writes = 0
        self._lock = Lock()
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
            yield writer
        self._forget_known()

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
        with self._lock:
            known, before = self._known.get(kind), self._writes
        if known is not None:
            return known
        with self._duck.cursor() as cursor:
            rows = cursor.execute(f"SELECT definition FROM {DATABASE}.objects WHERE kind = ?", [kind.name]).fetchall()  # noqa: S608 - a constant
        found = sorted((_TYPES[kind].validate_json(row[0]) for row in rows), key=lambda found: found.name)
        read = {kept.name: kept for kept in found}
        with self._lock:
            if self._writes == before:
                self._known[kind] = read
        return read

    def _forget_known(self) -> None:
        with self._lock:
            self._writes += 1
            self._known.clear()

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
            found = cursor.execute(
                "SELECT 1 FROM information_schema.tables "
                "WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
                [name.database, name.schema, name.name],
            ).fetchone()
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
                    self.remove(cursor, _kind(kept), kept.name)
                    if isinstance(kept, Stage | ExternalTable):
                        self.forget_files(cursor, kept.id)
                    if isinstance(kept, ExternalTable):
                        self.drop_views(cursor, kept)

    def put(self, cursor: duckdb.DuckDBPyConnection, kept: Kept) -> None:
        """Store an object; it replaces one of the same kind and name."""
        kind = _kind(kept)
        self.remove(cursor, kind, kept.name)
        definition = _TYPES[kind].dump_json(kept).decode()
        row = [kind.name, kept.name.database, kept.name.schema, kept.name.name, definition]
        cursor.execute(f"INSERT INTO {DATABASE}.objects VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608 - a constant

    def remove(self, cursor: duckdb.DuckDBPyConnection, kind: ObjectKind, name: ObjectName) -> None:
        """Delete an object, if it exists."""
        where = "kind = ? AND database_name = ? AND schema_name = ? AND name = ?"
        cursor.execute(
            f"DELETE FROM {DATABASE}.objects WHERE {where}",  # noqa: S608 - constants
            [kind.name, name.database, name.schema, name.name],
        )

    def files(self, owner: str, prefix: str) -> list[StoredObject]:
        """List the registered files of a stage's directory table or of an external table, below a prefix."""
        return [found.stored for found in self.registered(owner, prefix)]

    def registered(self, owner: str, prefix: str = "") -> list[RegisteredFile]:
        """List the registered files with the values of their partition columns, below a prefix."""
        with self._duck.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT file_name, file_size, etag, last_modified, partitions FROM {DATABASE}.files "  # noqa: S608 - a constant
                "WHERE owner = ? AND starts_with(file_name, ?) ORDER BY file_name",
                [owner, prefix],
            ).fetchall()
        return [RegisteredFile(StoredObject(*row[:4]), tuple(row[4] or ())) for row in rows]

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

    def record_files(
        self, cursor: duckdb.DuckDBPyConnection, owner: str, changed: Iterable[FileChange], now: datetime
    ) -> None:
        """Store the changed files of a refresh."""
        rows = [
            (
                change.stored.key,
                change.stored.size_bytes,
                change.stored.etag,
                change.stored.modified,
                list(change.partitions),
                change.status.registered,
            )
            for change in changed
        ]
        if not rows:
            return
        columns = zip(zip(*rows, strict=True), _FILES.types, strict=True)
        arrays = [pa.array(values, type=kind) for values, kind in columns]
        cursor.register("changed", pa.Table.from_arrays(arrays, schema=_FILES))
        cursor.execute(
            f"DELETE FROM {DATABASE}.files WHERE owner = ? AND file_name IN (SELECT file_name FROM changed)",  # noqa: S608 - a constant
            [owner],
        )
        cursor.execute(
            f"INSERT INTO {DATABASE}.files "  # noqa: S608 - a constant
            "(owner, file_name, file_size, etag, last_modified, registered_on, partitions) "
            "SELECT ?, file_name, file_size, etag, last_modified, ?, partitions FROM changed WHERE present",
            [owner, now],
        )
        cursor.unregister("changed")

    def drop_views(self, cursor: duckdb.DuckDBPyConnection, table: ExternalTable) -> None:
        """Drop the views of an external table that are in this database, and only its own."""
        if table.with_rows:
            cursor.execute(f"DROP TABLE IF EXISTS {table.raw_sql}")
            return
        for view in (table.columns_sql, table.raw_sql, table.partitions_sql):
            cursor.execute(f"DROP VIEW IF EXISTS {view}")

    def move_files(self, cursor: duckdb.DuckDBPyConnection, owner: str, new_owner: str) -> None:
        """Give all files of a table to the one that replaces it."""
        cursor.execute(f"UPDATE {DATABASE}.files SET owner = ? WHERE owner = ?", [new_owner, owner])  # noqa: S608 - a constant

    def forget_files(self, cursor: duckdb.DuckDBPyConnection, owner: str) -> None:
        """Delete all files of a stage or external table."""
        cursor.execute(f"DELETE FROM {DATABASE}.files WHERE owner = ?", [owner])  # noqa: S608 - a constant


def _kind(kept: Kept) -> ObjectKind:
    return _KINDS[type(kept)]


_KINDS: dict[type, ObjectKind] = {
    Stage: ObjectKind.STAGE,
    ExternalTable: ObjectKind.EXTERNAL_TABLE,
    StoredFormat: ObjectKind.FILE_FORMAT,
    Integration: ObjectKind.INTEGRATION,
}
