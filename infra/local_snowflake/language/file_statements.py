"""The statements on file formats, files of stages, loading and integrations, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import Creation, Options, OptionValue, StagePath


@dataclass(frozen=True, slots=True)
class CreateFileFormat:
    """CREATE FILE FORMAT."""

    name: PartialName
    creation: Creation
    options: Options
    comment: str = ""
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class AlterFileFormat:
    """ALTER FILE FORMAT SET, UNSET or RENAME TO."""

    name: PartialName
    if_exists: bool
    options: Options = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    comment: str | None = None
    renamed: PartialName | None = None


@dataclass(frozen=True, slots=True)
class PutFiles:
    """PUT file://... @stage."""

    source: str
    target: StagePath
    options: Options


@dataclass(frozen=True, slots=True)
class GetFiles:
    """GET @stage file://..."""

    source: StagePath
    target: str
    options: Options


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """REMOVE @stage."""

    source: StagePath
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """`(SELECT ... FROM @stage alias)` of COPY INTO: the text of its items, and the alias."""

    items: str
    alias: str | None


@dataclass(frozen=True, slots=True)
class CopyInto:
    """COPY INTO a table.

    Args:
        columns: of the table; empty for all.
        source: a stage with a path, or an URL.
        options: the copy options, by name.
        file_format: None if it is that of the stage.
    """

    table: PartialName
    columns: tuple[str, ...]
    source: StagePath | str
    transform: Transform | None = None
    storage_integration: str | None = None
    files: tuple[str, ...] | None = None
    pattern: str | None = None
    file_format: Options | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    validation_mode: str | None = None
    include_metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unload:
    """COPY INTO a location: the statement whose rows are written, and the options."""

    target: StagePath | str
    query: str
    file_format: Options | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    header: bool = False


@dataclass(frozen=True, slots=True)
class CreateIntegration:
    """CREATE STORAGE INTEGRATION."""

    name: PartialName
    creation: Creation
    options: Options
    comment: str = ""


@dataclass(frozen=True, slots=True)
class AlterIntegration:
    """ALTER STORAGE INTEGRATION SET or UNSET."""

    name: PartialName
    if_exists: bool
    options: Options = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    comment: str | None = None


FileStatement: TypeAlias = (
    CreateFileFormat
    | AlterFileFormat
    | PutFiles
    | GetFiles
    | RemoveFiles
    | CopyInto
    | Unload
    | CreateIntegration
    | AlterIntegration
)
