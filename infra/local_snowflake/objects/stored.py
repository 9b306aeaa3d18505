"""The objects that the registry stores: stages, external tables, file formats and integrations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from infra.local_snowflake.language.names import ObjectName, quote
from infra.local_snowflake.language.statements import Column, Directory, ObjectKind, Options

DATABASE = "_fs_external"
"""Name of the DuckDB database of the registry; SHOW DATABASES hides it, and no client needs it."""
WHOLE_SCHEMA = "whole"
"""Schema of the views with all columns of external tables."""


@dataclass(frozen=True, slots=True)
class Location:
    """A directory of a bucket: `s3://bucket/prefix`."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stored stage.

    Args:
        id: of this stage; a later stage of the same name has another, which makes tables over this one invalid.
        url: empty for an internal stage.
    """

    id: str
    name: ObjectName
    url: str
    created_on: datetime
    storage_integration: str | None
    directory: Directory
    file_format: Options
    comment: str
    last_refreshed_on: datetime | None = None
    temporary: bool = False
    has_credentials: bool = False
    encryption: Options = field(default_factory=dict)
    copy_options: Options = field(default_factory=dict)

    @property
    def is_internal(self) -> bool:
        """Whether its files are stored by this server."""
        return not self.url


@dataclass(frozen=True, slots=True)
class StoredFormat:
    """A stored file format: its options with TYPE."""

    name: ObjectName
    options: Options
    comment: str
    created_on: datetime
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Integration:
    """A stored storage integration; its name has no database and no schema.

    Args:
        options: as written: STORAGE_PROVIDER, STORAGE_AWS_ROLE_ARN and others.
        enabled: whether a stage may use it.
        allowed: prefixes of URLs; `*` allows all.
        blocked: prefixes of URLs within the allowed ones.
    """

    name: ObjectName
    options: Options
    enabled: bool
    allowed: tuple[str, ...]
    blocked: tuple[str, ...]
    comment: str
    created_on: datetime


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """A stored external table.

    Args:
        id: of its rows and files.
        stage_id: of its stage at creation.
        stage_url: of its stage at creation; another URL makes the table invalid.
        path: of its LOCATION below the stage.
        partition_types: DuckDB's types of the partition columns, in the order of `partition_by`.
        with_rows: whether an earlier version created it, which stored its rows instead of its files' names.
    """

    id: str
    name: ObjectName
    stage: ObjectName
    stage_id: str
    stage_url: str
    path: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...]
    pattern: str | None
    file_format: Options
    auto_refresh: bool
    comment: str
    created_on: datetime
    last_refreshed_on: datetime | None = None
    partition_types: tuple[str, ...] = ()
    user_specified: bool = False
    file_format_name: str | None = None
    aws_sns_topic: str | None = None
    with_rows: bool = True

    @property
    def raw_sql(self) -> str:
        """The name of the view over its files: VALUE, metadata and partition columns."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id)}"

    @property
    def columns_sql(self) -> str:
        """The name of the view with its columns and the metadata columns."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id + '_columns')}"

    @property
    def partitions_sql(self) -> str:
        """The name of the view that computes partition columns for names of files."""
        return f"{quote(DATABASE)}.{quote('raw')}.{quote(self.id + '_partitions')}"

    @property
    def whole_sql(self) -> str:
        """The name of the view with its columns and the metadata columns; a later table of this name has the same."""
        return f"{quote(DATABASE)}.{quote(WHOLE_SCHEMA)}.{quote(self.name.sql)}"


TYPES: dict[ObjectKind, TypeAdapter[Any]] = {
    ObjectKind.STAGE: TypeAdapter(Stage),
    ObjectKind.EXTERNAL_TABLE: TypeAdapter(ExternalTable),
    ObjectKind.FILE_FORMAT: TypeAdapter(StoredFormat),
    ObjectKind.INTEGRATION: TypeAdapter(Integration),
}
Kept: TypeAlias = Stage | ExternalTable | StoredFormat | Integration
KINDS: dict[type, ObjectKind] = {
    Stage: ObjectKind.STAGE,
    ExternalTable: ObjectKind.EXTERNAL_TABLE,
    StoredFormat: ObjectKind.FILE_FORMAT,
    Integration: ObjectKind.INTEGRATION,
}
