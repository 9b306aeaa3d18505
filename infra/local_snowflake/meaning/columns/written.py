"""Convert text that an INSERT or UPDATE writes to a column of dates or times.

DuckDB casts it without Snowflake's formats, shifts a time with an offset to UTC, and cuts a fraction at six digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns import zoned
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.columns.lengths import full_name, stored_name
from infra.local_snowflake.meaning.macros.calls import call

TypesOf = Callable[[ObjectName], Mapping[str, str]]
"""Returns the types of a table's columns by name, in their order."""
_MACROS = {
    "DATE": "to_date",
    "TIME": "to_time",
    "TIMESTAMP": "to_timestamp",
    "TIMESTAMP WITH TIME ZONE": "to_timestamp_ltz",
    zoned.TYPE: "to_timestamp_tz",
}
_PLAIN = re.compile(r"\D*|\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?|\d\d:\d\d:\d\d(\.\d{1,6})?")


def is_plain(value: Expr) -> bool:
    """Return whether DuckDB reads a literal as Snowflake does, if it is a date or a time."""
    return isinstance(value, exp.Literal) and _PLAIN.fullmatch(value.name) is not None


def with_converted_times(
    tree: Expr, types_of: TypesOf, columns: Columns, here: tuple[str | None, str | None], *, formats: bool
) -> Expr:
    """Return the statement with its text converted.

    Args:
        tree: it is changed in place.
        types_of: the types of the columns of the table.
        columns: of the statement.
        here: database and schema of the session.
        formats: whether the session has formats of its own, so that no literal is plain.
    """
    if not isinstance(tree, (exp.Insert, exp.Update)):
        return tree
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    values = [
        (place, value)
        for place, value in _values(tree)
        if kind(value, columns) is Kind.TEXT and (formats or not is_plain(value))
    ]
    if not values or not isinstance(target, exp.Table):
        return tree
    types = types_of(full_name(target, *here))
    listed = [stored_name(name) for name in tree.this.expressions] if isinstance(tree.this, exp.Schema) else list(types)
    for place, value in values:
        name = place if isinstance(place, str) else listed[place] if place < len(listed) else ""
        if macro := _MACROS.get(types.get(name, "")):
            value.replace(call(macro, value.copy()))
    return tree


def _values(tree: Expr) -> Iterator[tuple[int | str, Expr]]:
    """Yield what is written, with the position or the name of its column."""
    if isinstance(tree, exp.Update):
        for assignment in tree.expressions:
            if isinstance(assignment, exp.EQ):
                yield stored_name(assignment.this.this), assignment.expression
        return
    rows = tree.expression
    if isinstance(rows, exp.Values):
        for row in rows.expressions:
            yield from enumerate(row.expressions)
    elif isinstance(rows, exp.Select) and not any(item.is_star for item in rows.expressions):
        for position, item in enumerate(rows.expressions):
            yield position, item.this if isinstance(item, exp.Alias) else item
