"""Hold what one client's session knows: where it works, as whom, and which temporary relations it made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.names import ObjectName, PartialName, new_id

TEMPORARY_MARK = "__SESSION_"
"""Stands between a temporary relation's name and the id of its session."""


@dataclass(slots=True)
class Session:
    """One login.

    Args:
        connection: of fakesnow.
        role: what CURRENT_ROLE() answers; any role is accepted, none has rights.
        warehouse: what CURRENT_WAREHOUSE() answers.
    """

    connection: Any
    role: str = "SYSADMIN"
    warehouse: str | None = None
    id: str = field(default_factory=new_id)
    temporary: dict[ObjectName, ObjectName] = field(default_factory=dict)
    """Temporary relations by their name, with the name under which they are really kept."""

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
        """Complete a name from this session."""
        return name.resolve(self.database, self.schema)

    def run(self, sql: str) -> None:
        """Run a statement of Snowflake's dialect through fakesnow."""
        self.connection.cursor().execute(sql)

    def add_temporary(self, name: ObjectName) -> None:
        """Take a name for this session alone."""
        self.temporary[name] = ObjectName(name.database, name.schema, f"{name.name}{TEMPORARY_MARK}{self.id.upper()}")

    def drop_temporary(self) -> None:
        """Drop the temporary relations, as the end of a session does."""
        for kept in self.temporary.values():
            drop_relation(self.connection._duck_conn, kept)  # noqa: SLF001 - one of the internals that wire.py names
        self.temporary.clear()


def drop_relation(cursor: Any, name: ObjectName) -> None:
    """Drop a table or a view, whichever it is, if it is there."""
    found = cursor.execute(
        "SELECT table_type FROM information_schema.tables "
        "WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
        [name.database, name.schema, name.name],
    ).fetchone()
    if found:
        kind = "VIEW" if found[0] == "VIEW" else "TABLE"
        cursor.execute(f"DROP {kind} {name.sql}")


def drop_left_behind(cursor: Any) -> None:
    """Drop the temporary relations of sessions that never ended."""
    left = cursor.execute(
        "SELECT table_catalog, table_schema, table_name FROM information_schema.tables WHERE contains(table_name, ?)",
        [TEMPORARY_MARK],
    ).fetchall()
    for row in left:
        drop_relation(cursor, ObjectName(*row))
