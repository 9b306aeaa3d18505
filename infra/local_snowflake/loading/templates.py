"""CREATE TABLE ... USING TEMPLATE: a table with the columns that a query lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from infra.local_snowflake.errors import OptionRefusedError
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.sessions import Session

_ALL_COLUMNS = re.compile(
    r"\s*SELECT\s+ARRAY_AGG\s*\(\s*OBJECT_CONSTRUCT\s*\(\s*\*\s*\)\s*\)"
    r"(?:\s*WITHIN\s+GROUP\s*\(\s*ORDER\s+BY\s+(?P<order>[^()]+)\))?\s+FROM\b",
    re.IGNORECASE,
)
"""The beginning of the documented template: one array of all columns of its rows."""


def with_template(sql: str, session: Session, in_duckdb: Callable[[str], str]) -> str:
    """Return CREATE TABLE with the columns of its template; any other statement is unchanged.

    Args:
        sql: the statement.
        session: of the client.
        in_duckdb: executes a query, and returns it in DuckDB's dialect.

    Raises:
        OptionRefusedError: the query does not return an array of columns.
    """
    reader = Reader(sql)
    if not reader.accept("CREATE"):
        return sql
    while not reader.done and not reader.accept("USING", "TEMPLATE"):
        reader.take()
    if reader.done:
        return sql
    head = sql[: reader.position].rstrip()
    head = head[: head.upper().rindex("USING")]
    reader.expect("(")
    query = reader.span(")")
    reader.expect(")")
    reader.expect_end()
    if of_rows := _ALL_COLUMNS.match(query):
        query = f"SELECT OBJECT_CONSTRUCT(*) FROM{query[of_rows.end() :]} ORDER BY {of_rows['order'] or 'ORDER_ID'}"
        rows = session.duck.execute(in_duckdb(query)).fetchall()
        return f"{head}({', '.join(map(_column, _checked([row[0] for row in rows])))})"
    found = session.duck.execute(in_duckdb(query)).fetchone()
    return f"{head}({', '.join(map(_column, _columns(found)))})"


def _columns(found: tuple[Any, ...] | None) -> list[dict[str, Any]]:
    value = found[0] if found and len(found) == 1 else None
    columns = json.loads(value) if isinstance(value, str) else value
    return _checked(columns or [])


def _checked(columns: list[Any]) -> list[dict[str, Any]]:
    columns = [json.loads(column) if isinstance(column, str) else column for column in columns]
    if not columns or not all(
        isinstance(column, dict) and {"COLUMN_NAME", "TYPE"} <= column.keys() for column in columns
    ):
        raise OptionRefusedError(
            "SQL compilation error:\nThe template must return one array of objects with COLUMN_NAME and TYPE."
        )
    return columns


def _column(column: dict[str, Any]) -> str:
    null = "" if column.get("NULLABLE", True) in {True, "true"} else " NOT NULL"
    return f"{quote(str(column['COLUMN_NAME']))} {column['TYPE']}{null}"
