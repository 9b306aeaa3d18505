"""What changed in the columns of a table from one run to the next."""

from __future__ import annotations

import dagster as dg


def column_changes(before: dg.TableSchema, after: dg.TableSchema) -> list[str]:
    """Describe each column that was added, removed, or has another type; in the order of the columns.

    Names are compared without case, as Snowflake compares names without quotes. A type that nobody wrote, `?`, differs
    from none.
    """
    known = {column.name.lower(): column for column in before.columns}
    named = {column.name.lower() for column in after.columns}
    removed = [f"- {column.name} {column.type}" for name, column in known.items() if name not in named]
    found = []
    for column in after.columns:
        former = known.get(column.name.lower())
        if former is None:
            found.append(f"+ {column.name} {column.type}")
        elif "?" not in {former.type, column.type} and former.type.lower() != column.type.lower():
            found.append(f"~ {column.name} {former.type} -> {column.type}")
    return removed + found
