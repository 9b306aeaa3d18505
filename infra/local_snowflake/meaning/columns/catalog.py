"""The kinds and lengths of stored columns, read again after a statement that can change them."""

from __future__ import annotations

import threading
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns.kinds import Kind
from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.meaning.spelling.stored import has_mixed_names

_KINDS = {
    "JSON": Kind.MAYBE_VARIANT,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "TIMESTAMP": Kind.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP_LTZ,
    zoned.TYPE: Kind.TIMESTAMP_TZ,
    "VARCHAR": Kind.TEXT,
    "BOOLEAN": Kind.BOOLEAN,
    "BIGINT": Kind.INTEGER,
    "DOUBLE": Kind.FLOAT,
}


@dataclass(slots=True)
class StoredColumns:
    """The columns of all databases, each list read when it is needed. Any thread may call it.

    Args:
        home: database of this package.
    """

    home: str
    _known: dict[str, Kind] | None = None
    _tables: dict[ObjectName, dict[str, Kind]] = field(default_factory=dict)
    _lengths: dict[ObjectName, dict[str, int]] | None = None
    _mixed: bool | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self, connection: Any, read: Iterable[ObjectName]) -> Mapping[str, Kind]:
        """Return the kind that all columns of a name have, by name; VARIANT wins over others.

        Those of the relations that a statement reads are before all others.
        """
        with self._lock:
            known = self._ensure(connection)
            own: dict[str, Kind] = {}
            for table in read:
                for name, of in self._tables.get(table, {}).items():
                    own[name] = _common(own.get(name, of), of)
            return ChainMap(own, known)

    def of_tables(self, connection: Any, read: Iterable[tuple[str, ObjectName]]) -> dict[str, dict[str, Kind]]:
        """Return the kinds of the columns of relations by their aliases, which several may share, and by name."""
        with self._lock:
            self._ensure(connection)
            found: dict[str, dict[str, Kind]] = {}
            for alias, table in read:
                own = found.setdefault(alias, {})
                for name, of in self._tables.get(table, {}).items():
                    own[name] = _common(own.get(name, of), of)
            return found

    def lengths(self, connection: Any) -> dict[ObjectName, dict[str, int]]:
        """Return the longest texts of the columns of tables with a VARCHAR(n), by table."""
        with self._lock:
            if self._lengths is None:
                self._lengths = _read_lengths(connection)
            return self._lengths

    def may_be_mixed(self, connection: Any, *, named: bool) -> bool:
        """Return whether names must be compared with their case: one of them has, or had, a lower-case letter.

        Args:
            connection: of DuckDB.
            named: whether this statement has such a name.
        """
        with self._lock:
            if self._mixed is None:
                with connection.cursor() as cursor:
                    self._mixed = has_mixed_names(cursor)
            self._mixed = self._mixed or named
            return self._mixed

    def _ensure(self, connection: Any) -> dict[str, Kind]:
        if self._known is None:
            self._known, self._tables = _read(connection)
        return self._known

    def forget(self) -> None:
        """Read all again, because columns may have changed; names that were mixed stay so."""
        with self._lock:
            self._known = self._lengths = None
            self._mixed = self._mixed or None


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


def _read(connection: Any) -> tuple[dict[str, Kind], dict[ObjectName, dict[str, Kind]]]:
    """Return the kinds of columns by name, and those of each table."""
    with connection.cursor() as cursor:
        rows = cursor.execute(
            "SELECT database_name, schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal"
        ).fetchall()
    found: dict[str, Kind] = {"VALUE": Kind.MAYBE_VARIANT}
    tables: dict[ObjectName, dict[str, Kind]] = {}
    for database, schema, table, name, type_ in rows:
        of = _KINDS.get(type_, Kind.UNKNOWN)
        tables.setdefault(ObjectName(database, schema, table), {})[name] = of
        found[name] = _common(found.get(name, of), of)
    return found, tables


def _common(former: Kind, of: Kind) -> Kind:
    """Return the kind of two columns of one name."""
    if former is of:
        return of
    return Kind.MAYBE_VARIANT if Kind.MAYBE_VARIANT in {former, of} else Kind.UNKNOWN
