"""The kinds of objects, and what their statements have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from snowflake_components.identifiers import Identifier, QualifiedName, literal


class Statement(Protocol):
    """One statement."""

    @property
    def sql(self) -> str:
        """The text to send, without a semicolon."""
        ...


class ObjectType(StrEnum):
    """The kinds of objects, as written in the YAML; each one may need those before it."""

    FILE_FORMAT = "file format"
    STAGE = "stage"
    EXTERNAL_TABLE = "external table"
    TABLE = "table"

    @property
    def sql(self) -> str:
        """The kind in statements: `EXTERNAL TABLE`."""
        return self.value.upper()

    @property
    def plural_sql(self) -> str:
        """The kind in SHOW: `EXTERNAL TABLES`."""
        return f"{self.sql}S"


class Definition(Statement, Protocol):
    """A statement that creates an object which does not exist."""

    @property
    def name(self) -> QualifiedName:
        """Full name of the object."""
        ...

    @property
    def object_type(self) -> ObjectType:
        """Kind of the object."""
        ...

    @property
    def comment(self) -> str | None:
        """The comment of the object."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """The clause of each field of the YAML, empty for a field that is not written."""
        ...

    @property
    def column_clauses(self) -> Mapping[str, str]:
        """The clause of each column by its name, in their order; empty for an object without columns."""
        ...

    @property
    def shown(self) -> Mapping[str, str]:
        """What SHOW prints of the object, by field of the YAML, as far as it is comparable."""
        ...

    def with_comment(self, comment: str) -> Self:
        """Return the definition with another comment."""
        ...


@dataclass(frozen=True, slots=True)
class ShowObject:
    """List the objects of one kind whose name is LIKE this one.

    LIKE ignores case and reads `_` and `%` as wildcards, so it can return further objects: compare `name` exactly. The
    wildcards are not escaped, because an escape that a server reads differently would hide the object.
    """

    object_type: ObjectType
    name: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one row per object with the column `name`."""
        like = literal(self.name.name.name)
        return f"SHOW {self.object_type.plural_sql} LIKE {like} IN SCHEMA {self.name.container_sql}"


@dataclass(frozen=True, slots=True)
class CurrentRole:
    """Select the role of the session."""

    @property
    def sql(self) -> str:
        """Returns one row with the column ROLE."""
        return 'SELECT CURRENT_ROLE() AS "ROLE"'


@dataclass(frozen=True, slots=True)
class UseRole:
    """Use a role for the following statements."""

    role: Identifier

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"USE ROLE {self.role.sql}"
