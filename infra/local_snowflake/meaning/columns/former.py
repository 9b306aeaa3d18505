"""Convert a folder of a former version, which stored a TIMESTAMP_TZ as its instant, and the names of these columns.

Its offset is that of UTC. The views of the former version read its columns by macros that are no longer made.
"""

from __future__ import annotations

from typing import Any

from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.meaning.functions import zoned

_KEPT = "zoned_columns"
_COLUMNS = """
SELECT database_name, schema_name, table_name, column_name, column_default
FROM duckdb_columns() JOIN {kept} USING (database_name, schema_name, table_name, column_name)
JOIN duckdb_tables() USING (database_name, schema_name, table_name) WHERE data_type = 'TIMESTAMP WITH TIME ZONE'
"""
_MACROS = {
    "tz_of": ("(x) AS x",),
    "tz_plain": ("(x) AS x",),
    "tz_parts": ("(x) AS @to_timestamp_tz(x)", "(x, f) AS @to_timestamp_tz(x, f)"),
    "try_tz_parts": ("(x) AS @try_to_timestamp_tz(x)", "(x, f) AS @try_to_timestamp_tz(x, f)"),
    "tz_convert": ("(zone, x) AS @convert_timezone(zone, x)",),
    "tz_again": ("(local, zoned) AS @tz_shifted(local, zoned)",),
    "tz_to_char": ("(zoned, form) AS @to_char(zoned, form)",),
}
"""What the macros of the former views are now."""
_LOST = ("sf_to_timestamp_tz(MAIN.sf_to_timestamp_ltz(", "sf_to_timestamp_tz(MAIN.sf_tz_of(")
_LOST_OF_INSTANT = ("sf_tz_of(MAIN.sf_tz_instant(", "sf_tz_of(MAIN.sf_tz_of(")
"""Where a view of an external table left the offset out, and what keeps it."""


def convert(connection: Any, home: str) -> None:
    """Give the columns the type of `functions/zoned.py`, once.

    Args:
        connection: with all databases of the folder attached.
        home: the database of the macros.
    """
    with connection.cursor() as cursor:
        found = cursor.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?", [home, _KEPT]
        ).fetchone()
        if found is None:
            return
        prefix, kept = f'"{home}".main.sf_', f'"{home}".main.{_KEPT}'
        for name, overloads in _MACROS.items():
            cursor.execute(f"CREATE OR REPLACE MACRO {prefix}{name} {', '.join(overloads)}".replace("@", prefix))
        for database, schema, table, column, default in cursor.execute(_COLUMNS.format(kept=kept)).fetchall():
            _convert_column(cursor, prefix, ObjectName(database, schema, table), quote(column), default)
        _convert_external_tables(cursor, home)
        cursor.execute(f"DROP TABLE {kept}")


def _convert_column(cursor: Any, prefix: str, table: ObjectName, column: str, default: str | None) -> None:
    alter = f"ALTER TABLE {table.sql} ALTER {column}"
    if default is not None:
        cursor.execute(f"{alter} DROP DEFAULT")
    cursor.execute(f"{alter} TYPE {zoned.TYPE} USING {prefix}tz_make({column}, 0)")
    if default is not None:
        cursor.execute(f"{alter} SET DEFAULT {prefix}tz_of_engine({default})")


def _convert_external_tables(cursor: Any, home: str) -> None:
    views = "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND schema_name = 'raw'"
    for name, sql in cursor.execute(views, [home]).fetchall():
        _, _, query = sql.partition(" AS ")
        kept = query.replace(*_LOST).replace(*_LOST_OF_INSTANT).replace("MAIN.", f'"{home}".main.')
        if _LOST[0] in query:
            raw = f'"{home}".raw'
            cursor.execute(f"CREATE OR REPLACE VIEW {raw}.{quote(name)} AS {kept}".replace("FROM raw.", f"FROM {raw}."))
