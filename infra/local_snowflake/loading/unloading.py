"""COPY INTO a location: write the rows of a query to one file of a stage."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # it ships no types
import zstandard

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.errors import FilesExistError, InvalidValueError, NotSupportedError, OptionRefusedError
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.file_statements import Unload
from infra.local_snowflake.language.statements import Options, StagePath
from infra.local_snowflake.loading.copy_into.copying import Rewrite
from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.meaning.functions.format_models import to_char
from infra.local_snowflake.objects.stages import Stages, shown_name, stage_location
from infra.local_snowflake.sessions import Session

_PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "NONE": ("", bytes),
    "GZIP": (".gz", gzip.compress),
    "ZSTD": (".zst", zstandard.compress),
}
_ZONED_MODEL = "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"
"""Default of TIMESTAMP_TZ_OUTPUT_FORMAT."""
_EXTENSIONS = {"CSV": ".csv", "JSON": ".json", "PARQUET": ".parquet"}


@dataclass(frozen=True, slots=True)
class Unloading:
    """Unloads queries to stages.

    Args:
        stages: the targets.
        in_duckdb: returns a query of a connection in DuckDB's dialect.
    """

    stages: Stages
    in_duckdb: Callable[[Any, str], str]

    def unload(self, statement: Unload, session: Session, rewrite: Rewrite) -> Answer:
        """Write the rows of the query to one file, and return its counts.

        Raises:
            FilesExistError: a file is there, and OVERWRITE is not set.
            NotSupportedError: an option or a format is not supported.
        """
        if not isinstance(statement.target, StagePath):
            raise NotSupportedError("Unsupported feature 'COPY INTO an URL': use a stage.")
        _require_supported(statement.options)
        stage = self.stages.of(statement.target, session)
        self.stages.require_usable(stage)
        options = stage.file_format if statement.file_format is None else statement.file_format
        form = self.stages.formats.resolve(options, session)
        form.require_readable()
        query = self.in_duckdb(session.connection, rewrite(statement.query, session))
        rows: pa.Table = session.duck.execute(query).to_arrow_table()
        body, extension = _file(rows, form, header=statement.header)
        location = stage_location(stage, statement.target.path)
        key = _key(location.prefix, extension, single=statement.options.get("SINGLE") is True)
        if statement.options.get("OVERWRITE") is not True and any(
            True for _ in self.stages.storage.list(location.bucket, location.prefix)
        ):
            raise FilesExistError(
                "SQL compilation error:\nFiles already existing at the unload destination: "
                f"{shown_name(stage, location.prefix)}. Use overwrite option to force unloading."
            )
        with TemporaryDirectory(prefix="unload-") as folder:
            path = Path(folder) / "object"
            path.write_bytes(body)
            self.stages.storage.upload(location.bucket, key, path)
        if statement.options.get("DETAILED_OUTPUT") is True:
            row = (shown_name(stage, key), len(body), rows.num_rows)
            return Answer(("FILE_NAME", "FILE_SIZE", "ROW_COUNT"), ("text", "integer", "integer"), (row,))
        counts = (rows.num_rows, rows.nbytes, len(body))
        return Answer(("rows_unloaded", "input_bytes", "output_bytes"), ("integer",) * 3, (counts,))


def _require_supported(options: Options) -> None:
    for name in ("MAX_FILE_SIZE", "INCLUDE_QUERY_ID"):
        if options.get(name) not in {None, False}:
            raise NotSupportedError(f"Unsupported feature '{name} of COPY INTO a location'.")
    for name in ("OVERWRITE", "SINGLE", "DETAILED_OUTPUT"):
        if not isinstance(options.get(name, False), bool):
            raise InvalidValueError(f"SQL compilation error:\ninvalid value [{options[name]}] for parameter '{name}'")


def _key(prefix: str, extension: str, *, single: bool) -> str:
    if single:
        return prefix + "data" if not prefix or prefix.endswith("/") else prefix
    name = "data_0_0_0" if not prefix or prefix.endswith("/") else "_0_0_0"
    return prefix + name + extension


def _file(rows: pa.Table, form: FileFormat, *, header: bool) -> tuple[bytes, str]:
    """Return the bytes of the file, and the end of its name."""
    extension = form["FILE_EXTENSION"] or _EXTENSIONS[form.type]
    if form.type == "PARQUET":
        _require_no_zones(rows)
        return _parquet(rows, form, header=header), f".snappy{extension}"
    compression = "GZIP" if form["COMPRESSION"] == "AUTO" else form["COMPRESSION"]
    if compression not in _PACKED:
        raise NotSupportedError(f"Unsupported feature 'COMPRESSION = {compression} of COPY INTO a location'.")
    suffix, pack = _PACKED[compression]
    rows = _with_printed_zones(rows, form)
    lines = _json_lines(rows) if form.type == "JSON" else _csv_lines(rows, form, header=header)
    return pack("".join(lines).encode(form.encoding)), extension + suffix


def _require_no_zones(rows: pa.Table) -> None:
    for column in rows.columns:
        if pa.types.is_interval(column.type) or (pa.types.is_timestamp(column.type) and column.type.tz):
            raise NotSupportedError(
                "Error encountered when unloading to PARQUET: TIMESTAMP_TZ and LTZ types are not supported for "
                "unloading to Parquet."
            )


def _with_printed_zones(rows: pa.Table, form: FileFormat) -> pa.Table:
    model = form["TIMESTAMP_FORMAT"] if form.type == "CSV" and form["TIMESTAMP_FORMAT"] != "AUTO" else _ZONED_MODEL
    for index, column in enumerate(rows.columns):
        if pa.types.is_interval(column.type):
            texts = [text and to_char(text, model) for text in zoned.iso(column).to_pylist()]
            rows = rows.set_column(index, rows.column_names[index], pa.array(texts, pa.string()))
    return rows


def _parquet(rows: pa.Table, form: FileFormat, *, header: bool) -> bytes:
    if form["COMPRESSION"] not in {"AUTO", "SNAPPY"}:
        raise NotSupportedError(f"Unsupported feature 'COMPRESSION = {form['COMPRESSION']} of COPY INTO a location'.")
    if not header:
        rows = rows.rename_columns([f"_COL_{number}" for number in range(rows.num_columns)])
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="snappy")
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _json_lines(rows: pa.Table) -> Iterable[str]:
    if rows.num_columns != 1:
        raise OptionRefusedError(
            "SQL compilation error:\nJSON unload needs one column of type VARIANT, OBJECT or ARRAY: "
            "use OBJECT_CONSTRUCT."
        )
    return (f"{value}\n" for value in rows.column(0).to_pylist() if value is not None)


def _csv_lines(rows: pa.Table, form: FileFormat, *, header: bool) -> Iterable[str]:
    delimiter, end = form["FIELD_DELIMITER"] or "", form["RECORD_DELIMITER"] or ""
    if header:
        yield delimiter.join(_enclosed(name, form) for name in rows.column_names) + end
    for record in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        yield delimiter.join(_field(value, form) for value in record) + end


def _field(value: Any, form: FileFormat) -> str:
    if value is None:
        nulls: Sequence[str] = form["NULL_IF"]
        return nulls[0] if nulls else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex().upper()
    return _enclosed(value, form) if isinstance(value, str) else str(value)


def _enclosed(text: str, form: FileFormat) -> str:
    quote: str | None = form["FIELD_OPTIONALLY_ENCLOSED_BY"]
    escape: str | None = form["ESCAPE_UNENCLOSED_FIELD"]
    if quote:
        return quote + text.replace(quote, quote * 2) + quote
    if not escape:
        return text
    for special in (escape, form["FIELD_DELIMITER"], form["RECORD_DELIMITER"]):
        text = text.replace(special, escape + special) if special else text
    return text
