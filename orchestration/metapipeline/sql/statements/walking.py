"""How the tree of a statement is walked: what is below a node, what a name may mean there, what names nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Scope:
    """What a name may mean at one place of a statement.

    Args:
        ctes: names of the visible CTEs, folded.
        rows: aliases of the relations whose arrays FROM may name.
    """

    ctes: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()


Item = tuple[object, Scope]
"""A part of the tree, with the scope in which it is read."""

LEAVES = (exp.Identifier, exp.Literal, exp.Star, exp.Hint, exp.Lock, exp.Reference, exp.DataType)
SILENT = (
    exp.Show,
    exp.Grant,
    exp.Revoke,
    exp.Comment,
    exp.Undrop,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Kill,
    exp.Attach,
    exp.Detach,
    exp.Pragma,
    exp.Analyze,
    exp.Semicolon,
)
STATEMENTS = (
    exp.Query,
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Use,
    exp.Set,
    exp.Drop,
    exp.Copy,
    exp.Alter,
    exp.TruncateTable,
    exp.Describe,
    exp.MultitableInserts,
    exp.Pivot,
    exp.Summarize,
    exp.Values,
    exp.ListStage,
    exp.Get,
    exp.Put,
    exp.Cache,
    exp.Uncache,
    *SILENT,
)


def children(node: exp.Expr, scope: Scope, *left_out: str) -> list[Item]:
    """List what is below a node, without some of its arguments."""
    items: list[Item] = []
    for key, value in node.args.items():
        if key in left_out or not value:
            continue
        if isinstance(value, list):
            items += [(part, scope) for part in value]
        else:
            items.append((value, scope))
    return items


def joins(node: object, scope: Scope) -> Iterator[Item]:
    """Yield the joins that hang below a table."""
    if isinstance(node, exp.Table):
        yield from ((join, scope) for join in node.args.get("joins") or [])


def identifiers(table: exp.Expr) -> list[tuple[str, bool]]:
    """List the parts of a name with whether each is quoted; an empty part in the middle is kept."""
    parts = [table.args.get("catalog"), table.args.get("db"), table.this]
    while parts and parts[0] is None:
        parts = parts[1:]
    found: list[tuple[str, bool]] = []
    for part in parts:
        flat = part.flatten() if isinstance(part, exp.Dot) else [part]
        found += [
            (one.name, bool(one.args.get("quoted"))) if isinstance(one, exp.Expr) else ("", False) for one in flat
        ]
    return found
