"""The statements that the local Snowflake executes itself, as frozen values; see `parsing.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from infra.local_snowflake.language.names import PartialName


class Creation(Enum):
    """What CREATE does when the object exists."""

    REFUSE = auto()
    KEEP = auto()
    REPLACE = auto()
    ALTER = auto()
    """CREATE OR ALTER: a property that is left out gets its default."""


class ObjectKind(Enum):
    """The kinds of objects that this server stores, as written in a statement."""

    STAGE = "STAGE"
    EXTERNAL_TABLE = "EXTERNAL TABLE"
    FILE_FORMAT = "FILE FORMAT"
    INTEGRATION = "INTEGRATION"


OptionValue: TypeAlias = str | bool | int | tuple[str, ...]
Options: TypeAlias = Mapping[str, OptionValue]
"""The options of a file format as written; FORMAT_NAME alone names a stored one."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory table of a stage."""

    enable: bool = False
    auto_refresh: bool = False
    refresh_on_create: bool = True


@dataclass(frozen=True, slots=True)
class StagePath:
    """`@stage/path`; the path has no slash at its start."""

    stage: PartialName
    path: str = ""


@dataclass(frozen=True, slots=True)
class CreateStage:
    """CREATE STAGE: external with a URL, internal without one."""

    name: PartialName
    creation: Creation
    url: str | None = None
    storage_integration: str | None = None
    directory: Directory = Directory()
    file_format: Options = field(default_factory=dict)
    comment: str = ""
    temporary: bool = False
    has_credentials: bool = False
    encryption: Options = field(default_factory=dict)
    copy_options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlterStage:
    """ALTER STAGE SET, UNSET or RENAME TO: None leaves a property as it is."""

    name: PartialName
    if_exists: bool
    url: str | None = None
    storage_integration: str | None = None
    directory: Directory | None = None
    file_format: Options | None = None
    comment: str | None = None
    has_credentials: bool | None = None
    encryption: Options | None = None
    copy_options: Options | None = None
    renamed: PartialName | None = None


@dataclass(frozen=True, slots=True)
class RefreshStage:
    """ALTER STAGE REFRESH: refresh the directory table."""

    name: PartialName
    if_exists: bool
    subpath: str = ""


@dataclass(frozen=True, slots=True)
class ListStage:
    """LIST @stage."""

    location: StagePath
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A virtual column: stored name, SQL of its type (None: that of the expression), SQL of its expression.

    Its constraints are stored and shown, and not enforced.
    """

    name: str
    type_sql: str | None
    expression: str
    not_null: bool = False
    primary_key: bool = False
    unique: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CreateExternalTable:
    """CREATE EXTERNAL TABLE over objects of a stage."""

    name: PartialName
    creation: Creation
    columns: tuple[Column, ...]
    location: StagePath
    file_format: Options
    partition_by: tuple[str, ...] = ()
    user_specified: bool = False
    pattern: str | None = None
    auto_refresh: bool | None = None
    refresh_on_create: bool = True
    aws_sns_topic: str | None = None
    comment: str = ""
    copy_grants: bool = False


@dataclass(frozen=True, slots=True)
class RefreshExternalTable:
    """ALTER EXTERNAL TABLE REFRESH: register the files below a path relative to the table's LOCATION."""

    name: PartialName
    if_exists: bool
    path: str = ""


@dataclass(frozen=True, slots=True)
class ChangeFiles:
    """ALTER EXTERNAL TABLE ADD FILES or REMOVE FILES, by paths relative to the table's LOCATION."""

    name: PartialName
    if_exists: bool
    paths: tuple[str, ...]
    add: bool


@dataclass(frozen=True, slots=True)
class AddPartition:
    """ALTER EXTERNAL TABLE ADD PARTITION: register the files below a path with these values."""

    name: PartialName
    if_exists: bool
    values: tuple[tuple[str, str], ...]
    path: str


@dataclass(frozen=True, slots=True)
class DropPartition:
    """ALTER EXTERNAL TABLE DROP PARTITION LOCATION: unregister the files below a path."""

    name: PartialName
    if_exists: bool
    path: str


@dataclass(frozen=True, slots=True)
class AlterExternalTable:
    """ALTER EXTERNAL TABLE SET."""

    name: PartialName
    if_exists: bool
    auto_refresh: bool


ExternalTableStatement: TypeAlias = (
    CreateExternalTable | RefreshExternalTable | ChangeFiles | AddPartition | DropPartition | AlterExternalTable
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of SHOW; None is the whole account, or every value of a part."""

    database: str | None = None
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW of the objects of one kind; without a scope, those of the session's schema."""

    kind: ObjectKind
    like: str | None = None
    scope: Scope | None = None
    starts_with: str = ""
    limit: int | None = None
    from_name: str | None = None
    terse: bool = False


@dataclass(frozen=True, slots=True)
class ShowList:
    """SHOW of the lists that every database has.

    Args:
        kind: the words after SHOW, like PRIMARY KEYS.
        scope: ACCOUNT, DATABASE, SCHEMA, TABLE, VIEW or a word of the kind; empty if IN names no kind.
        parts: of the name after IN; empty without one.
        from_name: of LIMIT ... FROM.
    """

    kind: str
    terse: bool = False
    like: str | None = None
    scope: str = ""
    parts: tuple[str, ...] = ()
    starts_with: str = ""
    limit: int | None = None
    from_name: str = ""

    @property
    def of_databases(self) -> bool:
        """Whether IN <name> names a database."""
        return self.kind == "SCHEMAS"


@dataclass(frozen=True, slots=True)
class Describe:
    """DESC of one object; `of_stage` is TYPE = STAGE of an external table."""

    kind: ObjectKind
    name: PartialName
    of_stage: bool = False


@dataclass(frozen=True, slots=True)
class DescribeObject:
    """DESC TABLE, VIEW, SCHEMA or DATABASE."""

    kind: str
    name: PartialName


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP of one object."""

    kind: ObjectKind
    name: PartialName
    if_exists: bool


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE."""

    name: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class UseRole:
    """USE ROLE."""

    role: str


@dataclass(frozen=True, slots=True)
class UseWarehouse:
    """USE WAREHOUSE."""

    warehouse: str


@dataclass(frozen=True, slots=True)
class Clone:
    """CREATE TABLE, SCHEMA or DATABASE ... CLONE."""

    kind: str
    name: PartialName
    source: PartialName
    creation: Creation
    transient: bool = False


@dataclass(frozen=True, slots=True)
class CreateOrAlterTable:
    """CREATE OR ALTER TABLE; `definition` is the text after its name."""

    name: PartialName
    definition: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class SetComments:
    """COMMENT ON, or ALTER ... COMMENT.

    Args:
        kind: of the object, a word of the statement.
        own: comment of the object; None leaves it.
        columns: comments by column.
    """

    kind: str
    name: PartialName
    if_exists: bool
    own: str | None
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OnAbsent:
    """ALTER, DROP, DESCRIBE or EXECUTE of an object of a kind that cannot be created here, so that there is none."""

    verb: str
    kind: str
    name: PartialName
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateStream:
    """CREATE STREAM ON an object, which is refused: as unsupported if the object exists."""

    on: str
    source: PartialName


@dataclass(frozen=True, slots=True)
class SetVariables:
    """SET of several variables: names and expressions."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """BEGIN or START TRANSACTION."""


@dataclass(frozen=True, slots=True)
class Commit:
    """COMMIT."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """ROLLBACK."""


Statement: TypeAlias = (
    CreateStage
    | AlterStage
    | RefreshStage
    | ListStage
    | ExternalTableStatement
    | Show
    | Describe
    | Drop
    | DropDatabase
    | Clone
    | CreateOrAlterTable
    | SetComments
    | ShowList
    | DescribeObject
    | OnAbsent
    | CreateStream
    | SetVariables
    | Begin
    | Commit
    | Rollback
)
