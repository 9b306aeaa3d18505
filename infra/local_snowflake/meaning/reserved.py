"""Names that are ordinary ones in Snowflake and words of DuckDB's grammar: AT, END, OFFSET, DESC."""

from __future__ import annotations

from functools import cache

import duckdb
from sqlglot import Expr, exp

_EXPRESSIONS = frozenset({"default"})
"""Words that stand for themselves where sqlglot reads a name."""


@cache
def _words() -> frozenset[str]:
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
        ).fetchall()
    return frozenset(word for (word,) in found) - _EXPRESSIONS


def with_quoted_words(tree: Expr) -> Expr:
    """Return the tree with these names in quotes."""
    for name in tree.find_all(exp.Identifier):
        if not name.quoted and name.name.lower() in _words():
            name.set("quoted", True)
    return tree
