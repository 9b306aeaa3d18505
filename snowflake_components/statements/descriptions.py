"""The statements that describe one object in full, and those that list what depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from snowflake_components.identifiers import QualifiedName, literal
from snowflake_components.statements.kinds import ObjectType


@dataclass(frozen=True, slots=True)
class Describe:
    """Describe a stage or a table."""

    object_type: ObjectType
    name: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one row per property, or per column of a table."""
        return f"DESCRIBE {self.object_type.sql} {self.name.sql}"


@dataclass(frozen=True, slots=True)
class ExternalTableDdlOf:
    """Ask for the statement that makes an external table: no other one has its pattern and its partition columns."""

    name: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one row with the column DDL."""
        return f"SELECT GET_DDL('TABLE', {literal(self.name.sql)}) AS DDL"


@dataclass(frozen=True, slots=True)
class ShowInAccount:
    """List all external tables, pipes or streams that the role sees.

    Args:
        plural: `PIPES`.
    """

    plural: str

    @property
    def sql(self) -> str:
        """Returns one row per object, at most 10,000."""
        return f"SHOW {self.plural} IN ACCOUNT"


@dataclass(frozen=True, slots=True)
class ShowGrants:
    """List the privileges on an object."""

    object_type: ObjectType
    name: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one row per privilege, its ownership, too."""
        return f"SHOW GRANTS ON {self.object_type.sql} {self.name.sql}"
