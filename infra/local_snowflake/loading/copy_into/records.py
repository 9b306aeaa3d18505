"""Convert the records of one file into rows of a table, and find the records that cannot be converted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
from snowflake.connector.errors import Error as ConnectorError

from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import ROW_NUMBER, FileRows, read_file
from infra.local_snowflake.files.unreadable import FileUnreadableError, RecordError
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.loading.copy_into.conversion import converted, failing
from infra.local_snowflake.loading.errors import conversion_error

_FILE = "hourglass_copied_file"
RECORDS = '"temp"."main"."hourglass_copied_records"'
"""The view of a file's records, which the items of a transformation read."""
_ITEMS = '"temp"."main"."hourglass_copied_items"'
_NULL_MESSAGE = "'NULL result in a non-nullable column'"
_OWN = re.compile("String '.*' is too long and would be truncated", re.DOTALL)
_FAILED = '"temp"."main"."hourglass_copied_failed"'
_ALL = 2**63 - 1
_DETAILED_MAX = 100
"""Bad records of a file whose own error is read; the others have that of the last one."""
_BATCH = '"temp"."main"."hourglass_copied_batch"'


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its name, DuckDB's type, the greatest length of a text, and whether it may be NULL."""

    name: str
    type: str
    length: int | None = None
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Selection:
    """What becomes of a record.

    Args:
        columns: of the table, in the order of the items.
        items: SQL of their values, or a query over `RECORDS` in DuckDB's dialect, whose columns they are.
    """

    columns: tuple[TableColumn, ...]
    items: tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be loaded: its row number, error and column."""

    row: int
    error: RecordError
    column: str


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The rows of one file as a table of Arrow, JSON as text; and its bad records in order."""

    rows: pa.Table | None
    parsed: int
    bad: tuple[BadRecord, ...]


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads files on a DuckDB connection of its own.

    Args:
        cursor: the connection.
        form: of the files.
        truncate: texts that are too long are cut.
        width: least number of `$` columns.
        errors_max: number of errors after which the rest of the file is left out; None to find all.
    """

    cursor: duckdb.DuckDBPyConnection
    form: FileFormat
    truncate: bool
    width: int
    errors_max: int | None = None

    def read(self, path: Path, metadata: str, select: Callable[[FileRows], Selection]) -> LoadedFile:
        """Read one file.

        Args:
            path: of a copy of the file.
            metadata: SQL of the METADATA$ columns.
            select: returns what becomes of the records.
        """
        try:
            rows = read_file(self.cursor, path, self.form, _FILE, self.width)
        except FileUnreadableError as exc:
            error = RecordError(exc.code, "22000", exc.message, 1, 1)
            return LoadedFile(None, 0, (BadRecord(0, error, ""),))
        selection = select(rows)
        bad = self._parse_errors(rows)
        attempt = _Attempt(self, rows, metadata, selection)
        attempt.prepare()
        if self.errors_max is None or len(bad) < self.errors_max:
            bad += attempt.load(1, rows.records)
        bad.sort(key=lambda found: found.row)
        return LoadedFile(attempt.batch(), rows.records, tuple(bad))

    def _parse_errors(self, rows: FileRows) -> list[BadRecord]:
        found = self.cursor.execute(
            f"SELECT {ROW_NUMBER}, error_code, error_state, error, error_line, error_character "  # noqa: S608 - names of ours
            f"FROM {rows.table} WHERE error IS NOT NULL"
        ).fetchall()
        return [BadRecord(row, RecordError(*rest), "$1") for row, *rest in found]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Loads ranges of one file's records; a range that fails is halved, down to the records that fail."""

    reader: RecordReader
    rows: FileRows
    metadata: str
    selection: Selection

    @property
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self.reader.cursor

    def prepare(self) -> None:
        """Create the empty batch."""
        columns = ", ".join(f"{quote(column.name)} {column.type}" for column in self.selection.columns)
        self._cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_BATCH} ({columns})")

    def load(self, first: int, last: int) -> list[BadRecord]:
        """Load the good records from the first to the last row number; return the others, or the first of them."""
        if first > last:
            return []
        try:
            return self._insert(self._values(first, last), first, last)
        except (duckdb.Error, ConnectorError) as exc:
            if first == last:
                return [self._bad(first, exc)]
            middle = (first + last) // 2
            bad = self.load(first, middle)
            most = self.reader.errors_max
            return bad if most is not None and len(bad) >= most else bad + self.load(middle + 1, last)

    def _values(self, first: int, last: int) -> list[str]:
        """Evaluate the items of a range; return the SQL of the values of the columns."""
        types = self._evaluate(first, last)
        return [
            self._fitted(converted(name, kind, "VARCHAR" if column.length else column.type, self.reader.form), column)
            for (name, kind), column in zip(types, self.selection.columns, strict=True)
        ]

    def _insert(self, values: list[str], first: int, last: int) -> list[BadRecord]:
        """Insert the values of a range, or those of the records that can be converted."""
        insert = f"INSERT INTO {_BATCH} SELECT {', '.join(values)} FROM {_ITEMS}"  # noqa: S608 - names of ours
        try:
            self._cursor.execute(insert)
        except duckdb.Error as exc:
            failure = exc
        else:
            return []
        failed = " OR ".join(
            f"(TRY({value}) IS NULL{' AND ' + quote(f'i{number}') + ' IS NOT NULL' if column.nullable else ''})"
            for number, (value, column) in enumerate(zip(values, self.selection.columns, strict=True))
        )
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {_FAILED} AS SELECT rowid AS position FROM {_ITEMS} WHERE {failed}"  # noqa: S608 - names of ours
        )
        self._cursor.execute(f"{insert} WHERE rowid NOT IN (SELECT position FROM {_FAILED})")  # noqa: S608 - names of ours
        found = self._cursor.execute(
            f"SELECT {ROW_NUMBER} FROM (SELECT {ROW_NUMBER}, row_number() OVER (ORDER BY {ROW_NUMBER}) - 1 AS position "  # noqa: S608 - names of ours
            f"FROM {self.rows.table} WHERE error IS NULL AND {ROW_NUMBER} BETWEEN {first} AND {last}) "
            f"WHERE position IN (SELECT position FROM {_FAILED}) ORDER BY 1 LIMIT {self.reader.errors_max or _ALL}"
        ).fetchall()
        bad = [self._bad(row, failure) for (row,) in found[:_DETAILED_MAX]]
        return bad + [replace(bad[-1], row=row) for (row,) in found[_DETAILED_MAX:]]

    def _evaluate(self, first: int, last: int) -> list[tuple[str, str]]:
        """Evaluate the items of a range; return their columns and types."""
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP VIEW {RECORDS} AS SELECT *, {self.metadata} FROM {self.rows.table} "  # noqa: S608 - names of ours
            f"WHERE error IS NULL AND {ROW_NUMBER} BETWEEN {first} AND {last}"
        )
        query = self.selection.items
        if not isinstance(query, str):
            query = f"SELECT {', '.join(query)} FROM {RECORDS}"  # noqa: S608 - names of ours
        names = [f'"i{number}"' for number in range(len(self.selection.columns))]
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {_ITEMS} AS SELECT * FROM ({query}) AS i({', '.join(names)})"  # noqa: S608 - names of ours
        )
        described = self._cursor.execute(f"DESCRIBE {_ITEMS}").fetchall()
        return [(quote(row[0]), row[1]) for row in described]

    def _fitted(self, value: str, column: TableColumn) -> str:
        value = self._cut(value, column)
        if column.nullable:
            return value
        return f"CASE WHEN {value} IS NULL THEN {failing(_NULL_MESSAGE, column.type)} ELSE {value} END"

    def _cut(self, value: str, column: TableColumn) -> str:
        if column.length is None:
            return value
        if self.reader.truncate:
            return f"left({value}, {column.length})"
        message = f"'String ''' || {value} || ''' is too long and would be truncated'"
        return f"CASE WHEN length({value}) > {column.length} THEN {failing(message, 'VARCHAR')} ELSE {value} END"

    def _bad(self, row: int, failure: Exception) -> BadRecord:
        """Find the column of a record that fails."""
        found = self._cursor.execute(
            f"SELECT coalesce(record_line, {ROW_NUMBER}) FROM {self.rows.table} WHERE {ROW_NUMBER} = {row}"  # noqa: S608 - names of ours
        ).fetchone()
        line = found[0] if found else row
        try:
            types = self._evaluate(row, row)
        except (duckdb.Error, ConnectorError) as exc:
            return BadRecord(row, _own_error(exc, line) or conversion_error(exc, "", None, line), "")
        for (name, kind), column in zip(types, self.selection.columns, strict=True):
            value = converted(name, kind, column.type, self.reader.form)
            try:
                self._cursor.execute(f"SELECT {self._fitted(value, column)} FROM {_ITEMS}").fetchall()  # noqa: S608 - names of ours
            except duckdb.Error as exc:
                if own := _own_error(exc, line):
                    return BadRecord(row, own, column.name)
                text = self._cursor.execute(f"SELECT CAST({name} AS VARCHAR) FROM {_ITEMS}").fetchone()  # noqa: S608 - names of ours
                shown = text[0].strip('"') if text and text[0] is not None else None
                return BadRecord(row, conversion_error(exc, column.type, shown, line), column.name)
        return BadRecord(row, conversion_error(failure, "", None, line), "")

    def batch(self) -> pa.Table:
        """Return the loaded rows."""
        columns = ", ".join(
            f"CAST({quote(column.name)} AS VARCHAR) AS {quote(column.name)}"
            if column.type == "JSON"
            else quote(column.name)
            for column in self.selection.columns
        )
        found: Any = self._cursor.execute(f"SELECT {columns} FROM {_BATCH}").to_arrow_table()  # noqa: S608 - names of ours
        return found


def _own_error(failure: Exception, line: int) -> RecordError | None:
    """Return the error that an expression of this module raised."""
    if _NULL_MESSAGE.strip("'") in str(failure):
        return RecordError(100_072, "22000", _NULL_MESSAGE.strip("'"), line, 1)
    found = _OWN.search(str(failure))
    return RecordError(100_078, "22000", found[0], line, 1) if found else None
