"""INFER_SCHEMA: the columns of the files of a stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from infra.local_snowflake.errors import FileRefusedError, SyntaxRefusedError
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import parquet_columns, read_file
from infra.local_snowflake.files.unreadable import FileUnreadableError
from infra.local_snowflake.language.names import literal
from infra.local_snowflake.language.parsing.clauses import file_format
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.loading.scanning import Scans
from infra.local_snowflake.sessions import Session

_ARGUMENTS = frozenset(
    {
        "LOCATION",
        "FILE_FORMAT",
        "FILES",
        "IGNORE_CASE",
        "MAX_FILE_COUNT",
        "MAX_RECORDS_PER_FILE",
        "KIND",
    }
)
_ROWS = "hourglass_inferred_file"
_PARQUET = {
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DOUBLE": "REAL",
    "FLOAT": "REAL",
    "VARCHAR": "TEXT",
    "BLOB": "BINARY",
    "TIME": "TIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
}
_TEXT_TYPES = (("BOOLEAN", "BOOLEAN"), ("DATE", "DATE"), ("TIMESTAMP", "TIMESTAMP_NTZ"))


@dataclass(slots=True)
class _Column:
    """A column as the files have it so far."""

    types: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    nullable: bool = True

    @property
    def type(self) -> str:
        """The type that holds all values."""
        return _widest(self.types)


@dataclass(frozen=True, slots=True)
class Inference:
    """Infers the columns of files."""

    scans: Scans

    def relation(self, arguments: Mapping[str, str], session: Session) -> str:
        """Return a subquery with one row per column: COLUMN_NAME, TYPE, NULLABLE, EXPRESSION, FILENAMES, ORDER_ID.

        Raises:
            StatementRefusedError: an argument is missing or unknown, or a file cannot be read.
        """
        if unknown := arguments.keys() - _ARGUMENTS:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid argument '{min(unknown)}' of INFER_SCHEMA.")
        for name in ("LOCATION", "FILE_FORMAT"):
            if name not in arguments:
                raise SyntaxRefusedError(f"SQL compilation error:\nINFER_SCHEMA needs the argument {name}.")
        path = stage_path(Reader(arguments["LOCATION"]))
        stage = self.scans.stages.of(path, session)
        form = self.scans.stages.formats.resolve(file_format(Reader(arguments["FILE_FORMAT"])), session)
        form.require_readable()
        files = self.scans.stages.files(stage, path.path)
        if "FILES" in arguments:
            reader = Reader(arguments["FILES"])
            names = (
                {reader.string() for _ in reader.group()} if arguments["FILES"].startswith("(") else {reader.string()}
            )
            files = [stored for stored in files if stored.key.endswith(tuple(names))]
        if "MAX_FILE_COUNT" in arguments:
            files = files[: int(Reader(arguments["MAX_FILE_COUNT"]).take().text)]
        upper = arguments.get("IGNORE_CASE", "FALSE").upper() == "TRUE"
        columns: dict[str, _Column] = {}
        with session.duck.cursor() as cursor, self.scans.copies(stage, files) as copies:
            for stored, copy in copies:
                for name, kinds in _columns(cursor, copy, stored, form):
                    column = columns.setdefault(name.upper() if upper else name, _Column())
                    column.types |= kinds
                    column.files.append(stored.key)
        return _relation(columns, form, upper=upper)


def _relation(columns: Mapping[str, _Column], form: FileFormat, *, upper: bool) -> str:
    rows = []
    for number, (name, column) in enumerate(columns.items()):
        if form.is_text:
            path = f"${number + 1}"
        elif upper:
            path = f"GET_IGNORE_CASE ($1, {literal(name)})"
        else:
            path = f"$1:{name}"
        values = (name, column.type, f"{path}::{column.type}", ", ".join(column.files))
        texts = [literal(value) for value in values]
        rows.append(
            f"SELECT {texts[0]} AS COLUMN_NAME, {texts[1]} AS TYPE, {str(column.nullable).upper()} AS NULLABLE, "
            f"{texts[2]} AS EXPRESSION, {texts[3]} AS FILENAMES, {number} AS ORDER_ID"
        )
    if rows:
        return f"({' UNION ALL '.join(rows)})"
    return (
        "(SELECT '' AS COLUMN_NAME, '' AS TYPE, TRUE AS NULLABLE, '' AS EXPRESSION, '' AS FILENAMES, 0 AS ORDER_ID "
        "WHERE 1 = 0)"
    )


def _columns(
    cursor: duckdb.DuckDBPyConnection, path: Path, stored: StoredObject, form: FileFormat
) -> list[tuple[str, set[str]]]:
    """Return names and possible types of the columns of one file."""
    try:
        if form.type == "PARQUET":
            return [(name, {_of_parquet(kind)}) for name, kind in parquet_columns(cursor, path)]
        rows = read_file(cursor, path, form, _ROWS)
    except FileUnreadableError as exc:
        raise FileRefusedError(f"{exc.message}\n  File '{stored.key}'", exc.code) from exc
    if not form.is_text:
        return _of_documents(cursor, rows.table)
    names = rows.header or tuple(f"c{number}" for number in range(1, rows.width + 1))
    return [(name, {_of_texts(cursor, rows.table, f'"${number}"')}) for number, name in enumerate(names, 1)]


def _of_parquet(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        precision, _, scale = kind[len("DECIMAL(") : -1].partition(",")
        return f"NUMBER({precision}, {scale.strip()})"
    if kind.endswith("[]"):
        return "ARRAY"
    if kind.startswith(("STRUCT", "MAP")):
        return "OBJECT"
    if kind.startswith("TIMESTAMP") and kind not in _PARQUET:
        return "TIMESTAMP_NTZ"
    return _PARQUET.get(kind, "NUMBER(38, 0)")


def _of_documents(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, set[str]]]:
    found: dict[str, set[str]] = {}
    for (text,) in cursor.execute(f'SELECT "$1" FROM {table} WHERE error IS NULL').fetchall():  # noqa: S608 - a name of ours
        document = json.loads(text)
        if isinstance(document, dict):
            for name, value in document.items():
                found.setdefault(name, set()).update(() if value is None else (_of_value(value),))
    return list(found.items())


def _of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return f"NUMBER({len(str(abs(value)))}, 0)"
    return {float: "REAL", str: "TEXT", list: "ARRAY", dict: "OBJECT"}[type(value)]


def _of_texts(cursor: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    values = f"{table} WHERE error IS NULL AND {column} IS NOT NULL"
    number = r"^[+-]?(\d+)(?:\.(\d+))?$"
    counted = cursor.execute(
        f"SELECT count(*), count(*) FILTER (WHERE regexp_matches({column}, '{number}')), "  # noqa: S608 - names of ours
        f"max(length(regexp_extract({column}, '{number}', 1))), max(length(regexp_extract({column}, '{number}', 2))) "
        f"FROM {values}"
    ).fetchone()
    total, numbers, whole, scale = counted or (0, 0, 0, 0)
    if not total:
        return "TEXT"
    if numbers == total:
        return f"NUMBER({whole + scale}, {scale})"
    for kind, shown in _TEXT_TYPES:
        fitting = cursor.execute(
            f"SELECT count(*) FILTER (WHERE try_cast({column} AS {kind}) IS NULL) FROM {values}"  # noqa: S608 - names of ours
        ).fetchone()
        if fitting and fitting[0] == 0:
            return shown
    return "TEXT"


def _widest(types: set[str]) -> str:
    if len(types) == 1:
        return next(iter(types))
    numbers = [kind for kind in types if kind.startswith("NUMBER")]
    if types and len(numbers) == len(types):
        sizes = [tuple(int(part) for part in kind[len("NUMBER(") : -1].split(", ")) for kind in numbers]
        scale = max(size[1] for size in sizes)
        return f"NUMBER({max(size[0] - size[1] for size in sizes) + scale}, {scale})"
    if types and types <= {*numbers, "REAL"}:
        return "REAL"
    return "VARIANT" if types & {"ARRAY", "OBJECT"} else "TEXT"
