"""The options of a table that is loaded from a stage by COPY INTO."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from snowflake_components.documents.file_formats import AnyFileFormat
from snowflake_components.documents.options import Column, Location
from snowflake_components.documents.types import Closed, Pattern, S3Url
from snowflake_components.identifiers import Word

_ON_ERROR = re.compile(r"ABORT_STATEMENT|CONTINUE|SKIP_FILE(?:_(?:[1-9]\d*|(?:100|[1-9]\d?)%))?")
_VALUE = re.compile(r"(?<![\w$\"])value\s*[:\[]", re.IGNORECASE)
_NOT_IN_COPY = re.compile(r"\b(?:SELECT|FLATTEN|OVER|GROUP\s+BY|JOIN)\b", re.IGNORECASE)


def _on_error(value: Any) -> Any:
    if not isinstance(value, str) or not _ON_ERROR.fullmatch(value.upper()):
        raise ValueError(
            f"not an ON_ERROR: {value!r}; abort_statement, continue, skip_file, skip_file_10, skip_file_5%"
        )
    return value.upper()


class LoadedColumn(Column):
    """A column of a table, and the expression over a line of a file that loads it."""

    not_here: ClassVar[dict[str, str]] = {
        **Column.not_here,
        "nullable": "write not_null: true",
        "default": "not supported: write the value as an expression",
        "primary_key": "not supported: Snowflake does not check it",
        "masking_policy": "not supported",
    }

    not_null: bool = Field(default=False, description="Refuse NULL in the column: such a row is an error of its file.")

    @model_validator(mode="after")
    def _reads_a_line(self) -> Self:
        if _VALUE.search(self.as_.sql):
            raise ValueError("as: COPY reads $1, VALUE is of an external table: write $1:field::type")
        if found := _NOT_IN_COPY.search(self.as_.sql):
            raise ValueError(f"as: COPY allows no {found[0].upper()} in an expression")
        return self


class TableOptions(Closed):
    """A table that runs load from the files of a stage, each file once."""

    not_here: ClassVar[dict[str, str]] = {
        "url": "a table has no url: it is loaded from the stage of its location",
        "directory": "a table has no directory table: it is of the stage",
        "partition_by": "a table has no partitions: a run loads the directories of its hours",
        "auto_refresh": "a table is loaded by runs; notifications are of an external table",
        "cluster_by": "not supported",
        "force": "not supported: it loads files twice; delete the rows first, and load with Snowflake's own statement",
        "purge": "not supported: no run deletes a file of the bucket",
        "validation_mode": "not supported: Snowflake refuses it together with expressions",
        "match_by_column_name": "not supported: Snowflake refuses it together with expressions",
        "load_uncertain_files": "write load_older_files",
        "truncatecolumns": "not supported: a text that is too long is an error of its file",
        "transient": "not supported",
    }

    location: Location = Field(description='"@stage", "@stage/directory/" or "@database.schema.stage/directory/".')
    columns: list[LoadedColumn] = Field(min_length=1, description="Columns, each with the expression that loads it.")
    file_format: AnyFileFormat = Field(description="Format of the files; that of the stage is not used.")
    pattern: Pattern | None = Field(default=None, description="Regular expression of the files to load.")
    on_error: Annotated[str, BeforeValidator(_on_error)] = Field(
        default="ABORT_STATEMENT",
        description="What an error in a file does: abort_statement loads nothing, continue leaves out the row, "
        "skip_file (or skip_file_10, skip_file_5%) leaves out the file.",
    )
    rejected_rows_max: int = Field(
        default=0, ge=0, description="The check of the asset fails when a run left out more rows than this."
    )
    load_older_files: bool = Field(
        default=False,
        description="Load hours that are older than the 64 days of Snowflake's load metadata; a file may load twice.",
    )
    stage_url: S3Url | None = Field(
        default=None, description="URL of the stage, for hour_of_path when no document describes the stage."
    )
    comment: str | None = Field(default=None, description="Comment of the table, kept character by character.")

    @property
    def on_error_sql(self) -> Word | str:
        """The keyword; a share of errors is a literal."""
        return self.on_error if "%" in self.on_error else Word(self.on_error)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [column.name for column in self.columns]
        if doubled := sorted({name.name for name in names if names.count(name) > 1}):
            raise ValueError(f"columns named twice: {', '.join(doubled)}")
        if self.rejected_rows_max and self.on_error == "ABORT_STATEMENT":
            raise ValueError("rejected_rows_max: abort_statement leaves out no row, it loads nothing")
        return self
