"""Copies of objects as Parquet files on the local disk: one row of the copy is one row of an external table.

A copy is made when a query first reads the object, and is found again by the object's ETag and the file format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from threading import Semaphore

import duckdb

from infra.local_snowflake.external_tables.reading.conversion import convert, write_empty
from infra.local_snowflake.files.bucket import Bucket, ObjectVanishedError, StoredObject
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.statements import Options

_VERSION = "2"
"""Part of the name of a copy: a change of what is written gives other names."""
_CONVERSIONS_MAX = 2
_EMPTY = "empty.parquet"


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies in one folder. Methods can be called from any thread.

    Args:
        folder: of the copies; it exists.
        bucket: of the objects.
        cursor: opens a connection that reads and writes files.
        converting: acquired while a copy is written, which bounds the memory.
    """

    folder: Path
    bucket: Bucket
    cursor: Callable[[], duckdb.DuckDBPyConnection]
    converting: Semaphore = field(default_factory=lambda: Semaphore(_CONVERSIONS_MAX))

    @property
    def empty(self) -> Path:
        """A copy without rows."""
        path = self.folder / _EMPTY
        if not path.exists():
            with self.cursor() as cursor, TemporaryDirectory(dir=self.folder) as making:
                made = Path(making) / _EMPTY
                write_empty(cursor, made)
                made.replace(path)
        return path

    def of(self, bucket: str, stored: StoredObject, file_format: Options) -> Path:
        """Return the copy of an object, and make it if it is new; an object that vanished has no rows."""
        path = self.folder / copy_name(bucket, stored, file_format)
        if path.exists():
            return path
        with TemporaryDirectory(dir=self.folder) as making:
            source = Path(making) / "object"
            try:
                self.bucket.download(bucket, stored, source)
            except ObjectVanishedError:
                return self.empty
            made = Path(making) / path.name
            with self.converting, self.cursor() as cursor:
                convert(cursor, source, _of_object(file_format, stored.key), made)
            made.replace(path)
        return path

    def keep_only(self, names: Iterable[str]) -> None:
        """Delete every copy but these, and what was not finished."""
        kept = {*names, _EMPTY}
        for path in self.folder.iterdir():
            if path.is_dir():
                rmtree(path)
            elif path.name not in kept:
                path.unlink()


def copy_name(bucket: str, stored: StoredObject, file_format: Options) -> str:
    """Return the name of the copy: it differs for every content and every file format."""
    identity = json.dumps([_VERSION, bucket, stored.key, stored.etag, dict(file_format)], sort_keys=True)
    return f"{hashlib.sha256(identity.encode()).hexdigest()}.parquet"


_SUFFIXES = {".gz": "GZIP", ".bz2": "BZ2", ".zst": "ZSTD", ".deflate": "DEFLATE", ".raw_deflate": "RAW_DEFLATE"}


def _of_object(file_format: Options, key: str) -> FileFormat:
    """Return the file format of one object: COMPRESSION = AUTO goes by the suffix of its name."""
    form = FileFormat.of(file_format)
    if form.type == "PARQUET" or form.get("COMPRESSION") != "AUTO":
        return form
    compression = next((name for suffix, name in _SUFFIXES.items() if key.lower().endswith(suffix)), "NONE")
    return FileFormat.of({**file_format, "COMPRESSION": compression})
