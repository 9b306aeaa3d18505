"""The keys of tables, which are stored and shown, and not enforced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import DATABASE

_TABLE = f"{DATABASE}.main.keys"
_OF_TABLE = "database_name = ? AND schema_name = ? AND table_name = ?"
_SHOWN = {"PRIMARY": "Primary key", "UNIQUE": "Unique key", "IMPORTED": "Foreign key"}


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of all tables of one server."""

    registry: Registry

    def add(self, table: ObjectName, kind: str, name: str, columns: tuple[str, ...]) -> None:
        """Add a key.

        Raises:
            ObjectExistsError: the table has a primary key, or a key of this name.
        """
        rows = self._rows("kind, name", table)
        if kind == "PRIMARY" and any(row[0] == "PRIMARY" for row in rows):
            raise ObjectExistsError(f"SQL compilation error:\nprimary key already exists for table '{table.name}'")
        if name and any(row[1] == name for row in rows):
            raise ObjectExistsError(f"SQL compilation error:\nConstraint '{name}' already exists.")
        given = name or f"SYS_CONSTRAINT_{table.name}_{kind}_{len(rows) + 1}"
        with self.registry.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {_TABLE} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                [table.database, table.schema, table.name, kind, given, list(columns)],
            )

    def drop(self, table: ObjectName, kind: str, name: str, columns: tuple[str, ...]) -> None:
        """Drop a key by its name, or by its kind and, where given, its columns.

        Raises:
            ObjectMissingError: there is none.
        """
        for found_kind, found_name, found_columns in self._rows("kind, name, columns", table):
            by_name = bool(name) and found_name == name
            by_kind = not name and found_kind == kind and (not columns or tuple(found_columns) == columns)
            if by_name or by_kind:
                self._execute(f"DELETE FROM {_TABLE} WHERE {_OF_TABLE} AND name = ?", [*_parts(table), found_name])  # noqa: S608 - constants
                return
        shown = f"Constraint '{name}'" if name else _SHOWN[kind]
        raise ObjectMissingError(f"SQL compilation error:\n{shown} does not exist for table '{table.name}'.")

    def rename(self, table: ObjectName, old: str, new: str) -> None:
        """Give a key another name.

        Raises:
            ObjectMissingError: there is none.
        """
        if not any(row[0] == old for row in self._rows("name", table)):
            raise ObjectMissingError(
                f"SQL compilation error:\nConstraint '{old}' does not exist for table '{table.name}'."
            )
        self._execute(f"UPDATE {_TABLE} SET name = ? WHERE {_OF_TABLE} AND name = ?", [new, *_parts(table), old])  # noqa: S608 - constants

    def move(self, table: ObjectName, to: ObjectName) -> None:
        """Follow a table to its new name."""
        self._execute(
            f"UPDATE {_TABLE} SET database_name = ?, schema_name = ?, table_name = ? WHERE {_OF_TABLE}",  # noqa: S608 - constants
            [*_parts(to), *_parts(table)],
        )

    def copy(self, table: ObjectName, to: ObjectName) -> None:
        """Give a clone the keys of its table instead of those of a former table of its name."""
        self._execute(f"DELETE FROM {_TABLE} WHERE {_OF_TABLE}", _parts(to))  # noqa: S608 - constants
        self._execute(
            f"INSERT INTO {_TABLE} SELECT ?, ?, ?, kind, name, columns FROM {_TABLE} WHERE {_OF_TABLE}",  # noqa: S608 - constants
            [*_parts(to), *_parts(table)],
        )

    def rename_column(self, table: ObjectName, old: str, new: str) -> None:
        """Follow a column to its new name."""
        self._execute(
            f"UPDATE {_TABLE} SET columns = "  # noqa: S608 - constants
            f"list_transform(columns, lambda name: CASE WHEN name = ? THEN ? ELSE name END) WHERE {_OF_TABLE}",
            [old, new, *_parts(table)],
        )

    def drop_column(self, table: ObjectName, column: str) -> None:
        """Drop the keys that have a dropped column."""
        self._execute(
            f"DELETE FROM {_TABLE} WHERE {_OF_TABLE} AND list_contains(columns, ?)",  # noqa: S608 - constants
            [*_parts(table), column],
        )

    def _rows(self, columns: str, table: ObjectName) -> list[tuple[Any, ...]]:
        with self.registry.cursor() as cursor:
            return cursor.execute(f"SELECT {columns} FROM {_TABLE} WHERE {_OF_TABLE}", _parts(table)).fetchall()  # noqa: S608 - constants

    def _execute(self, sql: str, values: list[Any]) -> None:
        with self.registry.cursor() as cursor:
            cursor.execute(sql, values)


def _parts(table: ObjectName) -> list[str]:
    return [table.database, table.schema, table.name]
