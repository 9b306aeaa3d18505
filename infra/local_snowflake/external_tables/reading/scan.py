"""The registered files of external tables as a file system of DuckDB: `hourglass://<table id>/<partition columns>/*`.

The view of a table reads this pattern through `read_parquet`. The names of the files hold the key of the object and the
values of the partition columns as Hive partitions, so DuckDB opens only the files that the query needs.

One query expands the pattern once. From then on it reads what the bucket holds: a file that vanished has no rows,
and a file that was written again gives its present rows, registered or not.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, unquote

from fsspec import AbstractFileSystem  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.external_tables.reading.copies import Copies
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.objects.registered_files import RegisteredFile
from infra.local_snowflake.objects.stages import location_of
from infra.local_snowflake.objects.stored import ExternalTable

PROTOCOL = "hourglass"
_FILE = "_f"
_FIRST, _OTHERS = "0", "1"
"""DuckDB sorts the names, and opens the first one also when the query needs no row of it."""
_NULL = "__HIVE_DEFAULT_PARTITION__"
_SNAPSHOTS_MAX = 4
"""Queries whose listings are kept; one more lists again."""
_REFUSALS_MAX = 100
_REFUSED = "hourglass refused read"
_UNCHANGED = datetime(2000, 1, 1, tzinfo=UTC)


def partition_column(number: int) -> str:
    """Return the name of a partition column in the names of files and in the view over them."""
    return f"_p{number}"


def raw_view_sql(table: ExternalTable) -> str:
    """Return DuckDB's statement of the view over the files: VALUE, the metadata columns, the partition columns."""
    partitions = {partition_column(number): kind for number, kind in enumerate(table.partition_types)}
    hive = ", ".join(f"'{name}': '{kind}'" for name, kind in {_FILE: "VARCHAR", **partitions}.items())
    return (
        f'CREATE OR REPLACE VIEW {table.raw_sql} AS SELECT VALUE, {_FILE} AS "METADATA$FILENAME", '  # noqa: S608 - names of ours
        f'file_row_number + 1 AS "METADATA$FILE_ROW_NUMBER"{"".join(f", {name}" for name in partitions)} '
        f"FROM read_parquet('{PROTOCOL}://{table.id}/{len(partitions)}/*', hive_partitioning = true, "
        f"hive_types = {{{hive}}}, file_row_number = true)"
    )


@dataclass(slots=True)
class _Snapshot:
    """What one query sees: listings of the directories that it reads, each made once."""

    table: ExternalTable
    etags: dict[str, dict[str, str]] = field(default_factory=dict)
    local: dict[str, Path] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


class _CopyFile(FileIO):
    """A file that DuckDB forgets instead of closing it."""

    def __del__(self) -> None:
        self.close()


class Scan(AbstractFileSystem):  # type: ignore[misc] # its base has no types
    """The file system.

    Args:
        table: returns an external table by its id; None for an unknown one.
        files: returns the registered files of a table.
        copies: of the objects.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(
        self,
        table: Callable[[str], ExternalTable | None],
        files: Callable[[str], Sequence[RegisteredFile]],
        copies: Copies,
    ) -> None:
        super().__init__()
        self._table = table
        self._files = files
        self._copies = copies
        self._numbers = count()
        self._snapshots: OrderedDict[str, _Snapshot] = OrderedDict()
        self._refused: OrderedDict[int, StatementRefusedError] = OrderedDict()
        self._names: dict[str, list[str]] = {}
        self._changes = 0
        self._lock = Lock()

    def forget(self, table_id: str) -> None:
        """Read the registered files of a table again at the next query; call it after each change."""
        with self._lock:
            self._changes += 1
            self._names.pop(table_id, None)

    def glob(self, path: str, **_: Any) -> list[str]:
        """Return the names of the registered files, after a first one without rows."""
        table_id, partitions = path.split("://", 1)[1].split("/")[:2]
        table = self._table(table_id)
        number = str(next(self._numbers))
        root = f"{PROTOCOL}://{table_id}/{number}/"
        first = f"{root}{_FIRST}/" + _name(None, [None] * int(partitions))
        if table is None:
            return [first]
        with self._lock:
            self._snapshots[number] = _Snapshot(table)
            while len(self._snapshots) > _SNAPSHOTS_MAX:
                self._snapshots.popitem(last=False)
        return [first, *(f"{root}{_OTHERS}/{name}" for name in self._names_of(table_id))]

    def _names_of(self, table_id: str) -> list[str]:
        with self._lock:
            known, before = self._names.get(table_id), self._changes
        if known is not None:
            return known
        names = [_name(file.stored.key, file.partitions) for file in self._files(table_id)]
        with self._lock:
            if self._changes == before:
                self._names[table_id] = names
        return names

    def open(self, path: str, mode: str = "rb", **_: Any) -> FileIO:  # noqa: ARG002 - what fsspec passes
        """Open the copy of an object.

        Raises:
            StorageRefusedError: the bucket does not answer.
        """
        return _CopyFile(self._copy(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return the size of the copy of an object."""
        return {"name": path, "type": "file", "size": self._copy(path).stat().st_size}

    def exists(self, path: str, **_: Any) -> bool:  # noqa: ARG002 - every name that glob returned
        """Return True."""
        return True

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - another content has another name
        """Return a constant: a name has one content."""
        return _UNCHANGED

    def _copy(self, path: str) -> Path:
        table_id, number, order, file, *_ = path.split("://", 1)[1].split("/")
        if order == _FIRST:
            return self._copies.empty
        key = unquote(file.removeprefix(f"{_FILE}="))
        snapshot = self._snapshot(table_id, number)
        with snapshot.lock:
            known = snapshot.local.get(key)
        if known is not None:
            return known
        try:
            copy = self._present_copy(snapshot, key)
        except StatementRefusedError as refused:
            raise self._keep(refused) from refused
        with snapshot.lock:
            return snapshot.local.setdefault(key, copy)

    def _keep(self, refused: StatementRefusedError) -> OSError:
        """Return the error for DuckDB, which passes on nothing but its text."""
        number = next(self._numbers)
        with self._lock:
            self._refused[number] = refused
            while len(self._refused) > _REFUSALS_MAX:
                self._refused.popitem(last=False)
        return OSError(f"{_REFUSED} {number}.")

    def refusal(self, text: str) -> StatementRefusedError | None:
        """Return the error that made a query fail with this text; None if it failed for another reason."""
        found = re.search(rf"{_REFUSED} (\d+)\.", text)
        with self._lock:
            return self._refused.get(int(found[1])) if found else None

    def _present_copy(self, snapshot: _Snapshot, key: str) -> Path:
        location = location_of(snapshot.table.stage_url, snapshot.table.path)
        directory = max(key[: key.rfind("/") + 1], location.prefix, key=len)
        with snapshot.lock:
            etags = snapshot.etags.get(directory)
            if etags is None:
                found = self._copies.bucket.list(location.bucket, directory)
                etags = snapshot.etags[directory] = {stored.key: stored.etag for stored in found}
        if key not in etags:
            return self._copies.empty
        present = StoredObject(key, 0, etags[key], _UNCHANGED)
        return self._copies.of(location.bucket, present, snapshot.table.file_format)

    def _snapshot(self, table_id: str, number: str) -> _Snapshot:
        with self._lock:
            snapshot = self._snapshots.get(number)
        if snapshot is None:
            table = self._table(table_id)
            if table is None:
                raise FileNotFoundError(table_id)
            snapshot = _Snapshot(table)
            with self._lock:
                self._snapshots[number] = snapshot
        return snapshot


def _name(key: str | None, partitions: Sequence[str | None]) -> str:
    columns = {_FILE: key} | {partition_column(number): value for number, value in enumerate(partitions)}
    return (
        "/".join(f"{name}={_NULL if value is None else quote(value, safe='')}" for name, value in columns.items())
        + "/-"
    )
