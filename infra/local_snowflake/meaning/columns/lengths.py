"""Refuse text that is longer than its column, which DuckDB stores."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import Expr, exp

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.macros.calls import call

Lengths = Mapping[ObjectName, Mapping[str, int]]
"""The columns of VARCHAR(n) by table, in the order of the table, with n; 0 is no limit."""


def with_checked_lengths(tree: Expr, lengths: Lengths, database: str | None, schema: str | None) -> Expr:
    """Return an INSERT or UPDATE whose text is checked against the length of its columns."""
    if not lengths or not isinstance(tree, (exp.Insert, exp.Update)):
        return tree
    target = tree.find(exp.Table)
    if target is None:
        return tree
    limits = lengths.get(full_name(target, database, schema))
    if limits is None or not any(limits.values()):
        return tree
    if isinstance(tree, exp.Update):
        _check_assignments(tree, limits)
    else:
        _check_rows(tree, limits)
    return tree


def full_name(table: exp.Table, database: str | None, schema: str | None) -> ObjectName:
    """Return the full name of a table in a tree."""
    catalog, db = table.args.get("catalog"), table.args.get("db")
    parts = (
        (stored_name(catalog) if catalog else "") or database,
        (stored_name(db) if db else "") or schema,
        stored_name(table.this),
    )
    return ObjectName(*[part or "" for part in parts])


def stored_name(part: Expr) -> str:
    """Return a name as Snowflake stores it: in upper case unless it is quoted.

    Args:
        part: an identifier, or a column of a key or a list that is one.
    """
    while isinstance(part, (exp.Ordered, exp.Column)):
        part = part.this
    return part.name if part.args.get("quoted") else part.name.upper()


def _check_assignments(tree: exp.Update, limits: Mapping[str, int]) -> None:
    for assignment in tree.expressions:
        limit = limits.get(assignment.this.name.upper(), 0) if isinstance(assignment, exp.EQ) else 0
        if limit:
            assignment.set("expression", call("text_n", assignment.expression, limit))


def _check_rows(tree: exp.Insert, limits: Mapping[str, int]) -> None:
    named = isinstance(tree.this, exp.Schema)
    names = [column.name.upper() for column in tree.this.expressions] if named else list(limits)
    in_order = [limits.get(name, 0) for name in names]
    rows = tree.expression
    match rows:
        case exp.Values():
            for row in rows.expressions:
                _check_items(row, in_order)
        case exp.Select() if not any(item.is_star for item in rows.expressions):
            _check_items(rows, in_order)


def _check_items(row: Expr, in_order: list[int]) -> None:
    for item, limit in zip(row.expressions, in_order, strict=False):
        value = item.this if isinstance(item, exp.Alias) else item
        if limit and not _is_default(value):
            value.replace(call("text_n", value.copy(), limit))


def _is_default(value: Expr) -> bool:
    return isinstance(value, exp.Null) or (isinstance(value, (exp.Column, exp.Var)) and value.name.upper() == "DEFAULT")
