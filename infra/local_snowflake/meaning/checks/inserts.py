"""Refuse VALUES with what Snowflake does not compute while it compiles a statement."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.refusals.errors import COMPILATION, EngineRefusedError
from infra.local_snowflake.meaning.refusals.places import call_text


def require_constant_values(tree: Expr, columns: Columns, sql: str) -> None:
    """Refuse a row of VALUES with a VARIANT, OBJECT or ARRAY, which a SELECT must insert.

    Raises:
        EngineRefusedError: 2014, with the expression.
    """
    for values in tree.find_all(exp.Values):
        for row in values.expressions:
            for value in row.expressions if isinstance(row, exp.Tuple) else (row,):
                if kind(value, columns) is Kind.VARIANT and not _is_null(value):
                    text = f"Invalid expression [{_text(value, sql)}] in VALUES clause"
                    raise EngineRefusedError(2014, "22000", COMPILATION + text)


def _is_null(value: Expr) -> bool:
    return isinstance(value, exp.Cast) and isinstance(value.this, exp.Null)


def _text(value: Expr, sql: str) -> str:
    """Return a call as it is written, and any other expression as sqlglot prints it."""
    start = value.meta.get("start")
    return str(value.sql(dialect="snowflake")) if start is None else call_text(sql, start)
