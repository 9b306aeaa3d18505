"""Comparisons of VARIANT with other types, and conditions on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import NUMBERS, VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.columns.written import is_plain
from infra.local_snowflake.meaning.expressions.offsets import instant
from infra.local_snowflake.meaning.macros.calls import call

_MACROS = {
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "to_date",
    Kind.TIMESTAMP: "to_timestamp",
    Kind.TIMESTAMP_LTZ: "to_timestamp_ltz",
    Kind.TIMESTAMP_TZ: "to_timestamp_tz",
    Kind.TIME: "to_time",
}
_TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMP_LTZ})
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
    if Kind.TIMESTAMP_TZ in {of_left, of_right}:
        _compare_instants([left, right], columns)
    elif isinstance(right, exp.Literal) and right.is_string and of_left in _TIMES and not is_plain(right):
        node.set("expression", call(_MACROS[of_left], right))
    elif isinstance(left, exp.Literal) and left.is_string and of_right in _TIMES and not is_plain(left):
        node.set("this", call(_MACROS[of_right], left))
    return node


def _compare_instants(values: Sequence[Expr], columns: Columns) -> None:
    """Compare TIMESTAMP_TZs with others by their instants; what has no offset is in the zone of the session."""
    kinds = [kind(value, columns) for value in values]
    if set(kinds) <= {Kind.TIMESTAMP_TZ, Kind.NULL}:
        return
    for value, of in zip(values, kinds, strict=True):
        if of is Kind.TIMESTAMP_TZ:
            value.replace(instant(value.copy()))
        elif of not in {Kind.TIMESTAMP_LTZ, Kind.NULL}:
            value.replace(call("to_timestamp_ltz", value.copy()))


def _between(node: Expr, columns: Columns) -> Expr:
    compared = [node.args[name] for name in ("this", "low", "high")]
    if Kind.TIMESTAMP_TZ in {kind(value, columns) for value in compared}:
        _compare_instants(compared, columns)
        return node
    if kind(node.this, columns) in VARIANTS:
        low = node.args["low"]
        node.set("this", like(node.this, low, kind(low, columns)))
    return node


def _in(node: Expr, columns: Columns) -> Expr:
    compared = [node.this, *node.expressions]
    if node.expressions and Kind.TIMESTAMP_TZ in {kind(value, columns) for value in compared}:
        _compare_instants(compared, columns)
        return node
    if kind(node.this, columns) in VARIANTS and node.expressions:
        first = node.expressions[0]
        node.set("this", like(node.this, first, kind(first, columns)))
    return node


def _like_text(node: Expr, columns: Columns) -> Expr:
    of = kind(node.this, columns)
    if of is Kind.TIMESTAMP_TZ:
        node.set("this", call("tz_text", node.this))
    elif of in VARIANTS | {Kind.TIMESTAMP, Kind.DATE, Kind.TIMESTAMP_LTZ} | NUMBERS:
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
