"""ALTER of tables, views, schemas, databases and sequences, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.language.names import PartialName


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column of ADD COLUMN: name, text after the name, and what the text says."""

    name: str
    definition: str
    if_not_exists: bool = False
    not_null: bool = False
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ADD [COLUMN]."""

    columns: tuple[NewColumn, ...]


@dataclass(frozen=True, slots=True)
class DropColumns:
    """DROP [COLUMN]; names that may be missing are in `if_exists`."""

    names: tuple[str, ...]
    if_exists: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """RENAME COLUMN."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """One change of ALTER COLUMN: the words after the column, or its new comment."""

    column: str
    words: str = ""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeColumns:
    """ALTER or MODIFY [COLUMN], with one change or several."""

    changes: tuple[ColumnChange, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME TO."""

    to: PartialName


@dataclass(frozen=True, slots=True)
class Swap:
    """SWAP WITH."""

    other: PartialName


@dataclass(frozen=True, slots=True)
class SetProperties:
    """SET or UNSET of what is stored and shown, by the names of the fields of `ObjectInfo`."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClusterBy:
    """CLUSTER BY or DROP CLUSTERING KEY: the key as it is shown; empty for none."""

    key: str


@dataclass(frozen=True, slots=True)
class AddKey:
    """ADD of a key: PRIMARY, UNIQUE or IMPORTED, which is a foreign key."""

    kind: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropKey:
    """DROP of a key by its name, or by its kind and columns; a primary key needs no columns."""

    kind: str = ""
    name: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenameKey:
    """RENAME CONSTRAINT."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that is refused if the object exists."""

    refusal: StatementRefusedError


Alteration: TypeAlias = (
    AddColumns
    | DropColumns
    | RenameColumn
    | ChangeColumns
    | Rename
    | Swap
    | SetProperties
    | ClusterBy
    | AddKey
    | DropKey
    | RenameKey
    | Refused
)


@dataclass(frozen=True, slots=True)
class Alter:
    """ALTER of one object.

    Args:
        kind: TABLE, VIEW, SCHEMA, DATABASE or SEQUENCE.
        text: of the statement.
    """

    kind: str
    name: PartialName
    if_exists: bool
    change: Alteration
    text: str
