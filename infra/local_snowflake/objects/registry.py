"""The registry of stages, external tables and their files: a DuckDB database that survives a restart.

The rows of external tables are in the same database, so that a refresh commits its files and its rows in one
transaction: after a kill either the whole refresh is stored or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
from pydantic import TypeAdapter

from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, TableMissingError
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.language.statements import Column, Directory, ObjectKind, Options

DATABASE = "_fs_external"
"""Name of the DuckDB database; SHOW DATABASES lists it, and no client needs it."""

_SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS {DATABASE}.raw;
CREATE TABLE IF NOT EXISTS {DATABASE}.objects (
    kind VARCHAR, database_name VARCHAR, schema_name VARCHAR, name VARCHAR, definition VARCHAR
);
CREATE TABLE IF NOT EXISTS {DATABASE}.files (
    owner VARCHAR, file_name VARCHAR, file_size BIGINT, etag VARCHAR,
    last_modified TIMESTAMPTZ, registered_on TIMESTAMPTZ
);
"""


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

    @property
    def rows_sql(self) -> str:
        """The name of the table with its parsed rows."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id)}"


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


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is new, changed or deleted."""

    status: FileStatus
    stored: StoredObject


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
        path = str(folder / "external_tables.duckdb").replace("'", "''")
        with duck.cursor() as cursor:
            cursor.execute(f"ATTACH IF NOT EXISTS '{path}' AS {DATABASE}")
            cursor.execute(_SCHEMA)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open another connection to the same databases, a context manager."""
        cursor = self._duck.cursor()
        self._opened(cursor)
        return cursor

    @contextmanager
    def transaction(self, cursor: duckdb.DuckDBPyConnection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Run a block in one transaction of the given or a new cursor; an error rolls it back."""
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
        return self._objects(ObjectKind.STAGE)

    def external_tables(self) -> list[ExternalTable]:
        """List every external table by name."""
        return self._objects(ObjectKind.EXTERNAL_TABLE)

    def stage(self, name: ObjectName) -> Stage | None:
        """Return a stage; None if there is none."""
        return next((stage for stage in self.stages() if stage.name == name), None)

    def external_table(self, name: ObjectName) -> ExternalTable | None:
        """Return an external table; None if there is none."""
        return next((table for table in self.external_tables() if table.name == name), None)

    def file_formats(self) -> list[StoredFormat]:
        """List every file format by name."""
        return self._objects(ObjectKind.FILE_FORMAT)

    def integrations(self) -> list[Integration]:
        """List every storage integration by name."""
        return self._objects(ObjectKind.INTEGRATION)

    def _objects(self, kind: ObjectKind) -> list[Any]:
        with self._duck.cursor() as cursor:
            rows = cursor.execute(f"SELECT definition FROM {DATABASE}.objects WHERE kind = ?", [kind.name]).fetchall()  # noqa: S608 - a constant
        return sorted((_TYPES[kind].validate_json(row[0]) for row in rows), key=lambda found: found.name)

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
                        cursor.execute(f"DROP TABLE IF EXISTS {kept.rows_sql}")

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
        with self._duck.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT file_name, file_size, etag, last_modified FROM {DATABASE}.files "  # noqa: S608 - a constant
                "WHERE owner = ? AND starts_with(file_name, ?) ORDER BY file_name",
                [owner, prefix],
            ).fetchall()
        return [StoredObject(*row) for row in rows]

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
        changed = list(changed)
        for change in changed:
            cursor.execute(
                f"DELETE FROM {DATABASE}.files WHERE owner = ? AND file_name = ?",  # noqa: S608 - a constant
                [owner, change.stored.key],
            )
        for change in changed:
            if change.status is not FileStatus.UNREGISTERED:
                stored = change.stored
                row = [owner, stored.key, stored.size_bytes, stored.etag, stored.modified, now]
                cursor.execute(f"INSERT INTO {DATABASE}.files VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - a constant

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
