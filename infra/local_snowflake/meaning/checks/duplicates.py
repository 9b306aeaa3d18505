"""Refuse a table or a view with two columns of one name; DuckDB would rename one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlglot import Expr, exp

from infra.local_snowflake.errors import DuplicateColumnError
from infra.local_snowflake.meaning.refusals.errors import COMPILATION


def require_columns_once(tree: Expr) -> None:
    """Refuse a CREATE whose columns, or the items of its query, have one name twice.

    Raises:
        DuplicateColumnError: with the name.
    """
    if not isinstance(tree, exp.Create):
        return
    if isinstance(tree.this, exp.Schema):
        defined = (exp.ColumnDef, exp.Identifier)
        _require_once(_folded(part) for part in tree.this.expressions if isinstance(part, defined))
    elif query := _query(tree):
        _require_once(_folded(item) for item in query.expressions if item.alias_or_name and not item.is_star)


def require_read_columns_once(translated: Expr, connection: Any) -> None:
    """Refuse a CREATE whose query reads one name twice with a star; DuckDB tells the names.

    Args:
        translated: as DuckDB executes it.
        connection: of DuckDB.

    Raises:
        DuplicateColumnError: with the name.
    """
    query = _query(translated) if isinstance(translated, exp.Create) else None
    if query is None or not any(item.is_star for item in query.expressions) or query.find(exp.Placeholder):
        return
    described = connection.execute(f"DESCRIBE {translated.expression.sql(dialect='duckdb')}").fetchall()
    _require_once(row[0] for row in described)


def _query(create: exp.Create) -> exp.Select | None:
    query = create.expression
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    return query if isinstance(query, exp.Select) and create.kind in {"TABLE", "VIEW"} else None


def _folded(node: Expr) -> str:
    """Return the name of a column as Snowflake stores it."""
    name = node if isinstance(node, exp.Identifier) else node.args.get("alias") or node.this
    is_quoted = isinstance(name, exp.Identifier) and name.args.get("quoted")
    text = str(node.name if isinstance(node, exp.Identifier) else node.alias_or_name)
    return text if is_quoted else text.upper()


def _require_once(names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise DuplicateColumnError(f"{COMPILATION}duplicate column name '{name}'")
