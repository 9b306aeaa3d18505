"""Convert what an INSERT or UPDATE writes to the type of its column, where DuckDB would not cast as Snowflake does.

DuckDB casts text to dates and times without Snowflake's formats, shifts a time with an offset to UTC, and cuts a
fraction at six digits. It casts nothing to a TIMESTAMP_TZ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.columns.lengths import full_name, stored_name
from infra.local_snowflake.meaning.functions import zoned
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
_OF_ZONED = {**_MACROS, "VARCHAR": "text", "JSON": "variant"}
_PLAIN = re.compile(r"\D*|\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?|\d\d:\d\d:\d\d(\.\d{1,6})?")


def is_plain(value: Expr) -> bool:
    """Return whether DuckDB reads a literal as Snowflake does, if it is a date or a time."""
    return isinstance(value, exp.Literal) and _PLAIN.fullmatch(value.name) is not None


def stored_types(connection: Any, name: ObjectName) -> dict[str, str]:
    """Return the types of the columns of a table by name, in their order."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [name.database, name.schema, name.name],
    ).fetchall()
    return dict(rows)


def with_converted_times(
    tree: Expr, types_of: TypesOf, columns: Columns, here: tuple[str | None, str | None], *, formats: bool
) -> Expr:
    """Return the statement with its values converted.

    Args:
        tree: it is changed in place.
        types_of: the types of the columns of the table.
        columns: of the statement.
        here: database and schema of the session.
        formats: whether the session has formats of its own, so that no literal is plain.
    """
    target = _target_of(tree)
    if target is None:
        return tree
    values = [(place, value, kind(value, columns)) for place, value in _values(tree)]
    texts = any(of is Kind.TEXT and (formats or not is_plain(value)) for _, value, of in values)
    if not texts and not columns.zoned:
        return tree
    types = types_of(full_name(target, *here))
    listed = [stored_name(name) for name in tree.this.expressions] if isinstance(tree.this, exp.Schema) else list(types)
    for place, value, of in values:
        name = place if isinstance(place, str) else listed[place] if place < len(listed) else ""
        macro = _macro(value, of, types.get(name, ""), columns, formats=formats)
        if macro and not _is_default(value):
            value.replace(call(macro, value.copy()))
    if not values and zoned.TYPE in types.values() and isinstance(tree, exp.Insert):
        _convert_rows(tree, listed, types)
    return tree


def _target_of(tree: Expr) -> exp.Table | None:
    """Return the table that an INSERT or UPDATE writes."""
    if not isinstance(tree, (exp.Insert, exp.Update)):
        return None
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target if isinstance(target, exp.Table) else None


def _macro(value: Expr, of: Kind, type_: str, columns: Columns, *, formats: bool) -> str | None:
    """Return the macro that converts a value to the type of its column; None where DuckDB does."""
    if type_ == zoned.TYPE:
        return None if of in {Kind.TIMESTAMP_TZ, Kind.NULL} else _MACROS[type_]
    if columns.may_be_zoned(of):
        return _OF_ZONED.get(type_)
    return _MACROS.get(type_) if of is Kind.TEXT and (formats or not is_plain(value)) else None


def _is_default(value: Expr) -> bool:
    return isinstance(value, (exp.Column, exp.Var)) and value.name.upper() == "DEFAULT"


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


def _convert_rows(tree: exp.Insert, listed: Sequence[str], types: Mapping[str, str]) -> None:
    """Read the rows of a query whose columns the statement does not name from a subquery that names them."""
    names = [exp.to_identifier(f"_{position}", quoted=True) for position in range(len(listed))]
    items: list[Expr] = [exp.Column(this=name.copy()) for name in names]
    for position, name in enumerate(listed):
        if types.get(name) == zoned.TYPE:
            items[position] = call("to_timestamp_tz", items[position])
    alias = exp.TableAlias(this=exp.to_identifier("_rows", quoted=True), columns=names)
    rows = exp.Subquery(this=tree.expression, alias=alias)
    tree.set("expression", exp.Select(expressions=items).from_(rows))
