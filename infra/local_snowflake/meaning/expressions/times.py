"""Functions of dates and times."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.errors import NotSupportedError
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.expressions.offsets import UNTYPED, instant, local, moment, shifted
from infra.local_snowflake.meaning.expressions.weeks import is_of_weeks
from infra.local_snowflake.meaning.macros.calls import call, macro_of

_T = exp.DataType.Type
_DATE = _T.DATE


_MAPPED = {"TIMESTAMP_LTZ": ("to_timestamp_ltz", _T.TIMESTAMPLTZ), "TIMESTAMP_TZ": ("to_timestamp_tz", _T.TIMESTAMPTZ)}


def with_mapped_timestamps(tree: Expr, mapping: str) -> Expr:
    """Give TIMESTAMP and TO_TIMESTAMP the type of TIMESTAMP_TYPE_MAPPING.

    Raises:
        NotSupportedError: TIMESTAMP_FROM_PARTS is not mapped.
    """
    if mapping not in _MAPPED:
        return tree
    macro, type_ = _MAPPED[mapping]
    for node in tree.walk():
        if isinstance(node, exp.TimestampFromParts):
            raise NotSupportedError(f"Unsupported feature 'TIMESTAMP_FROM_PARTS as {mapping}'.")
        if isinstance(node, exp.DataType) and node.this is _T.TIMESTAMP:
            node.set("this", type_)
        elif macro_of(node) in {"to_timestamp", "try_to_timestamp"}:
            node.set("this", call(macro_of(node).replace("to_timestamp", macro)).this)
    return tree


def _truncate(node: Expr, columns: Columns) -> Expr:
    """Keep the type of what is truncated."""
    value = node.this
    of = kind(value, columns)
    cut = _cut(node, moment(value.copy(), columns))
    if of is Kind.TIMESTAMP_TZ:
        return shifted(cut, value)
    if of in UNTYPED | {Kind.TIMESTAMP}:
        return cut
    if of is Kind.DATE:
        return exp.Cast(this=cut, to=exp.DataType(this=_DATE))
    return cut if of is Kind.TIMESTAMP_LTZ and not is_of_weeks(node) else call("same_type", cut, value.copy())


def _cut(node: Expr, value: Expr) -> Expr:
    if is_of_weeks(node):
        return call("week_begin", value)
    return type(node)(**{**node.copy().args, "this": value})


def _as_time(node: Expr, columns: Columns) -> Expr:
    """Convert what is subtracted; a TIMESTAMP_TZ is its instant, as the other one may have another offset."""
    for name in ("this", "expression"):
        value = node.args.get(name)
        if isinstance(value, Expr):
            of_offset = kind(value, columns) is Kind.TIMESTAMP_TZ
            node.set(name, instant(value) if of_offset else moment(value, columns))
    return node


def _first_as_time(node: Expr, columns: Columns) -> Expr:
    node.set("this", moment(node.this, columns))
    return node


_WHOLE_DAYS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})


def _add(node: Expr, columns: Columns) -> Expr:
    """Add to a date and keep it a date, unless a part of a day is added."""
    value = node.this
    of = kind(value, columns)
    if of is Kind.TIMESTAMP_TZ:
        node.set("this", local(value.copy()))
        return shifted(node.copy(), value)
    if of in UNTYPED:
        node.set("this", call("to_timestamp", value))
        return node
    unit = node.args.get("unit")
    whole = isinstance(node, exp.AddMonths) or (unit is not None and unit.name.upper() in _WHOLE_DAYS)
    if not whole or of in {Kind.TIMESTAMP, Kind.TIMESTAMP_LTZ, Kind.TIME}:
        return node
    if of is Kind.DATE:
        return exp.Cast(this=node.copy(), to=exp.DataType(this=_DATE))
    return call("same_type", node.copy(), value.copy())


_OF_OFFSET = {"TIMEZONE_HOUR": "tz_hours", "TZH": "tz_hours", "TIMEZONE_MINUTE": "tz_rest", "TZM": "tz_rest"}
"""Macros of the parts of an offset."""


def _extract(node: Expr, columns: Columns) -> Expr:
    value = node.expression
    part, of_zoned = node.this.name.upper(), kind(value, columns) is Kind.TIMESTAMP_TZ
    if of_zoned and part in _OF_OFFSET:
        return call(_OF_OFFSET[part], value)
    node.set("expression", instant(value) if of_zoned and part.startswith("EPOCH") else moment(value, columns))
    return node


REWRITINGS = {
    exp.TimestampTrunc: _truncate,
    exp.DateTrunc: _truncate,
    exp.DateDiff: _as_time,
    exp.MonthsBetween: _as_time,
    **dict.fromkeys(
        (
            exp.LastDay,
            exp.NextDay,
            exp.TimeSlice,
            exp.Dayname,
            exp.Monthname,
            exp.Year,
            exp.Month,
            exp.Day,
            exp.Quarter,
            exp.Week,
            exp.WeekOfYear,
            exp.DayOfWeek,
            exp.DayOfWeekIso,
            exp.DayOfYear,
            exp.Hour,
            exp.Minute,
            exp.Second,
        ),
        _first_as_time,
    ),
    exp.Extract: _extract,
    exp.DateAdd: _add,
    exp.AddMonths: _add,
}
