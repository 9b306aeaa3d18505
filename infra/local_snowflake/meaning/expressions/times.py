"""Functions of dates and times."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import VARIANTS, Columns, Kind, kind
from infra.local_snowflake.meaning.macros.calls import call

_UNTYPED = VARIANTS | {Kind.TEXT}
_DATE = exp.DataType.Type.DATE


def _truncate(node: Expr, columns: Columns) -> Expr:
    """Keep the type of what is truncated."""
    value = node.this
    of = kind(value, columns)
    if of in _UNTYPED:
        node.set("this", call("to_timestamp", value))
        return node
    if of is Kind.DATE:
        return exp.Cast(this=node.copy(), to=exp.DataType(this=_DATE))
    return node if of in {Kind.TIMESTAMP, Kind.TIMESTAMP_TZ} else call("same_type", node.copy(), value.copy())


def _as_time(node: Expr, columns: Columns) -> Expr:
    """Convert text and VARIANT to a timestamp, as every function of time does."""
    for name in ("this", "expression"):
        value = node.args.get(name)
        if isinstance(value, Expr) and kind(value, columns) in _UNTYPED:
            node.set(name, call("to_timestamp", value))
    return node


def _first_as_time(node: Expr, columns: Columns) -> Expr:
    if kind(node.this, columns) in _UNTYPED:
        node.set("this", call("to_timestamp", node.this))
    return node


_WHOLE_DAYS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})


def _add(node: Expr, columns: Columns) -> Expr:
    """Add to a date and keep it a date, unless a part of a day is added."""
    value = node.this
    of = kind(value, columns)
    if of in _UNTYPED:
        node.set("this", call("to_timestamp", value))
        return node
    unit = node.args.get("unit")
    whole = isinstance(node, exp.AddMonths) or (unit is not None and unit.name.upper() in _WHOLE_DAYS)
    if not whole or of in {Kind.TIMESTAMP, Kind.TIMESTAMP_TZ, Kind.TIME}:
        return node
    if of is Kind.DATE:
        return exp.Cast(this=node.copy(), to=exp.DataType(this=_DATE))
    return call("same_type", node.copy(), value.copy())


def _extract(node: Expr, columns: Columns) -> Expr:
    if kind(node.expression, columns) in _UNTYPED:
        node.set("expression", call("to_timestamp", node.expression))
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
