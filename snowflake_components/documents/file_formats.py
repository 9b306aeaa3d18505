"""The format of staged files: the typed options of each type, or the name of a file format."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from snowflake_components.documents.types import Closed, require_name
from snowflake_components.identifiers import OptionValue, QualifiedName, Word


class FormatType(StrEnum):
    """The types of files that a stage can hold and a table can read."""

    AVRO = "AVRO"
    CSV = "CSV"
    JSON = "JSON"
    ORC = "ORC"
    PARQUET = "PARQUET"


class Compression(StrEnum):
    """Compression of staged files."""

    AUTO = "AUTO"
    BROTLI = "BROTLI"
    BZ2 = "BZ2"
    DEFLATE = "DEFLATE"
    GZIP = "GZIP"
    LZO = "LZO"
    NONE = "NONE"
    RAW_DEFLATE = "RAW_DEFLATE"
    SNAPPY = "SNAPPY"
    ZSTD = "ZSTD"


_PARQUET_COMPRESSIONS = {Compression.AUTO, Compression.LZO, Compression.NONE, Compression.SNAPPY}
_EVERY = frozenset({"trim_space", "null_if", "replace_invalid_characters"})
_UNLOADED = frozenset({"file_extension"})
_TIMES = frozenset({"date_format", "time_format", "timestamp_format", "binary_format"})
_OPTIONS = {
    FormatType.AVRO: _EVERY | {"compression"},
    FormatType.CSV: _EVERY
    | _TIMES
    | _UNLOADED
    | {
        "compression",
        "record_delimiter",
        "field_delimiter",
        "parse_header",
        "skip_header",
        "skip_blank_lines",
        "escape",
        "escape_unenclosed_field",
        "field_optionally_enclosed_by",
        "error_on_column_count_mismatch",
        "empty_field_as_null",
        "skip_byte_order_mark",
        "encoding",
    },
    FormatType.JSON: _EVERY
    | _TIMES
    | _UNLOADED
    | {
        "compression",
        "enable_octal",
        "allow_duplicate",
        "strip_outer_array",
        "strip_null_values",
        "skip_byte_order_mark",
    },
    FormatType.ORC: _EVERY,
    FormatType.PARQUET: _EVERY | {"compression", "binary_as_text", "use_logical_type", "use_vectorized_scanner"},
}
"""The options of each type, as CREATE FILE FORMAT documents them."""


def options_of(kind: str | None) -> frozenset[str] | None:
    """Return the fields of a type; None for a type that documents lack."""
    return frozenset(_OPTIONS[FormatType(kind)]) if kind and kind in FormatType.__members__ else None


# NONE and AUTO are keywords where they mean "no character" and "as detected"
_WORDS = {
    "record_delimiter": {"NONE"},
    "field_delimiter": {"NONE"},
    "escape": {"NONE"},
    "escape_unenclosed_field": {"NONE"},
    "field_optionally_enclosed_by": {"NONE"},
    "date_format": {"AUTO"},
    "time_format": {"AUTO"},
    "timestamp_format": {"AUTO"},
    "binary_format": {"HEX", "BASE64", "UTF8"},
}


def _chosen(words: type[StrEnum], kind: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        if isinstance(value, str) and value.upper() in words.__members__:
            return words(value.upper())
        more = "; XML is not supported" if isinstance(value, str) and value.upper() == "XML" else ""
        raise ValueError(f"not a {kind}: {value!r}; one of {', '.join(words)}{more}")

    return BeforeValidator(read)


def _texts(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class FormatOptions(Closed):
    """The options of a file format; each belongs to some types."""

    not_here: ClassVar[dict[str, str]] = {
        "ignore_utf8_errors": "write replace_invalid_characters, which Snowflake recommends instead",
        "snappy_compression": "write compression: SNAPPY or compression: NONE",
        "multi_line": "not supported: files are read as Snowflake does by default",
        "disable_auto_convert": "not supported",
        "preserve_space": "not supported: it is an option of XML",
        "validate_utf8": "not supported: Snowflake reports invalid UTF-8 unless replace_invalid_characters is true",
    }

    type: Annotated[FormatType | None, _chosen(FormatType, "type of files")] = Field(
        default=None, description="AVRO, CSV, JSON, ORC or PARQUET."
    )
    compression: Annotated[Compression | None, _chosen(Compression, "compression")] = Field(
        default=None, description="Compression of the files; AUTO (the default) depends on their names."
    )
    strip_outer_array: bool | None = Field(
        default=None, description="JSON: read one array per file as its elements; files of JSON lines have none."
    )
    strip_null_values: bool | None = Field(default=None, description="JSON: drop object fields that are null.")
    allow_duplicate: bool | None = Field(default=None, description="JSON: keep the last of duplicate object fields.")
    enable_octal: bool | None = Field(default=None, description="JSON: read octal numbers.")
    replace_invalid_characters: bool | None = Field(
        default=None, description="Read invalid UTF-8 as U+FFFD instead of losing the row."
    )
    skip_byte_order_mark: bool | None = Field(default=None, description="CSV, JSON: skip a byte order mark.")
    trim_space: bool | None = Field(default=None, description="Remove white space around texts.")
    null_if: Annotated[list[str] | None, BeforeValidator(_texts, json_schema_input_type=list[str] | str)] = Field(
        default=None, description="Texts that are NULL."
    )
    date_format: str | None = Field(default=None, description="CSV, JSON: format of dates, or AUTO.")
    time_format: str | None = Field(default=None, description="CSV, JSON: format of times, or AUTO.")
    timestamp_format: str | None = Field(default=None, description="CSV, JSON: format of timestamps, or AUTO.")
    binary_format: str | None = Field(default=None, description="CSV, JSON: HEX, BASE64 or UTF8.")
    record_delimiter: str | None = Field(default=None, description="CSV: end of a row, or NONE.")
    field_delimiter: str | None = Field(default=None, description="CSV: text between two fields, or NONE.")
    parse_header: bool | None = Field(default=None, description="CSV: take the names of columns from the first row.")
    skip_header: int | None = Field(default=None, ge=0, description="CSV: rows at the start that are skipped.")
    skip_blank_lines: bool | None = Field(default=None, description="CSV: skip empty lines.")
    escape: str | None = Field(default=None, description="CSV: escape character, or NONE.")
    escape_unenclosed_field: str | None = Field(
        default=None, description="CSV: escape character of fields that are not enclosed, or NONE."
    )
    field_optionally_enclosed_by: str | None = Field(default=None, description="CSV: a quote, or NONE.")
    error_on_column_count_mismatch: bool | None = Field(
        default=None, description="CSV: refuse a row with another number of fields than columns."
    )
    empty_field_as_null: bool | None = Field(default=None, description="CSV: read an empty field as NULL.")
    encoding: str | None = Field(default=None, description="CSV: character set of the files.")
    binary_as_text: bool | None = Field(default=None, description="PARQUET: read untyped binary columns as text.")
    use_logical_type: bool | None = Field(default=None, description="PARQUET: use logical types.")
    use_vectorized_scanner: bool | None = Field(default=None, description="PARQUET: use the vectorized scanner.")
    file_extension: str | None = Field(
        default=None, description="Extension of unloaded files; without effect on what is read (use pattern)."
    )

    def require_fitting(self) -> None:
        """Refuse options of other types and options that exclude each other.

        Raises:
            ValueError: names the options, and the types that they belong to.
        """
        if self.type is None:
            return
        foreign = self.model_fields_set - _OPTIONS[self.type] - {"type", "format_name", "comment"}
        for name in sorted(foreign):
            types = " and ".join(kind for kind in FormatType if name in _OPTIONS[kind])
            raise ValueError(f"{name} is an option of {types}, not of {self.type}")
        if self.type is FormatType.PARQUET and self.compression not in _PARQUET_COMPRESSIONS | {None}:
            raise ValueError(f"compression: PARQUET has {', '.join(sorted(_PARQUET_COMPRESSIONS))}")
        if self.compression in {Compression.LZO, Compression.SNAPPY} and self.type is not FormatType.PARQUET:
            raise ValueError(f"compression: {self.compression} is of PARQUET, not of {self.type}")
        if self.parse_header and self.skip_header:
            raise ValueError("parse_header and skip_header exclude each other")

    def rendered(self) -> dict[str, OptionValue]:
        """Return the options of an inline format in a fixed order, without `file_extension`."""
        clauses: dict[str, OptionValue] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None or name in {"format_name", "file_extension", "comment"}:
                continue
            is_word = isinstance(value, StrEnum) or (isinstance(value, str) and value.upper() in _WORDS.get(name, ()))
            clauses[name.upper()] = Word(str(value).upper()) if is_word else value
        return clauses


class FileFormat(FormatOptions):
    """Format of staged files: inline options of a type, or a named file format, not both."""

    format_name: str | None = Field(default=None, description="[[database.]schema.]name of a file format that exists.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.type is None) == (self.format_name is None):
            raise ValueError("needs either a type, such as type: JSON, or format_name")
        if self.format_name is not None:
            require_name(self.format_name)
            if options := self.model_fields_set - {"format_name", "type"}:
                raise ValueError(f"{', '.join(sorted(options))} belong(s) to the named file format, not here")
        self.require_fitting()
        return self

    def clauses(self, name: QualifiedName) -> dict[str, OptionValue]:
        """Return the options inside of FILE_FORMAT; a name without database or schema has those of the object."""
        if self.format_name is not None:
            return {"FORMAT_NAME": QualifiedName.parse(self.format_name, name.database, name.schema).sql}
        return self.rendered()


def _inline_or_named(value: Any) -> Any:
    return {"format_name": value} if isinstance(value, str) else value


AnyFileFormat = Annotated[FileFormat, BeforeValidator(_inline_or_named, json_schema_input_type=FileFormat | str)]
Clauses = Mapping[str, OptionValue]


class FileFormatOptions(FormatOptions):
    """A file format that stages, tables and external tables can name."""

    not_here: ClassVar[dict[str, str]] = {
        **FormatOptions.not_here,
        "format_name": "a file format is described by its type; its name is the name of the document",
    }

    comment: str | None = Field(default=None, description="Comment of the file format, kept character by character.")

    @model_validator(mode="after")
    def _has_a_type(self) -> Self:
        if self.type is None:
            raise ValueError("type: is missing; one of " + ", ".join(FormatType))
        self.require_fitting()
        return self

    def rendered(self) -> dict[str, OptionValue]:
        """Return the options with `file_extension`, which is of the files that Snowflake unloads."""
        extension: dict[str, OptionValue] = {"FILE_EXTENSION": self.file_extension} if self.file_extension else {}
        return super().rendered() | extension
