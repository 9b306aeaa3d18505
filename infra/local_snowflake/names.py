"""Name objects: as a statement writes them, and where they live."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from infra.local_snowflake.errors import StatementRefusedError

NAME_PARTS_MAX = 3
"""database.schema.name"""


def new_id() -> str:
    """Make an id that nothing else has."""
    return uuid4().hex


def quote(name: str) -> str:
    """Write one name so that nothing can change it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a string as SQL that Snowflake's dialect reads back unchanged."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class NoCurrentSchemaError(StatementRefusedError):
    """A name needs the session's database or schema, and there is none."""

    code = 90106
    sqlstate = "22000"


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """Where an object lives."""

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
    """A name as a statement writes it: one to three parts, already folded."""

    parts: tuple[str, ...]

    def resolve(self, database: str | None, schema: str | None) -> ObjectName:
        """Complete the name from the session.

        Raises:
            NoCurrentSchemaError: a part is missing and the session has none.
        """
        missing = (database, schema)[: NAME_PARTS_MAX - len(self.parts)]
        if not all(missing):
            raise NoCurrentSchemaError(
                "This session does not have a current database or schema. Call 'USE SCHEMA', or use a qualified name."
            )
        return ObjectName(*[part for part in missing if part], *self.parts)

    def __str__(self) -> str:
        return ".".join(self.parts)
