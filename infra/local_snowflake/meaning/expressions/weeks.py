"""Weeks, whose first day and first of a year are parameters of the session: WEEK_START and WEEK_OF_YEAR_POLICY."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import Columns
from infra.local_snowflake.meaning.expressions.offsets import moment
from infra.local_snowflake.meaning.macros.calls import call

_PARTS = {
    **dict.fromkeys(("WEEK", "W", "WK", "WEEKOFYEAR", "WOY", "WY"), "week_of_year"),
    **dict.fromkeys(("DAYOFWEEK", "WEEKDAY", "DOW", "DW"), "day_of_week"),
    "YEAROFWEEK": "year_of_week",
}
"""The parts of a date that the parameters change, with their macros; those of ISO are DuckDB's."""
UNITS = frozenset({"WEEK", "W", "WK", "WEEKOFYEAR", "WOY", "WY"})


def is_of_weeks(node: Expr) -> bool:
    """Return whether the unit of a function is a week."""
    unit = node.args.get("unit")
    return unit is not None and unit.name.upper() in UNITS


def _part(macro: str) -> Callable[[Expr, Columns], Expr]:
    return lambda node, columns: call(macro, moment(node.this, columns))


def _extract(node: Expr, columns: Columns) -> Expr:
    macro = _PARTS.get(node.this.name.upper())
    return call(macro, moment(node.expression, columns)) if macro else node


def _difference(node: Expr, columns: Columns) -> Expr:
    if not is_of_weeks(node):
        return node
    return call("weeks_between", moment(node.expression, columns), moment(node.this, columns))


def _last_day(node: Expr, columns: Columns) -> Expr:
    return call("week_end", moment(node.this, columns)) if is_of_weeks(node) else node


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {
    exp.Week: _part("week_of_year"),
    exp.DayOfWeek: _part("day_of_week"),
    exp.YearOfWeek: _part("year_of_week"),
    exp.Extract: _extract,
    exp.DateDiff: _difference,
    exp.LastDay: _last_day,
}
