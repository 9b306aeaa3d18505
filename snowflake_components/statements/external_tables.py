"""The statements about external tables; they can be sent twice, as those about stages."""

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
    literal,
    option,
    require_relative_directory,
)
from snowflake_components.statements.kinds import ObjectType


@dataclass(frozen=True, slots=True)
class VirtualColumn:
    """A column of an external table: its name, the SQL of its type, and its expression."""

    name: Identifier
    type_sql: str
    expression: Expression

    @property
    def sql(self) -> str:
        """The definition inside the column list."""
        return f"{self.name.sql} {self.type_sql} AS ({self.expression.sql})"


@dataclass(frozen=True, slots=True)
class CreateExternalTable:
    """Create an external table that does not exist.

    The file format is always written, because a table does not inherit that of its stage. AUTO_REFRESH and
    REFRESH_ON_CREATE are always written, because their default is TRUE; the second is always FALSE, see `CreateStage`.
    """

    name: QualifiedName
    columns: tuple[VirtualColumn, ...]
    location: StagePath
    file_format: Mapping[str, OptionValue]
    partition_by: tuple[Identifier, ...] = ()
    pattern: str | None = None
    auto_refresh: bool = False
    comment: str | None = None

    @property
    def object_type(self) -> ObjectType:
        """An external table."""
        return ObjectType.EXTERNAL_TABLE

    @property
    def fields(self) -> Mapping[str, str]:
        """The clauses in their order; the columns are inside of the brackets."""
        partitions = ", ".join(column.sql for column in self.partition_by)
        return {
            "columns": ",\n    ".join(self.column_clauses.values()),
            "partition_by": f"PARTITION BY ({partitions})" if partitions else "",
            "location": f"LOCATION = {self.location.sql}",
            "auto_refresh": option("AUTO_REFRESH", self.auto_refresh),
            "pattern": option("PATTERN", self.pattern) if self.pattern else "",
            "file_format": option("FILE_FORMAT", self.file_format),
            "comment": option("COMMENT", self.comment) if self.comment else "",
        }

    @property
    def column_clauses(self) -> Mapping[str, str]:
        """The virtual columns."""
        return {column.name.name: column.sql for column in self.columns}

    @property
    def shown(self) -> Mapping[str, str]:
        """Nothing: SHOW normalizes the location, and prints neither columns nor pattern."""
        return {}

    @property
    def sql(self) -> str:
        """One column and one clause per line."""
        return self.rendered("CREATE EXTERNAL TABLE IF NOT EXISTS", copy_grants=False)

    def with_comment(self, comment: str) -> Self:
        """Return the table with another comment."""
        return replace(self, comment=comment)

    def rendered(self, verb: str, *, copy_grants: bool) -> str:
        """Return the statement with another verb.

        Args:
            verb: up to the name of the table.
            copy_grants: whether the grants of a replaced table stay.
        """
        fields = self.fields
        columns = f" (\n    {fields['columns']}\n  )" if self.columns else ""
        clauses = [
            f"{verb} {self.name.sql}{columns}",
            fields["partition_by"],
            fields["location"],
            fields["auto_refresh"],
            option("REFRESH_ON_CREATE", False),
            fields["pattern"],
            fields["file_format"],
            "COPY GRANTS" if copy_grants else "",
            fields["comment"],
        ]
        return "\n  ".join(clause for clause in clauses if clause)


@dataclass(frozen=True, slots=True)
class RefreshExternalTable:
    """Register the files of an external table, all of them or those of one directory.

    Args:
        name: the table.
        path: relative to the table's LOCATION, with a slash at its end; None registers everything.
    """

    name: QualifiedName
    path: str | None = None

    @property
    def sql(self) -> str:
        """Returns one row per changed file."""
        refresh = f"ALTER EXTERNAL TABLE {self.name.sql} REFRESH"
        if self.path is None:
            return refresh
        return f"{refresh} {literal(require_relative_directory(self.path))}"
