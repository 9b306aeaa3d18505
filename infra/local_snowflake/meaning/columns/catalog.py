"""The kinds and lengths of stored columns, read again after a statement that can change them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import duckdb

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

    After a statement that can change columns, the next one reads those of its own relations again; those of all others
    are read when one of its columns is in none of them.

    Args:
        home: database of this package.
    """

    home: str
    _all: dict[str, Kind] | None = None
    _relations: dict[ObjectName, dict[str, Kind]] = field(default_factory=dict)
    _lengths: dict[ObjectName, dict[str, int]] | None = None
    _mixed: bool | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self, connection: Any, read: Iterable[ObjectName]) -> Mapping[str, Kind]:
        """Return the kind that all columns of a name have, by name; VARIANT wins over others.

        Those of the relations that a statement reads are before all others.
        """
        own: dict[str, Kind] = {}
        with self._lock:
            for relation in read:
                for name, of in self._relation(connection, relation).items():
                    own[name] = _common(own.get(name, of), of)
        return _Kinds(own, partial(self._everywhere, connection))

    def of_tables(self, connection: Any, read: Iterable[tuple[str, ObjectName]]) -> dict[str, dict[str, Kind]]:
        """Return the kinds of the columns of relations by their aliases, which several may share, and by name."""
        found: dict[str, dict[str, Kind]] = {}
        with self._lock:
            for alias, relation in read:
                own = found.setdefault(alias, {})
                for name, of in self._relation(connection, relation).items():
                    own[name] = _common(own.get(name, of), of)
        return found

    def _everywhere(self, connection: Any) -> Mapping[str, Kind]:
        with self._lock:
            if self._all is None:
                self._all = _read_all(connection)
            return self._all

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

    def _relation(self, connection: Any, relation: ObjectName) -> dict[str, Kind]:
        if relation not in self._relations:
            self._relations[relation] = _read_relation(connection, self.home, relation)
        return self._relations[relation]

    def forget(self, *, names: bool) -> None:
        """Read all again, because columns may have changed; names that were mixed stay so.

        Args:
            names: whether a name of a client may be another one.
        """
        with self._lock:
            self._all = self._lengths = None
            self._relations.clear()
            if names:
                self._mixed = self._mixed or None


class _Kinds(Mapping[str, Kind]):
    """The kinds of columns by name: those of some relations, and of all others when one of them is asked for."""

    def __init__(self, own: Mapping[str, Kind], others: Callable[[], Mapping[str, Kind]]) -> None:
        self._own, self._others = own, others

    def __getitem__(self, name: str) -> Kind:
        return self._own[name] if name in self._own else self._others()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *self._others()]))

    def __len__(self) -> int:
        return len(list(iter(self)))


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


def _read_relation(connection: Any, home: str, relation: ObjectName) -> dict[str, Kind]:
    """Return the kinds of the columns of a relation; none where there is no such relation."""
    with connection.cursor() as cursor:
        try:
            types = dict(row[:2] for row in cursor.execute(f"DESCRIBE {relation.sql}").fetchall())
        except duckdb.Error:  # the statement itself is refused for it
            return {}
    if relation.database == home:  # its statements write its names in upper case
        types = {name.upper(): type_ for name, type_ in types.items()} | types
    return {name: _KINDS.get(type_, Kind.UNKNOWN) for name, type_ in types.items()}


def _read_all(connection: Any) -> dict[str, Kind]:
    """Return the kinds of all columns by name."""
    with connection.cursor() as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    found: dict[str, Kind] = {"VALUE": Kind.MAYBE_VARIANT}
    for name, type_ in rows:
        of = _KINDS.get(type_, Kind.UNKNOWN)
        found[name] = _common(found.get(name, of), of)
    return found


def _common(former: Kind, of: Kind) -> Kind:
    """Return the kind of two columns of one name."""
    if former is of:
        return of
    return Kind.MAYBE_VARIANT if Kind.MAYBE_VARIANT in {former, of} else Kind.UNKNOWN
