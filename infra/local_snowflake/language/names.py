"""Names of objects: as written in a statement, and in full."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from infra.local_snowflake.errors import StatementRefusedError

NAME_PARTS_MAX = 3
"""database.schema.name"""


def new_id() -> str:
    """Return a unique id."""
    return uuid4().hex


def quote(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string as a literal of Snowflake's dialect."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class NoCurrentSchemaError(StatementRefusedError):
    """A name needs the schema of the session, and the session has none."""

    code = 90106
    sqlstate = "22000"


class NoCurrentDatabaseError(StatementRefusedError):
    """A name needs the database of the session, and the session has none."""

    code = 90105
    sqlstate = "22000"


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """The full name of an object."""

    database: str
    schema: str
    name: str

    @property
    def sql(self) -> str:
        """All three parts, quoted."""
        return f"{quote(self.database)}.{quote(self.schema)}.{quote(self.name)}"

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class PartialName:
    """A name as written in a statement: one to three parts, folded."""

    parts: tuple[str, ...]

    def resolve(self, database: str | None, schema: str | None) -> ObjectName:
        """Complete the name from the session.

        Raises:
            NoCurrentDatabaseError: a part is missing and the session has no database.
            NoCurrentSchemaError: a part is missing and the session has no schema.
        """
        missing = (database, schema)[: NAME_PARTS_MAX - len(self.parts)]
        if not all(missing):
            if not database:
                raise NoCurrentDatabaseError(
                    "This session does not have a current database. Call 'USE DATABASE', or use a qualified name."
                )
            raise NoCurrentSchemaError(
                "This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name."
            )
        return ObjectName(*[part for part in missing if part], *self.parts)

    def __str__(self) -> str:
        return ".".join(self.parts)
