"""Frames as rows of tables of Snowflake, so that dbt models read what Python wrote, and Python what dbt built."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.specs import HOUR_COLUMN
from orchestration.frames.built_hours import built_hours_statements
from orchestration.frames.errors import FrameRefusedError
from orchestration.frames.types import FrameType, frame_of
from orchestration.landing.clients.keyed_table import moment_literal
from snowflake_components.identifiers import Identifier, QualifiedName, literal
from snowflake_components.work import Connection, read_rows

BEGIN, COMMIT = "BEGIN", "COMMIT"
_TABLE_NAME = "dagster/table_name"
_ROWS_PER_STATEMENT = 1_000
"""Of VALUES; Snowflake takes 16,384, and 1 MB of text."""
_TYPES: dict[Any, str] = {
    str: "varchar",
    int: "integer",
    float: "double",
    bool: "boolean",
    datetime: "timestamp_ntz",
    date: "date",
}


class TableFrames(dg.IOManager):
    """Store rows in the table of an asset, and read the rows of a table or of a dbt model.

    A partition is an hour: it replaces the rows of its hour, in one transaction, and notes the hour in `BUILT_HOURS`
    with the digest of its rows. So a dbt model by proven hours that reads the table is stale when an hour has other
    rows. An asset without partitions replaces the whole table. Times are UTC, in Snowflake without a zone.

    Args:
        connection: to Snowflake.
        database: of the tables that assets write.
        schema: of the tables that assets write, and of `BUILT_HOURS`.
    """

    def __init__(self, connection: Connection, database: Identifier, schema: Identifier) -> None:
        self._connection = connection
        self._database = database
        self._schema = schema

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Replace the rows of the partitions, or of the whole table.

        Raises:
            FrameRefusedError: the frame has no rows or a field that no column holds, or a row is of another hour.
            SnowflakeError: Snowflake refused a statement; the former rows stay.
        """
        frame = frame_of(context.dagster_type)
        columns, table = columns_of(frame), self._table(context.asset_key)
        hours = _hours(context)
        column = _hour_column(context.definition_metadata)
        _require_hours(context.asset_key, obj, column, hours)
        statements = [
            create_statement(table, columns),
            *built_hours_statements(table, {hour: _digest(obj, column, hour) for hour in hours or ()}),
            *write_statements(table, columns, obj, column, hours),
        ]
        read_rows(self._connection, *_in_one_transaction(statements))
        context.add_output_metadata(
            {
                _TABLE_NAME: str(table),
                "dagster/partition_row_count" if hours else "dagster/row_count": len(obj),
            }
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the rows of the partitions that the step needs, or of the whole table, ordered by all columns.

        The type of the input says which columns are read: a dbt model has no type of its own.
        """
        frame = frame_of(context.dagster_type)
        columns, upstream = columns_of(frame), context.upstream_output
        metadata = (upstream.definition_metadata if upstream else None) or {}
        named = metadata.get(_TABLE_NAME)
        table = QualifiedName.stored(named.upper()) if isinstance(named, str) else self._table(context.asset_key)
        statement = select_statement(table, columns, _hour_column(metadata), _hours(context))
        rows = [{name: _plain(row[name.upper()]) for name in columns} for row in read_rows(self._connection, statement)]
        return frame.from_json(json.dumps(rows).encode())

    def _table(self, key: dg.AssetKey) -> QualifiedName:
        return QualifiedName(self._database, self._schema, Identifier.parse(key.path[-1]))


def columns_of(frame: FrameType) -> dict[str, str]:
    """Return the columns of a frame with their types.

    Raises:
        FrameRefusedError: it is no tuple of rows, or a field has a type that no column holds.
    """
    if frame.row is None:
        raise FrameRefusedError(f"{frame.display_name} has no rows: a table needs tuple[Row, ...] of a dataclass")
    hints = get_type_hints(frame.row)
    return {field.name: _column_type(frame, field.name, hints[field.name]) for field in fields(frame.row)}


def _column_type(frame: FrameType, name: str, hint: Any) -> str:
    parts = [part for part in get_args(hint) if part is not NoneType] if _is_union(hint) else [hint]
    if len(parts) != 1 or parts[0] not in _TYPES:
        known = ", ".join(kind.__name__ for kind in _TYPES)
        raise FrameRefusedError(f"{frame.display_name}.{name}: no column holds {hint}: write one of {known}, or a None")
    return _TYPES[parts[0]]


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in {Union, UnionType}


def create_statement(table: QualifiedName, columns: dict[str, str]) -> str:
    """Return the statement that creates the table of a frame, if it is missing."""
    listed = ", ".join(f"{Identifier.parse(name).sql} {kind}" for name, kind in columns.items())
    return f"CREATE TABLE IF NOT EXISTS {table.sql} ({listed}) COMMENT = 'Rows of an asset of Dagster'"


def write_statements(
    table: QualifiedName, columns: dict[str, str], rows: Sequence[Any], column: str, hours: Iterable[Hour] | None
) -> Iterator[str]:
    """Yield the statements that replace the rows of some hours, or of a table for None."""
    yield f"DELETE FROM {table.sql} WHERE {_of_hours(column, hours)}"  # noqa: S608 (quoted by identifiers.py)
    names = ", ".join(Identifier.parse(name).sql for name in columns)
    cast = ", ".join(f"COLUMN{number}::{kind}" for number, kind in enumerate(columns.values(), 1))
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        values = ", ".join(
            f"({', '.join(_literal(getattr(row, name)) for name in columns)})"
            for row in rows[start : start + _ROWS_PER_STATEMENT]
        )
        yield f"INSERT INTO {table.sql} ({names}) SELECT {cast} FROM VALUES {values}"  # noqa: S608 (as above)


def select_statement(table: QualifiedName, columns: dict[str, str], column: str, hours: Iterable[Hour] | None) -> str:
    """Return the statement that reads the rows of some hours, or of a table for None."""
    names = ", ".join(Identifier.parse(name).sql for name in columns)
    return f"SELECT {names} FROM {table.sql} AS FRAME WHERE {_of_hours(column, hours)} ORDER BY {names}"  # noqa: S608 (as above)


def _of_hours(column: str, hours: Iterable[Hour] | None) -> str:
    if hours is None:
        return "TRUE"
    return f"{Identifier.parse(column).sql} IN ({', '.join(_literal(hour.start) for hour in hours)})"


def _in_one_transaction(statements: Sequence[str]) -> list[str]:
    # Snowflake commits before and after a statement that creates something
    creating = [one for one in statements if one.startswith("CREATE")]
    return [*creating, BEGIN, *(one for one in statements if one not in creating), COMMIT]


def _hours(context: dg.OutputContext | dg.InputContext) -> list[Hour] | None:
    if not context.has_asset_partitions:
        return None
    return [Hour.from_partition_key(key) for key in context.asset_partition_keys]


def _hour_column(metadata: Any) -> str:
    return str((metadata or {}).get(HOUR_COLUMN, "replication_hour"))


def _require_hours(key: dg.AssetKey, rows: Sequence[Any], column: str, hours: Sequence[Hour] | None) -> None:
    """Refuse a row of an hour that the step does not write: nothing would ever replace it."""
    if hours is None:
        return
    of_step = {hour.start for hour in hours}
    for row in rows:
        hour = getattr(row, column, None)
        if hour not in of_step:
            raise FrameRefusedError(
                f"{key.to_user_string()}: {column}: a row is of {hour}, the step writes "
                f"{', '.join(one.label for one in hours)}"
            )


def _digest(rows: Sequence[Any], column: str, hour: Hour) -> str:
    texts = sorted(repr(row) for row in rows if getattr(row, column) == hour.start)
    return sha256("\n".join(texts).encode()).hexdigest()


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return literal(repr(value))  # as text: 'inf' and 'nan' are no numbers of SQL
    if isinstance(value, datetime):
        return moment_literal(value)
    return literal(value.isoformat() if isinstance(value, date) else value)


def _plain(value: Any) -> Any:
    """Return a value of the connector as JSON has it; a time without a zone is UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value
