"""The files of directory tables and external tables, and what a refresh changes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.objects.stored import DATABASE

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
class RegisteredFile:
    """A file of an external table or directory table.

    Args:
        partitions: values of the partition columns as text; none in a directory table.
    """

    stored: StoredObject
    partitions: tuple[str | None, ...] = ()


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


class RegisteredFiles:
    """The files by the id of their stage or external table, in the database of the registry."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        self._duck = duck

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

    def move_files(self, cursor: duckdb.DuckDBPyConnection, owner: str, new_owner: str) -> None:
        """Give all files of a table to the one that replaces it."""
        cursor.execute(f"UPDATE {DATABASE}.files SET owner = ? WHERE owner = ?", [new_owner, owner])  # noqa: S608 - a constant

    def forget_files(self, cursor: duckdb.DuckDBPyConnection, owner: str) -> None:
        """Delete all files of a stage or external table."""
        cursor.execute(f"DELETE FROM {DATABASE}.files WHERE owner = ?", [owner])  # noqa: S608 - a constant
