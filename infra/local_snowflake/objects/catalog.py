"""What DuckDB does not keep of databases, schemas, tables and views: times, owner, comment, kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from infra.local_snowflake.errors import InvalidIdentifierError, TableMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import NAME_PARTS_MAX, ObjectName, quote
from infra.local_snowflake.meaning.spelling.stored import other_spelling
from infra.local_snowflake.objects.records import Key, Records
from infra.local_snowflake.objects.registry import Registry

SYSTEM_DATABASES = ("memory", "system", "temp", "_fs_global", "_fs_external")
"""Databases of DuckDB, of fakesnow and of this server."""
SYSTEM_SCHEMAS = ("main", "pg_catalog", "information_schema", "_fs_information_schema")
DEFAULT_OWNER = "SYSADMIN"
_LENGTHS = "_fs_global._fs_information_schema._fs_columns_ext"
_OF_TABLE = "ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?"
_OCTETS_MAX = 16777216


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object beside its definition."""

    created_on: datetime
    altered_on: datetime
    owner: str = DEFAULT_OWNER
    comment: str = ""
    transient: bool = False
    managed_access: bool = False
    definition: str = ""
    """The text of the statement that created a view."""
    secure: bool = False
    cluster_by: str = ""
    """The clustering key as SHOW TABLES prints it."""
    reclustering: bool = True
    """Whether a table with a clustering key would be reclustered."""
    retention_days: int = 1
    change_tracking: bool = False
    lengths: Mapping[str, int] = field(default_factory=dict)
    """Declared lengths of VARCHAR columns; DuckDB keeps none."""


class Catalog:
    """The information about objects, by their full names: (database,), (database, schema), (database, schema, name).

    An object that was there before this catalog has the time of the server's start.
    """

    def __init__(self, registry: Registry, now: Callable[[], datetime]) -> None:
        self._registry, self._now = registry, now
        self._infos = Records(registry, "OBJECT", ObjectInfo)
        self._started = now()

    def info(self, key: Key) -> ObjectInfo:
        """Return the information about an object."""
        return self._infos.get(key) or ObjectInfo(self._started, self._started)

    def known(self, key: Key) -> bool:
        """Return whether the object was created here."""
        return self._infos.get(key) is not None

    def created(self, key: Key, owner: str, **changed: Any) -> None:
        """Record a new object."""
        now = self._now()
        self._infos.put(key, ObjectInfo(now, now, owner, **changed))

    def altered(self, key: Key, **changed: Any) -> None:
        """Record a change of an object, of its rows, too."""
        self._infos.put(key, replace(self.info(key), altered_on=self._now(), **changed))

    def owned(self, key: Key, owner: str) -> None:
        """Record another owner."""
        self._infos.put(key, replace(self.info(key), owner=owner))

    def renamed(self, old: Key, new: Key) -> None:
        """Record the new name of an object and of everything in it."""
        self._infos.move({key: new + key[len(old) :] for key, _ in self._infos.items() if key[: len(old)] == old})
        self.altered(new)

    def swapped(self, one: Key, other: Key) -> None:
        """Record that two tables changed their names."""
        first, second = self.info(one), self.info(other)
        self._infos.put(other, first)
        self._infos.put(one, second)

    def forget_missing(self) -> None:
        """Delete the information about objects that were dropped."""
        present = set(self._present())
        known = [key for key, _ in self._infos.items() if len(key) <= NAME_PARTS_MAX]
        self._infos.remove(*[key for key in known if key not in present])

    def _present(self) -> Iterable[Key]:
        with self._registry.cursor() as cursor:
            for sql in (
                "SELECT database_name FROM duckdb_databases()",
                "SELECT database_name, schema_name FROM duckdb_schemas()",
                "SELECT database_name, schema_name, table_name FROM duckdb_tables()",
                "SELECT database_name, schema_name, view_name FROM duckdb_views()",
                "SELECT database_name, schema_name, sequence_name FROM duckdb_sequences()",
            ):
                yield from cursor.execute(sql).fetchall()

    def set_lengths(self, stored: ObjectName, lengths: Mapping[str, int]) -> None:
        """Give a table the declared lengths that its rows are checked by."""
        with self._registry.cursor() as cursor:
            cursor.execute(f"DELETE FROM {_LENGTHS} WHERE {_OF_TABLE}", _parts(stored))  # noqa: S608 - constants
            for column, length in lengths.items():
                cursor.execute(
                    f"INSERT INTO {_LENGTHS} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    [*_parts(stored), column, length, min(length * 4, _OCTETS_MAX)],
                )

    def move_lengths(self, stored: ObjectName, renamed: ObjectName) -> None:
        """Keep the declared lengths of a renamed table."""
        lengths = self.declared_lengths(stored)
        self.set_lengths(stored, {})
        self.set_lengths(renamed, lengths)

    def declared_lengths(self, stored: ObjectName) -> dict[str, int]:
        """Return the lengths that fakesnow read from the last statements about a table."""
        with self._registry.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT ext_column_name, ext_character_maximum_length FROM {_LENGTHS} WHERE {_OF_TABLE}",  # noqa: S608 - constants
                _parts(stored),
            ).fetchall()
        return dict(rows)

    def relation_kind(self, name: ObjectName) -> str | None:
        """Return TABLE or VIEW; None if there is neither."""
        with self._registry.cursor() as cursor:
            for kind in ("TABLE", "VIEW"):
                found = cursor.execute(
                    f"SELECT 1 FROM duckdb_{kind.lower()}s() "  # noqa: S608 - a constant
                    f"WHERE database_name = ? AND schema_name = ? AND {kind.lower()}_name = ?",
                    [name.database, name.schema, name.name],
                ).fetchone()
                if found:
                    return kind
        return None

    def require_free(self, name: ObjectName) -> None:
        """Refuse a new relation beside one whose name differs in its case alone.

        Raises:
            NotSupportedError: DuckDB would take one for the other.
        """
        with self._registry.cursor() as cursor:
            other = other_spelling(cursor, name)
        if other:
            raise unsupported(f"the name {quote(name.name)} beside {quote(other.name)}")

    def comment_on(self, name: ObjectName, comment: str | None, columns: dict[str, str]) -> None:
        """Set comments of a table or view and of its columns.

        Raises:
            TableMissingError: there is no such table or view.
            InvalidIdentifierError: it has no such column.
        """
        kind = self.relation_kind(name)
        if kind is None:
            raise TableMissingError(f"SQL compilation error:\nTable '{name}' does not exist or not authorized.")
        with self._registry.cursor() as cursor:
            present = {row[0] for row in cursor.execute(f"DESCRIBE {name.sql}").fetchall()}
            for column in columns:
                if column not in present:
                    raise InvalidIdentifierError(f"SQL compilation error: error line 1\ninvalid identifier '{column}'")
            if comment is not None:
                cursor.execute(f"COMMENT ON {kind} {name.sql} IS {_text(comment)}")
            for column, text in columns.items():
                cursor.execute(f"COMMENT ON COLUMN {name.sql}.{quote(column)} IS {_text(text)}")


def _parts(stored: ObjectName) -> list[str]:
    return [stored.database, stored.schema, stored.name]


def _text(text: str) -> str:
    return "NULL" if not text else "'" + text.replace("'", "''") + "'"
