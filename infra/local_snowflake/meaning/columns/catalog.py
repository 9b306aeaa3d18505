"""The kinds and lengths of stored columns, read again after a statement that can change them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns.kinds import Kind

_KINDS = {
    "JSON": Kind.MAYBE_VARIANT,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "TIMESTAMP": Kind.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP_TZ,
    "VARCHAR": Kind.TEXT,
    "BOOLEAN": Kind.BOOLEAN,
    "BIGINT": Kind.INTEGER,
    "DOUBLE": Kind.FLOAT,
}


@dataclass(slots=True)
class StoredColumns:
    """The columns of all databases, each list read when it is needed. Any thread may call it."""

    _kinds: dict[str, Kind] | None = None
    _lengths: dict[ObjectName, dict[str, int]] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self, connection: Any) -> dict[str, Kind]:
        """Return the kind that all columns of a name have, by name; VARIANT wins over others."""
        with self._lock:
            if self._kinds is None:
                self._kinds = _read(connection)
            return self._kinds

    def lengths(self, connection: Any) -> dict[ObjectName, dict[str, int]]:
        """Return the longest texts of the columns of tables with a VARCHAR(n), by table."""
        with self._lock:
            if self._lengths is None:
                self._lengths = _read_lengths(connection)
            return self._lengths

    def forget(self) -> None:
        """Read both again, because columns may have changed."""
        with self._lock:
            self._kinds = self._lengths = None


_LENGTHS = """
SELECT database_name, schema_name, table_name, column_name,
  CASE WHEN ext_character_maximum_length < 16777216 THEN ext_character_maximum_length ELSE 0 END
FROM duckdb_columns()
LEFT JOIN _fs_global._fs_information_schema._fs_columns_ext ON ext_table_catalog = database_name
  AND ext_table_schema = schema_name AND ext_table_name = table_name AND ext_column_name = column_name
WHERE (database_name, schema_name, table_name) IN (
  SELECT (ext_table_catalog, ext_table_schema, ext_table_name) FROM _fs_global._fs_information_schema._fs_columns_ext
  WHERE ext_character_maximum_length < 16777216)
ORDER BY column_index
"""


def _read_lengths(connection: Any) -> dict[ObjectName, dict[str, int]]:
    with connection.cursor() as cursor:
        rows = cursor.execute(_LENGTHS).fetchall()
    found: dict[ObjectName, dict[str, int]] = {}
    for database, schema, table, column, length in rows:
        found.setdefault(ObjectName(database, schema, table), {})[column] = length or 0
    return found


def _read(connection: Any) -> dict[str, Kind]:
    with connection.cursor() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    found: dict[str, Kind] = {"VALUE": Kind.MAYBE_VARIANT}
    for name, type_ in rows:
        of = _KINDS.get(type_, Kind.UNKNOWN)
        former = found.get(name, of)
        if former is not of:
            of = Kind.MAYBE_VARIANT if Kind.MAYBE_VARIANT in {former, of} else Kind.UNKNOWN
        found[name] = of
    return found
