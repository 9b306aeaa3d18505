"""Arithmetic of numbers."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.expressions.comparisons import as_number
from infra.local_snowflake.meaning.macros.calls import call

_SCALE = 6


def _divide(node: Expr, columns: Columns) -> Expr:
    """Divide with Snowflake's scale, and refuse zero."""
    left, right = node.this, node.expression
    both = {kind(left, columns), kind(right, columns)}
    left, right = (as_number(side) if kind(side, columns) in VARIANTS else side for side in (left, right))
    divided = call("divide", left, right)
    if both == {Kind.INTEGER}:
        return exp.Cast(this=divided, to=exp.DataType.build(f"DECIMAL(38, {_SCALE})"))
    return divided


def _connective(node: Expr, _: Columns) -> Expr:
    """Combine numbers or booleans as conditions."""
    left, right = call("boolean", node.this), node.args.get("expression")
    if right is None:
        return exp.Not(this=left)
    right = call("boolean", right)
    match node:
        case exp.Booland():
            return exp.Paren(this=exp.And(this=left, expression=right))
        case exp.Boolor():
            return exp.Paren(this=exp.Or(this=left, expression=right))
    return exp.Paren(this=exp.NEQ(this=left, expression=right))


def _window(node: Expr, _: Columns) -> Expr:
    """Compute the window functions that DuckDB lacks from SUM."""
    function = node.this
    if not isinstance(function, exp.Anonymous) or len(function.expressions) != 1:
        return node
    argument = function.expressions[0]
    summed = node.copy()
    if function.name.upper() == "RATIO_TO_REPORT":
        summed.set("this", exp.Anonymous(this="sum", expressions=[argument.copy()]))
        double = exp.Cast(this=argument, to=exp.DataType(this=exp.DType.DOUBLE))
        return exp.Div(this=double, expression=exp.Nullif(this=summed, expression=exp.Literal.number(0)), typed=True)
    if function.name.upper() == "CONDITIONAL_TRUE_EVENT":
        one = exp.If(this=argument, true=exp.Literal.number(1), false=exp.Literal.number(0))
        summed.set("this", exp.Anonymous(this="sum", expressions=[one]))
        return exp.Cast(this=summed, to=exp.DataType(this=exp.DType.BIGINT))
    return node


def _position(node: Expr, _: Columns) -> Expr:
    """Read a column of VALUES by its position."""
    select = node.find_ancestor(exp.Select)
    source = select.args.get("from_") if select is not None else None
    if source is None or not isinstance(source.this, exp.Values) or not node.name.isdigit():
        return node
    return exp.column(f"COLUMN{node.name}")


def _distinct_estimate(node: Expr, _: Columns) -> Expr:
    return exp.ApproxDistinct(this=node.this)


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {
    exp.Div: _divide,
    exp.Booland: _connective,
    exp.Boolor: _connective,
    exp.Boolnot: _connective,
    exp.Xor: _connective,
    exp.Window: _window,
    exp.Parameter: _position,
    exp.Hll: _distinct_estimate,
}
