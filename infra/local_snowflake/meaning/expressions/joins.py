"""ASOF JOIN, whose condition of the match stands apart in Snowflake."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import Columns


def _asof(node: Expr, _: Columns) -> Expr:
    """Join each row of the left side, with NULLs where no row matches; the match is one of the conditions of DuckDB."""
    match = node.args.get("match_condition")
    if match is None:
        return node
    conditions = [part for part in (match, node.args.get("on")) if part is not None]
    joined = node.copy()
    joined.set("match_condition", None)
    joined.set("side", "LEFT")
    joined.set("on", exp.and_(*(part.copy() for part in conditions)))
    return joined


REWRITINGS = {exp.Join: _asof}
