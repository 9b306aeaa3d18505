"""Intervals of several parts, and dates that they move."""

from __future__ import annotations

import re

from sqlglot import Expr, exp

from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.expressions.offsets import local, shifted

_PART = re.compile(r"[+-]?\d+\s*([a-z]+)", re.IGNORECASE)
_OF_DAYS = ("y", "q", "mon", "mm", "w", "d")
"""Begin the names of the units that a date has itself; the rest are parts of a time."""


def _parts(node: Expr, _: Columns) -> Expr:
    """Separate the parts of an interval with blanks, as DuckDB reads them."""
    if isinstance(node.this, exp.Literal) and "," in node.this.name:
        node.set("this", exp.Literal.string(node.this.name.replace(",", " ")))
    return node


def _moved(node: Expr, columns: Columns) -> Expr:
    """Keep a date a date when it is moved by days or longer units, and the offset of a TIMESTAMP_TZ."""
    moved = node.expression
    if isinstance(moved, exp.Interval) and kind(node.this, columns) is Kind.TIMESTAMP_TZ:
        value = node.this.copy()
        node.set("this", local(value))
        return shifted(node.copy(), value)
    if not isinstance(moved, exp.Interval) or kind(node.this, columns) is not Kind.DATE or not _is_of_days(moved):
        return node
    return exp.Cast(this=exp.Paren(this=node.copy()), to=exp.DataType(this=exp.DType.DATE))


def _is_of_days(interval: exp.Interval) -> bool:
    unit = interval.args.get("unit")
    units = [unit.name] if unit is not None else _PART.findall(interval.this.name)
    return bool(units) and all(name.lower().startswith(_OF_DAYS) for name in units)


REWRITINGS = {exp.Interval: _parts, exp.Add: _moved, exp.Sub: _moved}
