"""Parse CREATE and ALTER of external tables."""

from __future__ import annotations

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.parsing.clauses import Clause, clauses, file_format, named, opens
from infra.local_snowflake.language.parsing.stages import stage_path
from infra.local_snowflake.language.statements import (
    Column,
    CreateExternalTable,
    Creation,
    RefreshExternalTable,
)
from infra.local_snowflake.language.tokens import Reader


def create_external_table(reader: Reader, creation: Creation) -> CreateExternalTable:
    """Read CREATE EXTERNAL TABLE after these words."""
    name, creation = named(reader, creation)
    columns = tuple(_column(reader) for _ in reader.group()) if opens(reader) else ()
    options = clauses(reader, _TABLE_CLAUSES)
    options.pop("copy_grants", None)
    options.pop("partition_type", None)
    for clause in ("location", "file_format"):
        if clause not in options:
            raise SyntaxRefusedError(
                f"SQL compilation error:\nmissing clause {clause.upper()} in CREATE EXTERNAL TABLE."
            )
    return CreateExternalTable(name, creation, columns, **options)


def _column(reader: Reader) -> Column:
    name = reader.take().name
    type_sql = None if reader.peek() and reader.accept("AS") else reader.span("AS", ",")
    if type_sql is not None:
        reader.expect("AS")
    expression = reader.span(",", "NOT", "NULL") if opens(reader) else reader.span(",")
    reader.accept("NOT", "NULL")
    return Column(name, type_sql, expression)


def alter_external_table(reader: Reader) -> RefreshExternalTable:
    """Read ALTER EXTERNAL TABLE: REFRESH alone."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if not reader.accept("REFRESH"):
        raise NotSupportedError("Unsupported feature 'ALTER EXTERNAL TABLE without REFRESH' in the local Snowflake.")
    path = "" if reader.done else reader.string()
    return RefreshExternalTable(name, if_exists, path.lstrip("/"))


def _partition_by(reader: Reader) -> tuple[str, ...]:
    reader.expect("BY")
    return tuple(reader.take().name for _ in reader.group())


def _copy_grants(reader: Reader) -> bool:
    return reader.accept("GRANTS")


_TABLE_CLAUSES: dict[str, Clause] = {
    "PARTITION": _partition_by,
    "LOCATION": stage_path,
    "FILE_FORMAT": file_format,
    "AUTO_REFRESH": Reader.boolean,
    "REFRESH_ON_CREATE": Reader.boolean,
    "PATTERN": Reader.string,
    "COMMENT": Reader.string,
    "COPY": _copy_grants,
}
