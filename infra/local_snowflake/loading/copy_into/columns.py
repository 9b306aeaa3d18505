"""The columns of a table, and the fields of a file that they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from infra.local_snowflake.errors import JsonColumnError, OptionRefusedError
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import FileRows
from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.loading.copy_into.records import Selection, TableColumn


def table_columns(cursor: Any, table: ObjectName) -> tuple[TableColumn, ...]:
    """Return the columns of a table in their order."""
    rows = cursor.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [table.database, table.schema, table.name],
    ).fetchall()
    lengths = dict(
        cursor.execute(
            "SELECT ext_column_name, ext_character_maximum_length "
            "FROM _fs_global._fs_information_schema._fs_columns_ext "
            "WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?",
            [table.database, table.schema, table.name],
        ).fetchall()
    )
    return tuple(
        TableColumn(name, kind, lengths.get(name) if kind == "VARCHAR" else None, nullable)
        for name, kind, nullable in rows
    )


def by_position(rows: FileRows, columns: tuple[TableColumn, ...], form: FileFormat) -> Selection:
    """Return the fields in the order of the columns; a file of documents has one column.

    Raises:
        JsonColumnError: the table has several columns, or one that is no VARIANT.
    """
    if not form.is_text:
        if len(columns) != 1 or columns[0].type != "JSON":
            raise JsonColumnError(
                f"SQL compilation error:\n{form.type} file format can produce one and only one column of variant, "
                "object, or array type. Load data into one variant column, use a transformation, or use "
                "MATCH_BY_COLUMN_NAME copy option to load it by column names."
            )
        return Selection(columns, ('"$1"',))
    taken = columns[: rows.width]
    return Selection(taken, tuple(f'"${number}"' for number in range(1, len(taken) + 1)))


def reject_miscounted(cursor: duckdb.DuckDBPyConnection, rows: FileRows, expected: int) -> None:
    """Make records with another number of fields than the table has columns records with an error."""
    message = (
        f"'Number of columns in file (' || field_count || ') does not match that of the corresponding table "
        f"({expected}), use file format option error_on_column_count_mismatch=false to ignore this error'"
    )
    cursor.execute(
        f"UPDATE {rows.table} SET error_code = 100080, error_state = '22000', error = {message}, "  # noqa: S608 - names of ours
        f"error_line = record_line, error_character = 1 WHERE error IS NULL AND field_count <> {expected}"
    )


@dataclass(frozen=True, slots=True)
class NameMatch:
    """MATCH_BY_COLUMN_NAME.

    Args:
        case: whether case counts.
        metadata: METADATA$ columns by the names of the columns that take them.
    """

    case: bool
    metadata: Mapping[str, str]

    def matches(self, field: str, column: str) -> bool:
        """Return whether a field has the name of a column."""
        return field == column or (not self.case and field.upper() == column.upper())


def by_name(
    cursor: duckdb.DuckDBPyConnection,
    rows: FileRows,
    columns: tuple[TableColumn, ...],
    form: FileFormat,
    match: NameMatch,
) -> Selection:
    """Return the fields that have the names of columns, and metadata; a column without a field is NULL."""
    if form.is_text and not form["PARSE_HEADER"]:
        raise OptionRefusedError(
            "SQL compilation error:\nMATCH_BY_COLUMN_NAME of CSV files needs the file format option PARSE_HEADER."
        )
    fields = _fields(cursor, rows, form)
    taken, items = [], []
    for column in columns:
        if column.name in match.metadata:
            taken.append(column)
            items.append(quote(match.metadata[column.name]))
            continue
        found = [item for name, item in fields if match.matches(name, column.name)]
        if found:
            taken.append(column)
            items.append(f"coalesce({', '.join(found)})")
    if not taken:
        taken, items = [columns[0]], ["NULL"]
    return Selection(tuple(taken), tuple(items))


def _fields(cursor: duckdb.DuckDBPyConnection, rows: FileRows, form: FileFormat) -> list[tuple[str, str]]:
    if form.is_text:
        return [(name, f'"${number}"') for number, name in enumerate(rows.header, 1)]
    names = cursor.execute(
        f'SELECT DISTINCT unnest(json_keys("$1")) FROM {rows.table} '  # noqa: S608 - names of ours
        """WHERE json_type("$1") = 'OBJECT' ORDER BY 1"""
    ).fetchall()
    return [(name, f'json_extract("$1", {_pointer(name)})') for (name,) in names]


def _pointer(name: str) -> str:
    """Return the path to a member as a literal of DuckDB."""
    return "'/" + name.replace("~", "~0").replace("/", "~1").replace("'", "''") + "'"
