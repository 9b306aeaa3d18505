"""Copies of objects as Parquet files on the local disk: one row of the copy is one row of an external table.

A copy is made when a query first reads the object, and is found again by the object's ETag and the file format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import duckdb

from infra.local_snowflake.files.bucket import Bucket, ObjectVanishedError, StoredObject
from infra.local_snowflake.files.duplicates import settle_duplicates

_VERSION = "1"
"""Part of the name of a copy: a change of what is written gives other names."""
_EMPTY = "empty.parquet"
_OPTIONS = "(FORMAT parquet, COMPRESSION lz4_raw)"
_ALL_ROWS = 2**63 - 1
_COMPRESSIONS = {"": "none", ".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies in one folder. Methods can be called from any thread.

    Args:
        folder: of the copies; it exists.
        bucket: of the objects.
        cursor: opens a connection that reads and writes files.
        converting: held while a copy is written, which bounds the memory.
    """

    folder: Path
    bucket: Bucket
    cursor: Callable[[], duckdb.DuckDBPyConnection]
    converting: Lock = field(default_factory=Lock)

    @property
    def empty(self) -> Path:
        """A copy without rows."""
        path = self.folder / _EMPTY
        if not path.exists():
            with self.cursor() as cursor, TemporaryDirectory(dir=self.folder) as making:
                made = Path(making) / _EMPTY
                _write(cursor, "SELECT NULL::JSON AS VALUE WHERE false", made)
                made.replace(path)
        return path

    def of(self, bucket: str, stored: StoredObject, file_format: Mapping[str, Any]) -> Path:
        """Return the copy of an object, and make it if it is new; an object that vanished has no rows."""
        path = self.folder / copy_name(bucket, stored, file_format)
        if path.exists():
            return path
        with TemporaryDirectory(dir=self.folder) as making:
            source = Path(making) / f"object{_codec(stored.key)}"
            try:
                self.bucket.download(bucket, stored, source)
            except ObjectVanishedError:
                return self.empty
            made = Path(making) / path.name
            with self.converting, self.cursor() as cursor:
                _convert(cursor, source, file_format, made)
            made.replace(path)
        return path

    def keep_only(self, names: Iterable[str]) -> None:
        """Delete every copy but these, and what was not finished."""
        kept = {*names, _EMPTY}
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in kept:
                path.unlink()


def copy_name(bucket: str, stored: StoredObject, file_format: Mapping[str, Any]) -> str:
    """Return the name of the copy: it differs for every content and every file format."""
    identity = json.dumps([_VERSION, bucket, stored.key, stored.etag, dict(file_format)], sort_keys=True)
    return f"{hashlib.sha256(identity.encode()).hexdigest()}.parquet"


def _codec(key: str) -> str:
    return next((suffix for suffix in (".gz", ".zst") if key.lower().endswith(suffix)), "")


def _convert(cursor: duckdb.DuckDBPyConnection, source: Path, file_format: Mapping[str, Any], target: Path) -> None:
    """Write the rows of a file up to the first one that is not JSON, without an error, as Snowflake does."""
    form = "auto" if file_format.get("STRIP_OUTER_ARRAY") is True else "newline_delimited"
    try:
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE rows AS SELECT json, row_number() OVER () AS line FROM "
            "read_json_objects(?, format = ?, compression = ?, ignore_errors = true, maximum_object_size = 33554432)",
            [str(source), form, _COMPRESSIONS[source.suffix]],
        )
        settle_duplicates(cursor, "rows", file_format)
    except (duckdb.IOException, duckdb.InvalidInputException):
        _write(cursor, "SELECT NULL::JSON AS VALUE WHERE false", target)
        return
    first_bad = f"coalesce((SELECT min(line) FROM rows WHERE json IS NULL), {_ALL_ROWS})"  # noqa: S608 - constants
    _write(cursor, f"SELECT json AS VALUE FROM rows WHERE line < {first_bad} ORDER BY line", target)  # noqa: S608 - constants
    cursor.execute("DROP TABLE rows")


def _write(cursor: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    path = str(target).replace("'", "''")
    cursor.execute(f"COPY ({query}) TO '{path}' {_OPTIONS}")
