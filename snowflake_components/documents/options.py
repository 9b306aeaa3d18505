"""The options of a stage and of an external table: closed, typed, described models, and rules between their fields.

Text becomes names, types and expressions when it is read (`identifiers.py`), so mistakes are found when the file is
loaded. The models do not depend on Dagster or on a server.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from snowflake_components.documents.file_formats import AnyFileFormat, options_of
from snowflake_components.documents.types import (
    TIMESTAMP_TYPES,
    Closed,
    Name,
    Names,
    Pattern,
    S3Url,
    Sql,
    TypeSql,
    not_empty,
    require_name,
)
from snowflake_components.identifiers import require_relative_directory
from snowflake_components.planning.hours import HOUR_OF_PATH

_NO_SECRETS = "not supported: a storage_integration gives the access, and no secret is in a document"
_EXPECTED = {
    "or_replace": "not supported: `hourglass snowflake plan` shows what a change does, and `apply` does it",
    "if_not_exists": "not needed: an object that exists is compared, never created again",
    "copy_grants": "not needed: a table that is replaced keeps its grants",
    "tags": "not supported; tags of the asset are in asset_attributes",
    "tag": "not supported; tags of the asset are in asset_attributes",
}


def _location(text: str) -> str:
    split_location(text)
    return text


def split_location(location: str) -> tuple[str, str]:
    """Split `@stage/path` into the stage as written and the directory, empty or with a slash at its end."""
    if not location.startswith("@"):
        raise ValueError(f"must start with @ and name a stage: {location!r}")
    stage, _, path = location[1:].partition("/")
    require_name(stage)
    return stage, require_relative_directory(path if not path or path.endswith("/") else path + "/")


Location = Annotated[str, AfterValidator(_location)]


class DirectoryTable(Closed):
    """The directory table of a stage: the list of its files at the last refresh."""

    not_here: ClassVar[dict[str, str]] = {
        "notification_integration": "not supported: on S3 the notifications of auto_refresh need none",
    }

    enable: bool = Field(description="Keep a directory table; only then is the stage refreshed.")
    auto_refresh: bool = Field(default=False, description="Let notifications of the bucket refresh it.")
    refresh_on_create: bool = Field(
        default=True, description="List the whole stage once after creating it; not when a partition is refreshed."
    )


class StageOptions(Closed):
    """An external stage on S3."""

    not_here: ClassVar[dict[str, str]] = {
        **_EXPECTED,
        "columns": "a stage has no columns: write them in the document of the external table",
        "partition_by": "a stage has no partitions: write them in the document of the external table",
        "location": "a stage has a url; the location is of an external table",
        "pattern": "a stage has no pattern: write it in the document of the external table",
        "credentials": _NO_SECRETS,
        "encryption": "not supported: the bucket's own encryption needs no option",
        "copy_options": "deprecated by Snowflake, and not supported: write them in the document of the table",
        "aws_access_point_arn": "not supported",
        "use_privatelink_endpoint": "not supported",
        "endpoint": "not supported: only s3:// of AWS",
    }

    url: S3Url = Field(
        description="s3://bucket/directory/. Without a slash at the end it is a prefix: it includes every key that "
        "begins with it."
    )
    storage_integration: Annotated[Name | None, BeforeValidator(not_empty)] = Field(
        default=None, description="Storage integration that may read the URL; leave out for a public or local bucket."
    )
    directory: DirectoryTable | None = Field(default=None, description="Directory table of the stage.")
    file_format: AnyFileFormat | None = Field(
        default=None, description="Default file format for queries of the stage; external tables do not inherit it."
    )
    file_extension: str | None = Field(
        default=None, description="Extension of unloaded files; without effect on what is read."
    )
    comment: str | None = Field(default=None, description="Comment of the stage, kept character by character.")

    @model_validator(mode="after")
    def _extension_has_a_format(self) -> Self:
        if self.file_extension and (self.file_format is None or self.file_format.type is None):
            raise ValueError("file_extension is an option of an inline file_format; there is none")
        if (
            self.file_extension
            and self.file_format
            and "file_extension" not in (options_of(self.file_format.type) or ())
        ):
            raise ValueError(f"file_extension is no option of {self.file_format.type}")
        return self

    @property
    def directory_enabled(self) -> bool:
        """Whether the stage has a directory table to refresh."""
        return self.directory is not None and self.directory.enable


class Column(Closed):
    """A virtual column of an external table."""

    not_here: ClassVar[dict[str, str]] = {
        "data_type": "write type",
        "expression": "write as",
        "expr": "write as",
        "nullable": "not supported: Snowflake does not check it in an external table",
        "description": "not supported: describe the column in the model that reads it",
    }

    name: Name = Field(description="Name of the column; plain names are stored in upper case.")
    type: TypeSql = Field(description="Snowflake data type.")
    as_: Sql = Field(
        alias="as",
        description="SQL over VALUE and METADATA$FILENAME, passed unchanged; or hour_of_path, the hour of the "
        "directory of the file, computed with the URL of the stage.",
    )

    @property
    def hour_of_path(self) -> bool:
        """Whether the expression is computed from the URL of the stage."""
        return self.as_.sql.strip().lower() == HOUR_OF_PATH

    @model_validator(mode="after")
    def _hour_is_a_timestamp(self) -> Self:
        if self.hour_of_path and self.type.split("(")[0].strip() not in TIMESTAMP_TYPES:
            raise ValueError(f"{HOUR_OF_PATH} is a TIMESTAMP, not {self.type}")
        return self


class ExternalTableOptions(Closed):
    """An external table over a directory of a stage."""

    not_here: ClassVar[dict[str, str]] = {
        **_EXPECTED,
        "url": "an external table has no url: it reads the stage of its location",
        "directory": "an external table has no directory table: it is of the stage",
        "storage_integration": "an external table has no integration: it is of the stage",
        "credentials": _NO_SECRETS,
        "partition_type": "not supported: partitions are computed from METADATA$FILENAME (partition_by), and files are "
        "registered by a refresh",
        "table_format": "not supported: Delta tables are not described here",
        "aws_sns_topic": "not supported: a run refreshes the table, or auto_refresh with the queue of the bucket",
        "integration": "not supported: on S3 the notifications of auto_refresh need none",
        "row_access_policy": "not supported",
        "file_extension": "without effect on what is read: filter with pattern",
    }

    location: Location = Field(description='"@stage", "@stage/directory/" or "@database.schema.stage/directory/".')
    columns: list[Column] = Field(default=[], description="Virtual columns; VALUE always exists.")
    partition_by: Names = Field(default=[], description="Names of columns computed from METADATA$FILENAME alone.")
    file_format: AnyFileFormat = Field(description="Format of the files; that of the stage is not used.")
    pattern: Pattern | None = Field(default=None, description="Regular expression of the files to register.")
    auto_refresh: bool = Field(default=False, description="Let notifications of the bucket refresh the table.")
    refresh_on_create: bool = Field(
        default=True,
        description="Register the whole location once after creating it; not when a partition is refreshed.",
    )
    stage_url: S3Url | None = Field(
        default=None, description="URL of the stage, for hour_of_path when no document describes the stage."
    )
    comment: str | None = Field(default=None, description="Comment of the table, kept character by character.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [column.name for column in self.columns]
        if doubled := sorted({name.name for name in names if names.count(name) > 1}):
            raise ValueError(f"columns named twice: {', '.join(doubled)}")
        for name in self.partition_by:
            column = next((column for column in self.columns if column.name == name), None)
            if column is None:
                raise ValueError(f"partition_by: there is no column {name.name}")
            if not column.hour_of_path and "metadata$filename" not in column.as_.sql.lower():
                raise ValueError(f"partition_by: column {name.name} is not computed from METADATA$FILENAME")
        return self
