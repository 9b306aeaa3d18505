"""The YAML of a stage and of an external table: closed, typed, described models, and rules between their fields.

Text becomes names, types and expressions when it is read (`identifiers.py`), so mistakes are found when the file is
loaded. The models do not depend on Dagster or on a server.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from snowflake_components.identifiers import Expression, Identifier, require_relative_directory, split_name
from snowflake_components.planning.hours import HOUR_OF_PATH

_S3_URL = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9.-]{1,62})/(?P<path>(?:[A-Za-z0-9_=.-]+/)*)")
_TYPE = re.compile(r"(?P<name>[A-Z_]+(?: [A-Z_]+)*)(?P<size> ?\( ?\d{1,9}(?: ?, ?\d{1,2})? ?\))?")
TIMESTAMP_TYPES = frozenset({"DATETIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"})
_TEXT_TYPES = frozenset({"CHAR", "CHARACTER", "STRING", "TEXT", "VARCHAR"})
_WHOLE_TYPES = frozenset({"BIGINT", "BYTEINT", "INT", "INTEGER", "SMALLINT", "TINYINT"})
_DECIMAL_TYPES = frozenset({"DECIMAL", "NUMBER", "NUMERIC"})
_FLOAT_TYPES = frozenset({"DOUBLE", "DOUBLE PRECISION", "FLOAT", "FLOAT4", "FLOAT8", "REAL"})
_OTHER_TYPES = frozenset({"ARRAY", "BINARY", "BOOLEAN", "DATE", "OBJECT", "TIME", "VARBINARY", "VARIANT"})
_TYPES = TIMESTAMP_TYPES | _TEXT_TYPES | _WHOLE_TYPES | _DECIMAL_TYPES | _FLOAT_TYPES | _OTHER_TYPES


def _type_sql(text: str) -> str:
    sql = " ".join(text.upper().split())
    match = _TYPE.fullmatch(sql)
    if match is None or match["name"] not in _TYPES:
        raise ValueError(f"not a Snowflake data type: {text!r}; for example VARCHAR, NUMBER(38, 0), TIMESTAMP_NTZ")
    return sql


def _s3_url(text: str) -> str:
    if not text.startswith("s3://"):
        raise ValueError(f"only s3:// is supported: {text!r}")
    match = _S3_URL.fullmatch(text)
    if match is None or {".", ".."} & set(match["path"].split("/")):
        repair = "; it must end with /" if not text.endswith("/") else ""
        raise ValueError(f"not of the form s3://bucket/directory/: {text!r}{repair}")
    return text


def _not_empty(value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("must not be empty; write a value or leave the field out")
    return value


def _identifier(value: Any) -> Identifier:
    if isinstance(value, Identifier):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a name is text, put it in quotes: {value!r}")  # noqa: TRY004 - pydantic reports ValueError
    return Identifier.parse(value)


def _expression(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"an SQL expression is text, put it in quotes: {value!r}")  # noqa: TRY004 - pydantic reports ValueError
    return Expression(value)


_TEXT = WithJsonSchema({"type": "string"})
Name = Annotated[Identifier, BeforeValidator(_not_empty), PlainValidator(_identifier), _TEXT]
Sql = Annotated[Expression, PlainValidator(_expression), _TEXT]
TypeSql = Annotated[str, AfterValidator(_type_sql)]
S3Url = Annotated[str, AfterValidator(_s3_url)]


class _Closed(BaseModel):
    """Unknown fields are errors, values keep their YAML type, instances are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Compression(StrEnum):
    """Compression of staged files."""

    AUTO = "AUTO"
    BROTLI = "BROTLI"
    BZ2 = "BZ2"
    DEFLATE = "DEFLATE"
    GZIP = "GZIP"
    NONE = "NONE"
    RAW_DEFLATE = "RAW_DEFLATE"
    ZSTD = "ZSTD"


def _compression(value: Any) -> Any:
    if not isinstance(value, str) or value.upper() not in Compression.__members__:
        raise ValueError(f"not a compression: {value!r}; one of {', '.join(Compression)}")
    return Compression(value.upper())


def _json_type(value: Any) -> Any:
    if not isinstance(value, str) or value.upper() != "JSON":
        raise ValueError(
            f"only JSON can be described inline, not {value!r}; create a file format and give its format_name"
        )
    return "JSON"


class FileFormat(_Closed):
    """Format of staged files: inline JSON options or a named file format, not both."""

    type: Annotated[str | None, BeforeValidator(_json_type)] = Field(
        default=None, description="JSON, the only format that can be described inline."
    )
    format_name: str | None = Field(default=None, description="[[database.]schema.]name of a file format that exists.")
    compression: Annotated[Compression | None, BeforeValidator(_compression)] = Field(
        default=None, description="Compression of the files; AUTO (the default) depends on their names."
    )
    strip_outer_array: bool | None = Field(
        default=None, description="Read one array per file as its elements; files of JSON lines have none."
    )
    strip_null_values: bool | None = Field(default=None, description="Drop object fields that are null.")
    allow_duplicate: bool | None = Field(default=None, description="Keep the last of duplicate object fields.")
    replace_invalid_characters: bool | None = Field(
        default=None, description="Read invalid UTF-8 as U+FFFD instead of losing the row."
    )
    skip_byte_order_mark: bool | None = Field(default=None, description="Skip a byte order mark.")
    file_extension: str | None = Field(
        default=None, description="Extension of unloaded files; without effect on what is read (use pattern)."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.type is None) == (self.format_name is None):
            raise ValueError("needs either type: JSON or format_name")
        if self.format_name is not None:
            _require_name(self.format_name)
            if options := self.model_fields_set - {"format_name", "type"}:
                raise ValueError(f"{', '.join(sorted(options))} belong(s) to the named file format, not here")
        return self


def _require_name(text: str) -> None:
    for part in split_name(text):
        Identifier.parse(part)


def _inline_or_named(value: Any) -> Any:
    return {"format_name": value} if isinstance(value, str) else value


AnyFileFormat = Annotated[FileFormat, BeforeValidator(_inline_or_named, json_schema_input_type=FileFormat | str)]


class DirectoryTable(_Closed):
    """The directory table of a stage: the list of its files at the last refresh."""

    enable: bool = Field(description="Keep a directory table; only then is the stage refreshed.")
    auto_refresh: bool = Field(default=False, description="Let notifications of the bucket refresh it.")
    refresh_on_create: bool = Field(
        default=True, description="List the whole stage once after creating it; not when a partition is refreshed."
    )


class StageOptions(_Closed):
    """An external stage on S3."""

    url: S3Url = Field(description="s3://bucket/directory/, with a slash at the end.")
    storage_integration: Annotated[Name | None, BeforeValidator(_not_empty)] = Field(
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
        return self

    @property
    def directory_enabled(self) -> bool:
        """Whether the stage has a directory table to refresh."""
        return self.directory is not None and self.directory.enable


class Column(_Closed):
    """A virtual column of an external table."""

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


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class ExternalTableOptions(_Closed):
    """An external table over a directory of a stage."""

    location: str = Field(description='"@stage", "@stage/directory/" or "@database.schema.stage/directory/".')
    columns: list[Column] = Field(default=[], description="Virtual columns; VALUE always exists.")
    partition_by: Annotated[list[Name], BeforeValidator(_one_or_more, json_schema_input_type=list[str] | str)] = Field(
        default=[], description="Names of columns computed from METADATA$FILENAME alone."
    )
    file_format: AnyFileFormat = Field(description="Format of the files; that of the stage is not used.")
    pattern: str | None = Field(default=None, description="Regular expression of the files to register.")
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
        split_location(self.location)
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


def split_location(location: str) -> tuple[str, str]:
    """Split `@stage/path` into the stage as written and the directory, empty or with a slash at its end."""
    if not location.startswith("@"):
        raise ValueError(f"location: must start with @ and name a stage: {location!r}")
    stage, _, path = location[1:].partition("/")
    _require_name(stage)
    return stage, require_relative_directory(path if not path or path.endswith("/") else path + "/")
