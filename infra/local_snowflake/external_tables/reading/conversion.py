"""Write the rows of one object as a Parquet file of one column, VALUE.

A file is read up to its first record that cannot be parsed, without an error, as Snowflake scans external tables.
Records that are not UTF-8 are left out.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
from pyarrow import json as arrow_json

from infra.local_snowflake.files.compression import decompressed
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import ROW_NUMBER, FileRows, read_file, value_sql
from infra.local_snowflake.files.unreadable import FileUnreadableError

_OPTIONS = "(FORMAT parquet, COMPRESSION lz4_raw)"
_LINE_BYTES_MAX = 1 << 20
"""Of a file that is read line by line; longer lines are read in the other way."""
_INVALID_UTF8 = 100_144


def convert(cursor: duckdb.DuckDBPyConnection, source: Path, form: FileFormat, target: Path) -> None:
    """Write the rows of a file; one that cannot be read at all has none."""
    try:
        if form.type == "JSON" and _convert_lines(cursor, source, form, target):
            return
        rows = read_file(cursor, source, form, "rows")
    except FileUnreadableError:
        write_empty(cursor, target)
        return
    _write(cursor, _readable_sql(rows, form), target)
    cursor.execute(f"DROP TABLE {rows.table}")


def write_empty(cursor: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write a file without rows."""
    _write(cursor, "SELECT NULL::JSON AS VALUE WHERE false", target)


def _readable_sql(rows: FileRows, form: FileFormat) -> str:
    broken = f"SELECT min({ROW_NUMBER}) FROM {rows.table} WHERE error_code != {_INVALID_UTF8}"  # noqa: S608 - names of ours
    return (
        f"SELECT {value_sql(rows, form)} AS VALUE FROM {rows.table} WHERE error_code IS NULL "  # noqa: S608 - names of ours
        f"AND {ROW_NUMBER} < coalesce(({broken}), {rows.records + 1}) ORDER BY {ROW_NUMBER}"
    )


def _convert_lines(cursor: duckdb.DuckDBPyConnection, source: Path, form: FileFormat, target: Path) -> bool:
    """Write a file of one flawless document a line, which is most of them, and return whether it is one.

    Arrow refuses an object with a key twice, and DuckDB refuses what is no JSON. Whatever either of them refuses is
    read by `read_file`, which decides.
    """
    if form["STRIP_NULL_VALUES"] or form["TRIM_SPACE"] or form["NULL_IF"]:
        return False
    content = decompressed(source.read_bytes(), form["COMPRESSION"])
    count = _documents(content)
    if count is None:
        return False
    plain = source.with_name("plain")
    plain.write_bytes(content)
    lines = (
        f"SELECT json AS VALUE FROM read_json_objects({_text(plain)}, format = 'newline_delimited', "  # noqa: S608 - a path of ours
        f"compression = 'none', maximum_object_size = {_LINE_BYTES_MAX})"
    )
    try:
        return _write(cursor, lines, target) == count
    except duckdb.Error:
        return False


def _documents(content: bytes) -> int | None:
    """Count the documents of a text whose objects have no key twice; None if it may be another one."""
    options = arrow_json.ReadOptions(use_threads=False, block_size=_LINE_BYTES_MAX)
    try:
        with arrow_json.open_json(
            BytesIO(content), read_options=options, memory_pool=pa.system_memory_pool()
        ) as batches:
            count: int = sum(batch.num_rows for batch in batches)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return count


def _write(cursor: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    written = cursor.execute(f"COPY ({query}) TO {_text(target)} {_OPTIONS}").fetchone()
    return int(written[0]) if written else 0


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
