"""Rewrite the tree of a statement, bottom-up, so that DuckDB computes what Snowflake computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from sqlglot import Expr, exp

from infra.local_snowflake.meaning import flattening
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.expressions import (
    binaries,
    comparisons,
    conversions,
    intervals,
    joins,
    lambdas,
    numbers,
    offsets,
    sums,
    times,
    variants,
    weeks,
)
from infra.local_snowflake.meaning.macros.calls import PREFIX, macro_of
from infra.local_snowflake.meaning.reserved import with_quoted_words

Rewriting: TypeAlias = Callable[[Expr, Columns], Expr]

_REWRITINGS: dict[type[Expr], tuple[Rewriting, ...]] = {}
_MODULES = (
    binaries,
    conversions,
    variants,
    comparisons,
    numbers,
    sums,
    weeks,
    times,
    intervals,
    offsets,
    joins,
    flattening,
    lambdas,
)
for _module in _MODULES:
    for _node, _rewriting in _module.REWRITINGS.items():
        _REWRITINGS[_node] = (*_REWRITINGS.get(_node, ()), _rewriting)


_ZONED_MACROS = frozenset({"to_timestamp_tz", "try_to_timestamp_tz"})


def _makes_zoned(tree: Expr) -> bool:
    """Return whether a statement makes a TIMESTAMP_TZ."""
    return any(
        (isinstance(node, exp.DataType) and node.this is exp.DType.TIMESTAMPTZ) or macro_of(node) in _ZONED_MACROS
        for node in tree.find_all(exp.DataType, exp.Anonymous)
    ) or (tree.find(exp.ConvertTimezone) is not None)


def columns_of(
    tree: Expr,
    stored: Mapping[str, Kind],
    tables: Mapping[str, Mapping[str, Kind]] | None = None,
    *,
    scans: bool = False,
) -> Columns:
    """Return the kinds of the columns and the aliases of a statement.

    Args:
        tree: of one statement; the parameters of its lambdas get names of their own.
        stored: the kinds of stored columns by name.
        tables: those of the relations that the statement reads, by their aliases.
        scans: whether it reads a former result, whose columns are not known.
    """
    tables = tables or {}
    zoned = scans or any(Kind.TIMESTAMP_TZ in of.values() for of in tables.values()) or _makes_zoned(tree)
    columns = Columns(stored, tables=tables, zoned=zoned)
    if tree.find(exp.Explode, exp.Lateral, exp.TableFromRows):
        columns.aliases.update({"VALUE": Kind.MAYBE_VARIANT, "THIS": Kind.MAYBE_VARIANT})
    lambdas.name_parameters(tree, columns)
    for node in reversed(list(tree.find_all(exp.Alias, bfs=False))):
        _note_alias(node, columns)
    return columns


def rewrite(tree: Expr, columns: Columns) -> Expr:
    """Return the tree with Snowflake's meaning, to be translated by fakesnow.

    Args:
        tree: of one statement; it is changed in place.
        columns: of the statement.
    """
    for node in reversed(list(tree.walk(bfs=False))):
        for rewriting in _REWRITINGS.get(type(node), ()):
            changed = rewriting(node, columns)
            if changed is not node:
                if node is tree:
                    tree = changed
                else:
                    node.replace(changed)
                break
    return tree


def _note_alias(node: exp.Alias, columns: Columns) -> None:
    found = kind(node.this, columns)
    name = node.alias if node.args["alias"].args.get("quoted") else node.alias.upper()
    if isinstance(node.this, exp.Column) and node.this.name.upper() == name.upper():
        return
    if found is Kind.VARIANT:
        found = Kind.MAYBE_VARIANT
    kinds = {found} if name not in columns.aliases else {found, columns.aliases[name]}
    if any(column.name.upper() == name.upper() for column in node.this.find_all(exp.Column)):
        kinds.add(columns.stored.get(name, Kind.UNKNOWN))  # inside of its expression the name is that of the column
    if len(kinds) == 1:
        columns.aliases[name] = found
    else:
        columns.aliases[name] = Kind.MAYBE_VARIANT if Kind.MAYBE_VARIANT in kinds else Kind.UNKNOWN


def finish(tree: Expr, home: str) -> Expr:
    """Return the translated tree with the macros' full names.

    Args:
        tree: as fakesnow translated it.
        home: database of the macros.
    """
    for node in _calls(tree):
        node.set("this", f'"{home}".main.{node.this}')
    return with_quoted_words(tree)


def _calls(tree: Expr) -> Iterator[exp.Anonymous]:
    for node in tree.find_all(exp.Anonymous):
        if isinstance(node.this, str) and node.this.upper().startswith(PREFIX):
            yield node
