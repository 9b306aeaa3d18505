"""Read one file into a temporary table, by its file format: the one way to the rows of an object.

Stage queries, COPY INTO and external tables differ only in what they do with a record that cannot be parsed. So such a
record is a row with an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.files.compression import decompressed
from infra.local_snowflake.files.csv_records import CsvReader
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.json_records import decoded, json_records
from infra.local_snowflake.files.unreadable import FileUnreadableError, RecordError
from infra.local_snowflake.language.names import quote

ROW_NUMBER = "row_number"
"""Column with METADATA$FILE_ROW_NUMBER, from 1; it counts records with errors too."""
_OTHER_COLUMNS = (
    "field_count INTEGER, record_line BIGINT, error_code INTEGER, error_state VARCHAR, error VARCHAR, "
    "error_line BIGINT, error_character BIGINT"
)
OTHER_COLUMNS = ", ".join(column.split()[0] for column in _OTHER_COLUMNS.split(", "))
"""Names of the columns that are no `$` columns."""
_NO_OTHERS = ", ".join(
    f"CAST(NULL AS {kind}) AS {name}" for name, kind in (column.split() for column in _OTHER_COLUMNS.split(", "))
)
_ROWS_AT_ONCE = 20_000
_BATCH = "hourglass_batch_of_records"


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of one file in a temporary table of a cursor.

    The table has the columns `row_number`, `"$1"` to `"$n"`, `field_count` and `record_line` of CSV files, and
    `error_code`, `error_state`, `error`, `error_line`, `error_character`, which are NULL for a record that was parsed.

    Args:
        table: quoted name of the temporary table.
        width: number of its `$` columns: 1 of type JSON, or one of type VARCHAR for each field.
        header: the names of the fields, with PARSE_HEADER.
        records: number of rows, with those of errors.
        first_error: of the file.
    """

    table: str
    width: int
    header: tuple[str, ...]
    records: int
    first_error: RecordError | None


def read_file(
    cursor: duckdb.DuckDBPyConnection, path: Path, form: FileFormat, table: str, width_min: int = 1
) -> FileRows:
    """Read a file into a new temporary table.

    Args:
        cursor: owns the temporary table.
        path: of a copy of the object.
        form: of the file.
        table: name of the table; one of this name is replaced.
        width_min: least number of `$` columns.

    Raises:
        NotSupportedError: this server does not read such a format.
        FileUnreadableError: the file is not compressed so, or is no parquet file.
    """
    form.require_readable()
    name = f'"temp"."main".{quote(table)}'
    if form.type == "PARQUET":
        return _parquet(cursor, path, form, name, width_min)
    content = decompressed(path.read_bytes(), form["COMPRESSION"])
    text = decoded(content, form)
    if form.is_text:
        reader = CsvReader(form)
        header = reader.header(text) if form["PARSE_HEADER"] else ()
        records = [(record.fields, record.error, record.line) for record in reader.records(text)]
        widest = max((len(fields) for fields, _, _ in records), default=0)
        rows = _filled(cursor, name, form, max(widest, width_min, len(header), 1), records)
        return replace(rows, header=header)
    documents = [((document,), error, None) for document, error in json_records(text, form)]
    return _filled(cursor, name, form, max(width_min, 1), documents)


def value_sql(rows: FileRows, form: FileFormat) -> str:
    """Return the SQL, in DuckDB's dialect, of a row as one VARIANT: the document, or the fields as c1 to cn."""
    if not form.is_text:
        return '"$1"'
    members = [
        f"""CASE WHEN "${n}" IS NOT NULL THEN '"c{n}":' || to_json("${n}") END""" for n in range(1, rows.width + 1)
    ]
    return f"CAST('{{' || concat_ws(',', {', '.join(members)}) || '}}' AS JSON)"


_Record: TypeAlias = tuple[tuple[str | None, ...], RecordError | None, int | None]


def _filled(
    cursor: duckdb.DuckDBPyConnection, name: str, form: FileFormat, width: int, records: Sequence[_Record]
) -> FileRows:
    kinds = ["VARCHAR" if form.is_text else "JSON"] + ["VARCHAR"] * (width - 1)
    columns = ", ".join(f'"${number}" {kind}' for number, kind in enumerate(kinds, 1))
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({ROW_NUMBER} BIGINT, {columns}, {_OTHER_COLUMNS})")
    taken = ", ".join(f'CAST("${number}" AS {kind})' for number, kind in enumerate(kinds, 1))
    for batch in _batches(records, width):
        cursor.register(_BATCH, batch)
        try:
            cursor.execute(
                f"INSERT INTO {name} SELECT {ROW_NUMBER}, {taken}, {OTHER_COLUMNS} FROM {_BATCH}"  # noqa: S608 - names of ours
            )
        finally:
            cursor.unregister(_BATCH)
    first = next((error for _, error, _ in records if error), None)
    return FileRows(name, width, (), len(records), first)


def _batches(records: Sequence[_Record], width: int) -> Iterator[pa.Table]:
    for start in range(0, len(records), _ROWS_AT_ONCE):
        part = records[start : start + _ROWS_AT_ONCE]
        errors = [error for _, error, _ in part]
        fields = list(zip_longest(*(fields for fields, _, _ in part)))[:width]
        columns: dict[str, pa.Array] = {ROW_NUMBER: pa.array(range(start + 1, start + len(part) + 1), pa.int64())}
        for number in range(1, width + 1):
            values = fields[number - 1] if number <= len(fields) else [None] * len(part)
            columns[f"${number}"] = pa.array(values, pa.string())
        columns["field_count"] = pa.array([len(found) for found, _, _ in part], pa.int32())
        columns["record_line"] = pa.array([line for _, _, line in part], pa.int64())
        columns["error_code"] = _of(errors, "code", pa.int32())
        columns["error_state"] = _of(errors, "sqlstate", pa.string())
        columns["error"] = _of(errors, "message", pa.string())
        columns["error_line"] = _of(errors, "line", pa.int64())
        columns["error_character"] = _of(errors, "character", pa.int64())
        yield pa.table(columns)


def _of(errors: Iterable[RecordError | None], field: str, kind: Any) -> pa.Array:
    return pa.array([getattr(error, field) if error else None for error in errors], kind)


def parquet_columns(cursor: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    """Return names and DuckDB's types of the columns of a parquet file.

    Raises:
        FileUnreadableError: it is no parquet file.
    """
    try:
        described = cursor.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    except duckdb.Error as exc:
        raise _not_parquet(exc) from exc
    return [(row[0], row[1]) for row in described]


def _parquet(cursor: duckdb.DuckDBPyConnection, path: Path, form: FileFormat, name: str, width_min: int) -> FileRows:
    """Read each row as one object; a NULL has no member."""
    members = [
        f"CASE WHEN {_parquet_value(column, kind, form)} IS NOT NULL THEN "
        f"to_json({_text(column)}) || ':' || to_json({_parquet_value(column, kind, form)}) END"
        for column, kind in parquet_columns(cursor, path)
    ]
    others = "".join(f', CAST(NULL AS VARCHAR) AS "${number}"' for number in range(2, width_min + 1))
    try:
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT row_number() OVER () AS {ROW_NUMBER}, "  # noqa: S608 - names of ours
            f"""CAST('{{' || concat_ws(',', {", ".join(members)}) || '}}' AS JSON) AS "$1"{others}, """
            f"{_NO_OTHERS} FROM read_parquet(?)",
            [str(path)],
        )
    except duckdb.Error as exc:
        raise _not_parquet(exc) from exc
    count = cursor.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - a name of ours
    return FileRows(name, max(width_min, 1), (), count[0] if count else 0, None)


def _parquet_value(column: str, kind: str, form: FileFormat) -> str:
    value = quote(column)
    if kind == "BLOB":
        value = f"decode({value})" if form["BINARY_AS_TEXT"] else f"hex({value})"
    elif kind == "VARCHAR" and form["TRIM_SPACE"]:
        value = f"trim({value})"
    nulls = form["NULL_IF"]
    if nulls and kind in {"VARCHAR", "BLOB"}:
        value = f"CASE WHEN {value} NOT IN ({', '.join(map(_text, nulls))}) THEN {value} END"
    return value


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _not_parquet(exc: Exception) -> FileUnreadableError:
    reason = "it is cut off or no parquet file" if "arquet" in str(exc) else str(exc).splitlines()[0]
    return FileUnreadableError(f"Error parsing the parquet file: {reason}", code=100_065)
