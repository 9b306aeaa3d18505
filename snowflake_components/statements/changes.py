"""The statements that change an object which exists. None of them drops it; only an external table is replaced."""

from __future__ import annotations

from dataclasses import dataclass

from snowflake_components.identifiers import QualifiedName, literal
from snowflake_components.statements.external_tables import CreateExternalTable, VirtualColumn
from snowflake_components.statements.kinds import ObjectType


@dataclass(frozen=True, slots=True)
class SetProperties:
    """Set properties of a stage or a file format in one statement, which changes all of them or none."""

    object_type: ObjectType
    name: QualifiedName
    clauses: tuple[str, ...]

    @property
    def sql(self) -> str:
        """One clause per line; returns one status row."""
        return "\n  ".join([f"ALTER {self.object_type.sql} {self.name.sql} SET", *self.clauses])


@dataclass(frozen=True, slots=True)
class SetAutoRefresh:
    """Let notifications of the bucket refresh an external table, or not."""

    name: QualifiedName
    enabled: bool

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"ALTER EXTERNAL TABLE {self.name.sql} SET AUTO_REFRESH = {'TRUE' if self.enabled else 'FALSE'}"


@dataclass(frozen=True, slots=True)
class SetTableComment:
    """Set the comment of a table or an external table, whose ALTER has no comment."""

    name: QualifiedName
    comment: str

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"COMMENT ON TABLE {self.name.sql} IS {literal(self.comment)}"


@dataclass(frozen=True, slots=True)
class AddVirtualColumn:
    """Add a column to an external table, behind the others; its registered files stay.

    Snowflake adds one column in a statement. IF NOT EXISTS makes the statement one that can be sent twice.
    """

    name: QualifiedName
    column: VirtualColumn

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"ALTER TABLE {self.name.sql} ADD COLUMN IF NOT EXISTS {self.column.sql}"


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a stage, a file format or a table another name in its schema."""

    object_type: ObjectType
    name: QualifiedName
    to: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"ALTER {self.object_type.sql} {self.name.sql} RENAME TO {self.to.sql}"


@dataclass(frozen=True, slots=True)
class ReplaceExternalTable:
    """Create an external table again; its grants stay, its registered files do not."""

    definition: CreateExternalTable

    @property
    def name(self) -> QualifiedName:
        """Full name of the table."""
        return self.definition.name

    @property
    def sql(self) -> str:
        """The statement of the definition with OR REPLACE and COPY GRANTS."""
        return self.definition.rendered("CREATE OR REPLACE EXTERNAL TABLE", copy_grants=True)


@dataclass(frozen=True, slots=True)
class RegisteredFiles:
    """List the files that an external table has registered."""

    name: QualifiedName

    @property
    def sql(self) -> str:
        """Returns one row per file with the column FILE_NAME."""
        function = f"{self.name.database.sql}.INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES"
        return f"SELECT FILE_NAME FROM TABLE({function}(TABLE_NAME => {literal(self.name.sql)}))"  # noqa: S608 - quoted by identifiers.py


@dataclass(frozen=True, slots=True)
class ShowObjects:
    """List all objects of one kind in a schema."""

    object_type: ObjectType
    schema: QualifiedName
    """Any object of the schema."""

    @property
    def sql(self) -> str:
        """Returns one row per object, at most 10,000."""
        return f"SHOW {self.object_type.plural_sql} IN SCHEMA {self.schema.container_sql}"
