"""The statements about a table that is loaded from a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from snowflake_components.identifiers import (
    Expression,
    Identifier,
    OptionValue,
    QualifiedName,
    StagePath,
    Word,
    option,
    require_relative_directory,
)
from snowflake_components.statements.kinds import ObjectType


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table, and the expression that loads it."""

    name: Identifier
    type_sql: str
    expression: Expression
    not_null: bool = False

    @property
    def sql(self) -> str:
        """The definition inside the column list."""
        return f"{self.name.sql} {self.type_sql}{' NOT NULL' if self.not_null else ''}"


@dataclass(frozen=True, slots=True)
class CreateTable:
    """Create a table that does not exist; it is never replaced, because its rows would be lost."""

    name: QualifiedName
    columns: tuple[TableColumn, ...]
    comment: str | None = None

    @property
    def object_type(self) -> ObjectType:
        """A table."""
        return ObjectType.TABLE

    @property
    def fields(self) -> Mapping[str, str]:
        """The columns are inside of the brackets."""
        return {
            "columns": ",\n    ".join(self.column_clauses.values()),
            "comment": option("COMMENT", self.comment) if self.comment else "",
        }

    @property
    def column_clauses(self) -> Mapping[str, str]:
        """The columns, without the expressions that load them."""
        return {column.name.name: column.sql for column in self.columns}

    @property
    def shown(self) -> Mapping[str, str]:
        """Nothing: SHOW prints no columns."""
        return {}

    @property
    def sql(self) -> str:
        """One column per line."""
        fields = self.fields
        table = f"CREATE TABLE IF NOT EXISTS {self.name.sql} (\n    {fields['columns']}\n  )"
        return "\n  ".join(clause for clause in (table, fields["comment"]) if clause)

    def with_comment(self, comment: str) -> Self:
        """Return the table with another comment."""
        return replace(self, comment=comment)


@dataclass(frozen=True, slots=True)
class AddColumns:
    """Add columns to a table; its rows have NULL in them."""

    name: QualifiedName
    columns: tuple[TableColumn, ...]

    @property
    def sql(self) -> str:
        """Returns one status row."""
        return f"ALTER TABLE {self.name.sql} ADD COLUMN {', '.join(column.sql for column in self.columns)}"


@dataclass(frozen=True, slots=True)
class CopyInto:
    """Load the files of a directory that the load metadata of the table does not have yet.

    Args:
        name: the table.
        columns: with the expressions that load them.
        location: of the files.
        file_format: of the files; that of the stage is not used.
        on_error: what happens to a file with an error.
        pattern: regular expression of the files.
        load_uncertain_files: load files that are older than the load metadata, which may load them twice.
        path: below the location, with a slash at its end; None for the whole location.
    """

    name: QualifiedName
    columns: tuple[TableColumn, ...]
    location: StagePath
    file_format: Mapping[str, OptionValue]
    on_error: Word | str
    pattern: str | None = None
    load_uncertain_files: bool = False
    path: str | None = None

    @property
    def sql(self) -> str:
        """Returns one row per loaded file, or one row without a file."""
        names = ", ".join(column.name.sql for column in self.columns)
        values = ",\n    ".join(column.expression.sql for column in self.columns)
        files = StagePath(self.location.stage, self.location.path + require_relative_directory(self.path or ""))
        clauses = [
            f"COPY INTO {self.name.sql} ({names})",
            f"FROM (SELECT\n    {values}\n    FROM {files.sql})",
            option("PATTERN", self.pattern) if self.pattern else "",
            option("FILE_FORMAT", self.file_format),
            option("ON_ERROR", self.on_error),
            option("LOAD_UNCERTAIN_FILES", True) if self.load_uncertain_files else "",
        ]
        return "\n  ".join(clause for clause in clauses if clause)

    def below(self, path: str | None) -> CopyInto:
        """Return the load of one directory."""
        return replace(self, path=path)
