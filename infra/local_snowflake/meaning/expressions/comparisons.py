"""Comparisons of VARIANT with other types, and conditions on it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import NUMBERS, VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.macros.calls import call

_TYPES = {
    Kind.BOOLEAN: exp.DataType.Type.BOOLEAN,
    Kind.DATE: exp.DataType.Type.DATE,
    Kind.TIMESTAMP: exp.DataType.Type.TIMESTAMP,
    Kind.TIMESTAMP_TZ: exp.DataType.Type.TIMESTAMPTZ,
    Kind.TIME: exp.DataType.Type.TIME,
}
_MACROS = {
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "to_date",
    Kind.TIMESTAMP: "to_timestamp",
    Kind.TIMESTAMP_TZ: "to_timestamp_tz",
    Kind.TIME: "to_time",
}
_EXACT_DIGITS = 15


def as_number(value: Expr, other: Expr | None = None) -> Expr:
    """Return a VARIANT as a number; exact beside a literal of many digits."""
    exact = isinstance(other, exp.Literal) and len(other.name) > _EXACT_DIGITS
    to = exp.DataType.build("DECIMAL(38, 9)") if exact else exp.DataType(this=exp.DataType.Type.DOUBLE)
    return exp.Cast(this=call("number_text", value), to=to)


def like(value: Expr, other: Expr, of: Kind) -> Expr:
    """Return a VARIANT as the kind of the other side."""
    if of is Kind.TEXT:
        return call("text", value)
    if of in NUMBERS:
        return as_number(value, other)
    if of in _MACROS:
        return call(_MACROS[of], value)
    return call("as_other", value, other.copy())


def _compare(node: Expr, columns: Columns) -> Expr:
    left, right = node.this, node.expression
    if isinstance(node.parent, exp.Update) and node.arg_key == "expressions":
        return node  # SET a = 1 assigns
    if not isinstance(right, Expr) or isinstance(right, (exp.Any, exp.All, exp.Subquery)):
        return node
    of_left, of_right = kind(left, columns), kind(right, columns)
    if (of_left in VARIANTS and of_right in VARIANTS) or Kind.NULL in {of_left, of_right}:
        return node
    if of_left in VARIANTS:
        node.set("this", like(left, right, of_right))
    elif of_right in VARIANTS:
        node.set("expression", like(right, left, of_left))
    return node


def _between(node: Expr, columns: Columns) -> Expr:
    if kind(node.this, columns) in VARIANTS:
        low = node.args["low"]
        node.set("this", like(node.this, low, kind(low, columns)))
    return node


def _in(node: Expr, columns: Columns) -> Expr:
    if kind(node.this, columns) in VARIANTS and node.expressions:
        first = node.expressions[0]
        node.set("this", like(node.this, first, kind(first, columns)))
    return node


def _like_text(node: Expr, columns: Columns) -> Expr:
    if kind(node.this, columns) in VARIANTS | {Kind.TIMESTAMP, Kind.DATE, Kind.TIMESTAMP_TZ} | NUMBERS:
        node.set("this", call("text", node.this))
    return node


def _conditions(node: Expr, columns: Columns) -> Expr:
    for name in ("this", "expression"):
        value = node.args.get(name)
        if isinstance(value, Expr) and kind(value, columns) in VARIANTS:
            node.set(name, call("boolean", value))
    return node


def _order(node: Expr, columns: Columns) -> Expr:
    """Order VARIANTs by their numbers, then by their text."""
    select = node.parent
    if isinstance(select, exp.Select) and select.args.get("distinct"):
        return node
    for term in node.expressions:
        if isinstance(term, exp.Ordered) and kind(term.this, columns) in VARIANTS:
            term.set("this", call("order_key", term.this))
    return node


def _extreme(node: Expr, columns: Columns) -> Expr:
    """Return the VARIANT with the greatest or least key."""
    if kind(node.this, columns) not in VARIANTS:
        return node
    name = "arg_max" if isinstance(node, exp.Max) else "arg_min"
    return exp.Anonymous(this=name, expressions=[node.this, call("order_key", node.this.copy())])


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.EqualNull), _compare
    ),
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like_text,
    exp.ILike: _like_text,
    exp.And: _conditions,
    exp.Or: _conditions,
    exp.Not: _conditions,
    exp.Where: _conditions,
    exp.Having: _conditions,
    exp.Qualify: _conditions,
    exp.Order: _order,
    exp.Max: _extreme,
    exp.Min: _extreme,
}
