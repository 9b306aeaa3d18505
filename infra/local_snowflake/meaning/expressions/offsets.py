"""Carry the offset of a TIMESTAMP_TZ from where it comes from to where it is read; see `macros/times.py`."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.columns.zoned import TYPE
from infra.local_snowflake.meaning.functions.texts import type_name
from infra.local_snowflake.meaning.macros.calls import call, macro_of

UNTYPED = VARIANTS | {Kind.TEXT}
"""What functions of time convert."""
_WITH_OFFSET = {
    "to_timestamp_tz": "tz_parts",
    "try_to_timestamp_tz": "try_tz_parts",
    "convert_timezone": "tz_convert",
    "tz_shifted": "tz_again",
}
"""The macros whose result must have no offset, with those that keep it in a struct."""


def zoned(value: Expr) -> Expr:
    """Return a TIMESTAMP_TZ as the struct of its instant and its offset; what is stored has the offset of UTC."""
    return _with_offset(value) or call("tz_of", value)


def _with_offset(value: Expr) -> Expr | None:
    inner = value
    while isinstance(inner, exp.Paren):
        inner = inner.this
    macro = _WITH_OFFSET.get(macro_of(inner))
    return call(macro, *inner.expressions) if macro else None


def instant(value: Expr) -> Expr:
    """Return the instant of a TIMESTAMP_TZ."""
    return call("tz_instant", zoned(value))


def local(value: Expr) -> Expr:
    """Return the TIMESTAMP_NTZ that a TIMESTAMP_TZ shows."""
    return call("tz_local", zoned(value))


def moment(value: Expr, columns: Columns) -> Expr:
    """Return what functions of time read: text and VARIANT as a timestamp, TIMESTAMP_TZ as the time that it shows."""
    of = kind(value, columns)
    if of is Kind.TIMESTAMP_TZ:
        return local(value)
    return call("to_timestamp", value) if of in UNTYPED else value


def shifted(changed: Expr, value: Expr) -> Expr:
    """Return a TIMESTAMP_TZ with another local time and the offset of `value`."""
    return call("tz_shifted", changed, zoned(value))


def with_shown_offsets(tree: Expr) -> Expr:
    """Return a query whose result has the offsets; a statement that stores them, or any other, is unchanged."""
    query = tree.this if isinstance(tree, exp.Describe) else tree
    if isinstance(query, exp.Select) and not query.args.get("distinct"):
        for item in query.expressions:
            value = item.this if isinstance(item, exp.Alias) else item
            if shown := _with_offset(value):
                value.replace(shown)
    return tree


def _convert(node: Expr, columns: Columns) -> Expr:
    """Convert to a zone: with two arguments a TIMESTAMP_TZ, with three a TIMESTAMP_NTZ."""
    value = node.args["timestamp"]
    of = kind(value, columns)
    if node.args.get("source_tz") is None:
        moment = instant(value) if of is Kind.TIMESTAMP_TZ else call("to_timestamp_ltz", value)
        return call("convert_timezone", node.args["target_tz"], moment)
    if of is not Kind.TIMESTAMP:
        node.set("timestamp", call("to_timestamp", local(value) if of is Kind.TIMESTAMP_TZ else value))
    return node


_OF_LOCAL = frozenset({"to_date", "try_to_date", "to_time", "to_timestamp", "to_timestamp_ntz"})
_OF_INSTANT = frozenset({"to_timestamp_ltz"})


def _read(node: Expr, columns: Columns) -> Expr:
    """Print or convert a TIMESTAMP_TZ by a function."""
    macro = macro_of(node)
    if not macro or not node.expressions or kind(node.expressions[0], columns) is not Kind.TIMESTAMP_TZ:
        return node
    value, *model = node.expressions
    if macro == "to_char":
        return call("tz_to_char", zoned(value), *model) if model else call("tz_text", zoned(value))
    if macro == "system_typeof":
        return exp.Literal.string(type_name(TYPE))
    if macro in _OF_LOCAL:
        return call(macro, local(value))
    if macro in _OF_INSTANT:
        return instant(value)
    return value if macro == "to_timestamp_tz" else node


REWRITINGS = {exp.ConvertTimezone: _convert, exp.Anonymous: _read}
