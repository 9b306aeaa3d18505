"""Refuse a MERGE that updates a row twice, which DuckDB does with one of the two."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.language.tokens import tokenize

_CANDIDATES = "MERGE_CANDIDATES"
_OPERATION = "MERGE_OP"
_REFUSAL = "[100090 42P18] Duplicate row detected during DML action"


def with_duplicates_refused(tree: Expr, sql: str) -> Expr:
    """Return the statement that joins the rows of a MERGE, with an error for a target row that two rows update.

    Args:
        tree: of any statement; fakesnow splits MERGE into several, and the first stores the joined rows.
        sql: the statement of the client.
    """
    if not isinstance(tree, exp.Create) or _name(tree) != _CANDIDATES:
        return tree
    if "UPDATE" not in {token.keyword for token in tokenize(sql)}:
        return tree
    select = tree.expression
    target = select.args["from_"].this.alias_or_name
    for item in select.expressions:
        if isinstance(item, exp.Alias) and item.alias.upper() == _OPERATION:
            has_operation = exp.Not(this=exp.Is(this=item.this.copy(), expression=exp.Null()))
            select.set("where", exp.Where(this=has_operation))
            item.set("this", _checked(item.this, target))
    return tree


def _name(tree: exp.Create) -> str:
    return tree.this.name.upper() if isinstance(tree.this, exp.Table) else ""


def _checked(operation: Expr, target: str) -> Expr:
    row = exp.column("rowid", table=target)
    matches = exp.Window(this=exp.Count(this=operation.copy()), partition_by=[row.copy()])
    twice = exp.and_(
        exp.Not(this=exp.Is(this=row, expression=exp.Null())),
        exp.GT(this=matches, expression=exp.Literal.number(1)),
    )
    refusal = exp.Anonymous(this="error", expressions=[exp.Literal.string(_REFUSAL)])
    return exp.Case(ifs=[exp.If(this=twice, true=refusal)], default=operation.copy())
