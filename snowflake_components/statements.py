"""The statements that this package sends, as frozen values with their SQL.

Every statement has the full name of its object and can be sent twice: CREATE has IF NOT EXISTS and replaces nothing,
a refresh registers the present files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

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


class Statement(Protocol):
    """One statement."""

    @property
    def sql(self) -> str:
        """The text to send, without a semicolon."""
        ...


class ObjectType(StrEnum):
    """The kinds of objects, as written in the YAML."""

    STAGE = "stage"
    EXTERNAL_TABLE = "external table"


@dataclass(frozen=True, slots=True)
class CreateStage:
    """Create an external stage that does not exist.

    REFRESH_ON_CREATE is always FALSE: a separate refresh returns its files, and CREATE does not.
    """

    name: QualifiedName
    url: str
    storage_integration: Identifier | None = None
    directory_auto_refresh: bool | None = None
    file_format: Mapping[str, OptionValue] | None = None
    comment: str | None = None

    @property
    def sql(self) -> str:
        """One clause per line."""
        clauses = [f"CREATE STAGE IF NOT EXISTS {self.name.sql}", option("URL", self.url)]
        if self.storage_integration:
            clauses.append(option("STORAGE_INTEGRATION", self.storage_integration))
        if self.directory_auto_refresh is not None:
            directory = {
                "ENABLE": True,
                "AUTO_REFRESH": self.directory_auto_refresh,
                "REFRESH_ON_CREATE": False,
            }
            clauses.append(option("DIRECTORY", directory))
        if self.file_format:
            clauses.append(option("FILE_FORMAT", self.file_format))
        if self.comment:
            clauses.append(option("COMMENT", self.comment))
        return "\n  ".join(clauses)


@dataclass(frozen=True, slots=True)
class RefreshStage:
    """Refresh the directory table of a stage, all of it or one directory.

    Args:
        name: the stage.
        path: relative to the stage's URL, with a slash at its end; None lists everything.
    """

    name: QualifiedName
    path: str | None = None

    @property
    def sql(self) -> str:
        """Returns one row per changed file."""
        refresh = f"ALTER STAGE {self.name.sql} REFRESH"
        if self.path is None:
            return refresh
        return f"{refresh} {option('SUBPATH', require_relative_directory(self.path))}"


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
    def sql(self) -> str:
        """One column and one clause per line."""
        head = f"CREATE EXTERNAL TABLE IF NOT EXISTS {self.name.sql}"
        if self.columns:
            head += " (\n    " + ",\n    ".join(column.sql for column in self.columns) + "\n  )"
        clauses = [head]
        if self.partition_by:
            clauses.append(f"PARTITION BY ({', '.join(column.sql for column in self.partition_by)})")
        clauses.append(f"LOCATION = {self.location.sql}")
        clauses.append(option("AUTO_REFRESH", self.auto_refresh))
        clauses.append(option("REFRESH_ON_CREATE", False))
        if self.pattern:
            clauses.append(option("PATTERN", self.pattern))
        clauses.append(option("FILE_FORMAT", self.file_format))
        if self.comment:
            clauses.append(option("COMMENT", self.comment))
        return "\n  ".join(clauses)


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
        kinds = {ObjectType.STAGE: "STAGES", ObjectType.EXTERNAL_TABLE: "EXTERNAL TABLES"}
        like = literal(self.name.name.name)
        return f"SHOW {kinds[self.object_type]} LIKE {like} IN SCHEMA {self.name.container_sql}"


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
