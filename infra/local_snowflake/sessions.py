"""The session of a client: database and schema, role and warehouse, temporary relations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.language.names import ObjectName, PartialName, new_id

TEMPORARY_MARK = "__SESSION_"
"""Separates the name of a temporary relation from the id of its session."""
_NUMBER_HEX_DIGITS = 15


@dataclass(slots=True)
class Session:
    """One login.

    Args:
        connection: of fakesnow.
        role: result of CURRENT_ROLE(); any role is accepted, and roles have no privileges.
        warehouse: result of CURRENT_WAREHOUSE().
    """

    connection: Any
    role: str = "SYSADMIN"
    warehouse: str | None = None
    id: str = field(default_factory=new_id)
    temporary: dict[ObjectName, ObjectName] = field(default_factory=dict)
    """Temporary relations by name, with their stored names."""

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

    def full(self, name: PartialName) -> ObjectName:
        """Return the full name of an object for this session."""
        return name.resolve(self.database, self.schema)

    def run(self, sql: str) -> None:
        """Run a statement of Snowflake's dialect through fakesnow."""
        self.connection.cursor().execute(sql)

    def add_temporary(self, name: ObjectName) -> None:
        """Add a temporary relation to this session."""
        self.temporary[name] = ObjectName(name.database, name.schema, f"{name.name}{TEMPORARY_MARK}{self.id.upper()}")

    def drop_temporary(self) -> None:
        """Drop all temporary relations of this session."""
        for kept in self.temporary.values():
            drop_relation(self.connection._duck_conn, kept)  # noqa: SLF001 - an internal that wire.py names
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
