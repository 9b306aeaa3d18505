"""Rewrite the tree of a statement, bottom-up, so that DuckDB computes what Snowflake computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from sqlglot import Expr, exp

from infra.local_snowflake.meaning import flattening
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind
from infra.local_snowflake.meaning.expressions import (
    binaries,
    comparisons,
    conversions,
    lambdas,
    numbers,
    sums,
    times,
    variants,
)
from infra.local_snowflake.meaning.macros.calls import PREFIX
from infra.local_snowflake.meaning.reserved import with_quoted_words

Rewriting: TypeAlias = Callable[[Expr, Columns], Expr]

_REWRITINGS: dict[type[Expr], tuple[Rewriting, ...]] = {}
for _module in (binaries, conversions, variants, comparisons, numbers, sums, times, flattening, lambdas):
    for _node, _rewriting in _module.REWRITINGS.items():
        _REWRITINGS[_node] = (*_REWRITINGS.get(_node, ()), _rewriting)


def rewrite(tree: Expr, stored: dict[str, Kind]) -> Expr:
    """Return the tree with Snowflake's meaning, to be translated by fakesnow.

    Args:
        tree: of one statement; it is changed in place.
        stored: the kinds of stored columns by name.
    """
    columns = Columns(stored)
    if tree.find(exp.Explode, exp.Lateral, exp.TableFromRows):
        columns.aliases.update({"VALUE": Kind.MAYBE_VARIANT, "THIS": Kind.MAYBE_VARIANT})
    lambdas.name_parameters(tree, columns)
    nodes = list(tree.walk(bfs=False))
    for node in reversed(nodes):
        if isinstance(node, exp.Alias):
            _note_alias(node, columns)
    for node in reversed(nodes):
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
    if found is Kind.VARIANT:
        found = Kind.MAYBE_VARIANT
    former = columns.aliases.get(name)
    if isinstance(node.this, exp.Column) and node.this.name.upper() == name.upper():
        return
    if former in {None, found}:
        columns.aliases[name] = found
    else:
        variant = Kind.MAYBE_VARIANT in {former, found}
        columns.aliases[name] = Kind.MAYBE_VARIANT if variant else Kind.UNKNOWN


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
