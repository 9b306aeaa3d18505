"""Expressions that mix VARIANT with other types."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import NUMBERS, VARIANTS, Columns, Kind, branches, kind
from infra.local_snowflake.meaning.expressions.comparisons import as_number, like
from infra.local_snowflake.meaning.expressions.offsets import print_zoned
from infra.local_snowflake.meaning.macros.calls import call


def _branches(node: Expr, columns: Columns) -> Expr:
    """Make every branch a VARIANT if one is."""
    found = [(branch, kind(branch, columns)) for branch in branches(node)]
    if not any(of in VARIANTS for _, of in found):
        return _zoned_branches(node, found)
    for branch, of in found:
        if of not in {Kind.VARIANT, Kind.NULL}:
            branch.replace(call("variant", branch.copy()))
    return node


def _zoned_branches(node: Expr, found: list[tuple[Expr, Kind]]) -> Expr:
    """Make every branch a TIMESTAMP_TZ if one is."""
    if any(of is Kind.TIMESTAMP_TZ for _, of in found):
        for branch, of in found:
            if of not in {Kind.TIMESTAMP_TZ, Kind.NULL}:
                branch.replace(call("to_timestamp_tz", branch.copy()))
    return node


def _condition(node: Expr, columns: Columns) -> Expr:
    """Make the condition of IFF and CASE a boolean, then its branches alike."""
    if isinstance(node, exp.If) and isinstance(node.this, Expr) and kind(node.this, columns) in VARIANTS:
        node.set("this", call("boolean", node.this))
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return node
    if isinstance(node, exp.Case) and isinstance(node.this, Expr) and kind(node.this, columns) in VARIANTS:
        other = node.args["ifs"][0].this
        node.set("this", like(node.this, other, kind(other, columns)))
    return _branches(node, columns)


def _nullif(node: Expr, columns: Columns) -> Expr:
    """Compare the value of a VARIANT, and keep the VARIANT."""
    value, other = node.this, node.expression
    kinds = (kind(value, columns), kind(other, columns))
    if Kind.TIMESTAMP_TZ in kinds and not set(kinds) & VARIANTS:
        return _zoned_branches(node, list(zip((value, other), kinds, strict=True)))
    if kinds[0] not in VARIANTS or kinds[1] in VARIANTS:
        return node
    same = exp.EQ(this=call("text", value.copy()), expression=call("text", other.copy()))
    return exp.Case(ifs=[exp.If(this=same, true=exp.Null())], default=value.copy())


def _arithmetic(node: Expr, columns: Columns) -> Expr:
    """Compute with the number of a VARIANT, and of text beside a number."""
    sides = {name: node.args.get(name) for name in ("this", "expression")}
    kinds = {name: kind(value, columns) for name, value in sides.items() if isinstance(value, Expr)}
    for name, of in kinds.items():
        if of in VARIANTS:
            node.set(name, as_number(node.args[name]))
        elif of is Kind.TEXT and set(kinds.values()) & NUMBERS:
            node.set(name, exp.Cast(this=node.args[name], to=exp.DataType.build("DECIMAL(18, 5)")))
    return node


def _bracket(node: Expr, _: Columns) -> Expr:
    """Read an element by a key or an index that is an expression; a missing or negative index is NULL."""
    if len(node.expressions) != 1:
        return node
    index = node.expressions[0]
    if isinstance(index, exp.Literal):
        return node
    return call("get", node.this, index)


def _extremes(node: Expr, columns: Columns) -> Expr:
    """Compare VARIANTs as numbers beside a number, else as text."""
    values = [node.this, *node.expressions]
    found = [kind(value, columns) for value in values]
    if not set(found) & VARIANTS:
        return node
    numbers = bool(set(found) & NUMBERS)
    for value, of in zip(values, found, strict=True):
        if of in VARIANTS:
            value.replace(as_number(value.copy()) if numbers else call("text", value.copy()))
    return node


def _decode(node: Expr, columns: Columns) -> Expr:
    value, *others = node.expressions
    if kind(value, columns) in VARIANTS and others:
        value.replace(like(value.copy(), others[0], kind(others[0], columns)))
    return node


def _array(node: Expr, columns: Columns) -> Expr:
    print_zoned(node.expressions, columns)
    return exp.Anonymous(this="json_array", expressions=node.expressions)


def _array_agg(node: Expr, columns: Columns) -> Expr:
    """Aggregate without NULLs, in the order of WITHIN GROUP; without rows the array is empty."""
    if isinstance(node.parent, (exp.WithinGroup, exp.Window)) or (
        isinstance(node.parent, exp.Filter) and not isinstance(node, exp.Filter)
    ):
        return node
    window = node if isinstance(node, exp.Window) else None
    inner = node.this if window is not None else node
    order = inner.expression if isinstance(inner, exp.WithinGroup) else None
    aggregate = inner.this if order is not None else inner
    if not isinstance(aggregate, exp.ArrayAgg):
        return node
    collected = _collected(aggregate.this, order, columns)
    if window is not None:
        window.set("this", collected)
        collected = window.copy()
    empty = exp.Coalesce(this=collected, expressions=[exp.Anonymous(this="list_value")])
    return exp.Anonymous(this="to_json", expressions=[empty])


def _collected(value: Expr, order: Expr | None, columns: Columns) -> Expr:
    plain = value
    while isinstance(plain, (exp.Order, exp.Distinct)):
        plain = plain.this if isinstance(plain, exp.Order) else plain.expressions[0]
    if order is not None:
        value = exp.Order(this=value, expressions=order.expressions)
    if columns.may_be_zoned(kind(plain, columns)):
        printed = call("variant", plain.copy())
        value, plain = (printed, printed) if value is plain else (value, plain.replace(printed))
    known = exp.Not(this=exp.Is(this=plain.copy(), expression=exp.Null()))
    return exp.Filter(this=exp.Anonymous(this="array_agg", expressions=[value]), expression=exp.Where(this=known))


def _object(node: Expr, _: Columns) -> Expr:
    """Keep the keys of an object literal as they are written."""
    for item in node.expressions:
        if isinstance(item, exp.PropertyEQ) and isinstance(item.this, exp.Identifier):
            item.set("this", exp.Literal.string(item.this.name))
    return node


def _path(node: Expr, _: Columns) -> Expr:
    """Return NULL for a negative index, which DuckDB counts from the end."""
    indexes = node.expression.find_all(exp.JSONPathSubscript) if isinstance(node.expression, Expr) else ()
    if any(str(index.this).startswith("-") for index in indexes):
        return exp.Cast(this=exp.Null(), to=exp.DataType(this=exp.DType.VARIANT))
    return node


REWRITINGS = {
    exp.JSONExtract: _path,
    exp.Struct: _object,
    exp.Case: _condition,
    exp.If: _condition,
    exp.Coalesce: _branches,
    exp.Nvl2: _branches,
    exp.Nullif: _nullif,
    exp.Add: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Mul: _arithmetic,
    exp.Mod: _arithmetic,
    exp.Neg: _arithmetic,
    exp.Round: _arithmetic,
    exp.Abs: _arithmetic,
    exp.Bracket: _bracket,
    exp.DecodeCase: _decode,
    exp.Greatest: _extremes,
    exp.Least: _extremes,
    exp.Array: _array,
    exp.ArrayAgg: _array_agg,
    exp.WithinGroup: _array_agg,
    exp.Window: _array_agg,
}
