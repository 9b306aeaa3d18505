"""Refuse a table or a view with two columns of one name, which DuckDB would rename."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.errors import NameTwiceError
from infra.local_snowflake.language.kinds import unsupported


def require_distinct_columns(tree: Expr) -> None:
    """Look at the names of the columns in the query of a CREATE TABLE or VIEW, as far as it has no `*`.

    Raises:
        NameTwiceError: two columns have one name.
        NotSupportedError: DuckDB knows no difference between two names.
    """
    if not isinstance(tree, exp.Create) or isinstance(tree.this, exp.Schema):
        return
    query = tree.expression.unnest() if tree.expression else None
    if not isinstance(query, exp.Query) or query.is_star:
        return
    names = [_name(column) for column in query.selects]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise NameTwiceError(f"SQL compilation error:\nduplicate column name '{twice}'")
    if len({name.upper() for name in names if name}) < len([name for name in names if name]):
        raise unsupported("names of columns that differ in case alone")


def _name(column: Expr) -> str:
    name = column.output_name
    named = column.args.get("alias") if isinstance(column, exp.Alias) else column.this
    quoted = isinstance(named, exp.Identifier) and bool(named.args.get("quoted"))
    return name if quoted else name.upper()
