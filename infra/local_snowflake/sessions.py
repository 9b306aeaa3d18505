"""The session of a client: database and schema, role and warehouse, temporary relations."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.language.names import ObjectName, PartialName, new_id

TEMPORARY_MARK = "__SESSION_"
"""Separates the name of a temporary relation from the id of its session."""
QUERIES_MAX = 1_000
_NUMBER_HEX_DIGITS = 15


@dataclass(slots=True)
class Session:
    """One login.

    Args:
        connection: of fakesnow.
        role: result of CURRENT_ROLE(); any role is accepted, and roles have no privileges.
        warehouse: result of CURRENT_WAREHOUSE().
        user: result of CURRENT_USER().
    """

    connection: Any
    role: str = "SYSADMIN"
    warehouse: str | None = None
    user: str = ""
    id: str = field(default_factory=new_id)
    temporary: dict[ObjectName, ObjectName] = field(default_factory=dict)
    """Temporary relations by name, with their stored names."""
    query_ids: deque[str] = field(default_factory=lambda: deque(maxlen=QUERIES_MAX))
    """Of the statements that succeeded, in their order: what LAST_QUERY_ID() counts."""
    scans: list[str] = field(default_factory=list)
    """Names of the temporary tables with the rows of stages in the last query."""

    @property
    def number(self) -> str:
        """Result of CURRENT_SESSION(): a number as text, below 2**60."""
        return str(int(self.id[:_NUMBER_HEX_DIGITS], 16))

    @property
    def database(self) -> str | None:
        """The current database."""
        current: str | None = self.connection.database
        return current

    @property
    def schema(self) -> str | None:
        """The current schema."""
        current: str | None = self.connection.schema
        return current

    @property
    def values(self) -> dict[str, str | None]:
        """The results of the functions that return something of this session."""
        return {
            "CURRENT_DATABASE": self.database if self.connection.database_set else None,
            "CURRENT_ROLE": self.role,
            "CURRENT_SCHEMA": self.schema if self.connection.schema_set else None,
            "CURRENT_SESSION": self.number,
            "CURRENT_USER": self.user,
            "CURRENT_WAREHOUSE": self.warehouse,
        }

    def last_query_id(self, number: int) -> str | None:
        """Return LAST_QUERY_ID(number): below 0 from the last statement on, above 0 from the first; None without it."""
        index = number if number < 0 else number - 1
        return self.query_ids[index] if -len(self.query_ids) <= index < len(self.query_ids) else None

    @property
    def duck(self) -> Any:
        """The DuckDB connection of the session."""
        return self.connection._duck_conn  # noqa: SLF001 - an internal that wire.py names

    def full(self, name: PartialName) -> ObjectName:
        """Return the full name of an object for this session."""
        return name.resolve(self.database, self.schema)

    def run(self, sql: str) -> None:
        """Run a statement of Snowflake's dialect through fakesnow."""
        self.connection.cursor().execute(sql)

    def add_temporary(self, name: ObjectName) -> None:
        """Add a temporary relation to this session."""
        self.temporary[name] = self.temporary_name(name)

    def temporary_name(self, name: ObjectName) -> ObjectName:
        """Return the stored name of a temporary relation of this session."""
        return ObjectName(name.database, name.schema, f"{name.name}{TEMPORARY_MARK}{self.id.upper()}")

    def drop_temporary(self) -> None:
        """Drop all temporary relations of this session."""
        for kept in self.temporary.values():
            drop_relation(self.duck, kept)
        self.temporary.clear()


def drop_relation(cursor: Any, name: ObjectName) -> None:
    """Drop a table or view, if it exists."""
    found = cursor.execute(
        "SELECT table_type FROM information_schema.tables "
        "WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
        [name.database, name.schema, name.name],
    ).fetchone()
    if found:
        kind = "VIEW" if found[0] == "VIEW" else "TABLE"
        cursor.execute(f"DROP {kind} {name.sql}")


def drop_left_behind(cursor: Any) -> None:
    """Drop the temporary relations of sessions that were not closed."""
    left = cursor.execute(
        "SELECT table_catalog, table_schema, table_name FROM information_schema.tables WHERE contains(table_name, ?)",
        [TEMPORARY_MARK],
    ).fetchall()
    for row in left:
        drop_relation(cursor, ObjectName(*row))
