"""Read the instant or the shown time of a TIMESTAMP_TZ; see `macros/times.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import MACRO_KINDS, VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.functions.texts import type_name
from infra.local_snowflake.meaning.functions.zoned import TYPE
from infra.local_snowflake.meaning.macros.calls import call, macro_of

UNTYPED = VARIANTS | {Kind.TEXT}
"""What functions of time convert."""


def instant(value: Expr) -> Expr:
    """Return the instant of a TIMESTAMP_TZ."""
    return call("tz_instant", value)


def local(value: Expr) -> Expr:
    """Return the TIMESTAMP_NTZ that a TIMESTAMP_TZ shows."""
    return call("tz_local", value)


def moment(value: Expr, columns: Columns) -> Expr:
    """Return what functions of time read: text and VARIANT as a timestamp, TIMESTAMP_TZ as the time that it shows."""
    of = kind(value, columns)
    if of is Kind.TIMESTAMP_TZ:
        return local(value)
    if of in UNTYPED:
        return call("to_timestamp", value)
    return call("not_zoned", value) if columns.may_be_zoned(of) else value


def shifted(changed: Expr, value: Expr) -> Expr:
    """Return a TIMESTAMP_TZ with another local time and the offset of `value`."""
    return call("tz_shifted", changed, value)


def _convert(node: Expr, columns: Columns) -> Expr:
    """Convert to a zone: with two arguments a TIMESTAMP_TZ, with three a TIMESTAMP_NTZ."""
    value = node.args["timestamp"]
    of = kind(value, columns)
    if node.args.get("source_tz") is None:
        at = instant(value) if of is Kind.TIMESTAMP_TZ else call("to_timestamp_ltz", value)
        return call("convert_timezone", node.args["target_tz"], at)
    if of is not Kind.TIMESTAMP:
        node.set("timestamp", call("to_timestamp", local(value) if of is Kind.TIMESTAMP_TZ else value))
    return node


_OF_LOCAL = frozenset({"to_date", "try_to_date", "to_time", "to_timestamp", "to_timestamp_ntz"})


def _read(node: Expr, columns: Columns) -> Expr:
    """Print or convert a TIMESTAMP_TZ by a function."""
    macro = macro_of(node)
    if MACRO_KINDS.get(macro) is Kind.VARIANT:
        print_zoned(node.expressions, columns)
    if not macro or not node.expressions or kind(node.expressions[0], columns) is not Kind.TIMESTAMP_TZ:
        return node
    value, *model = node.expressions
    if macro == "to_char" and not model:
        return call("tz_text", value)
    if macro == "system_typeof":
        return exp.Literal.string(type_name(TYPE))
    if macro in _OF_LOCAL:
        return call(macro, local(value))
    if macro == "to_timestamp_ltz":
        return instant(value)
    return value if macro == "to_timestamp_tz" else node


def print_zoned(values: Sequence[Expr], columns: Columns) -> None:
    """Print what becomes a part of a VARIANT."""
    for value in values:
        if columns.may_be_zoned(kind(value, columns)):
            value.replace(call("variant", value.copy()))


def _from_parts(node: Expr, _: Columns) -> Expr:
    """Make a TIMESTAMP_TZ of its parts, with the offset of a zone at this local time."""
    zone = node.args.get("zone")
    local_time = exp.TimestampFromParts(**{name: value for name, value in node.args.items() if name != "zone"})
    return call("to_timestamp_tz", local_time) if zone is None else call("tz_in_zone", local_time, zone)


def _elements(node: Expr, columns: Columns) -> Expr:
    print_zoned(node.expressions, columns)
    return node


def _properties(node: Expr, columns: Columns) -> Expr:
    print_zoned([item.expression for item in node.expressions if isinstance(item, exp.PropertyEQ)], columns)
    return node


def _pairs(node: Expr, columns: Columns) -> Expr:
    if isinstance(node.expression, Expr):
        print_zoned([node.expression], columns)
    return node


def _define(node: Expr, _: Columns) -> Expr:
    """Give a column the type of DuckDB, and its default this type."""
    if not is_zoned(node):
        return node
    node.set("kind", exp.DataType(this=exp.DType.INTERVAL))
    for constraint in node.args.get("constraints") or []:
        if isinstance(constraint.kind, exp.DefaultColumnConstraint) and not isinstance(constraint.kind.this, exp.Null):
            constraint.kind.set("this", call("tz_of_engine", constraint.kind.this))
    return node


def is_zoned(column: Expr) -> bool:
    """Return whether the definition of a column is that of a TIMESTAMP_TZ."""
    type_ = column.args.get("kind")
    return isinstance(type_, exp.DataType) and type_.this in {exp.DType.TIMESTAMPTZ, exp.DType.INTERVAL}


def _create(node: Expr, columns: Columns) -> Expr:
    """Convert what CREATE TABLE ... AS SELECT stores in the columns that it defines."""
    query = node.expression
    if isinstance(node.this, exp.Schema) and isinstance(query, exp.Select):
        for column, item in zip(node.this.expressions, query.expressions, strict=False):
            value = item.this if isinstance(item, exp.Alias) else item
            if is_zoned(column) and not item.is_star and kind(value, columns) is not Kind.TIMESTAMP_TZ:
                value.replace(call("to_timestamp_tz", value.copy()))
    return node


def _united(node: Expr, columns: Columns) -> Expr:
    """Make the columns of all queries TIMESTAMP_TZ where one is."""
    sides = [side.unnest() if isinstance(side, exp.Subquery) else side for side in (node.this, node.expression)]
    for items in zip(*(side.selects for side in sides if isinstance(side, exp.Query)), strict=False):
        kinds = [kind(item, columns) for item in items]
        if Kind.TIMESTAMP_TZ in kinds and not any(item.is_star for item in items):
            for item, of in zip(items, kinds, strict=True):
                value = item.this if isinstance(item, exp.Alias) else item
                if of not in {Kind.TIMESTAMP_TZ, Kind.NULL}:
                    value.replace(call("to_timestamp_tz", value.copy()))
    return node


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {
    exp.ConvertTimezone: _convert,
    exp.Anonymous: _read,
    exp.Struct: _properties,
    exp.JSONObject: _properties,
    exp.StarMap: _elements,
    exp.ObjectAgg: _pairs,
    exp.TimestampTzFromParts: _from_parts,
    exp.ColumnDef: _define,
    exp.Create: _create,
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), _united),
}
