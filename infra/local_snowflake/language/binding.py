"""Write bound values into a statement as literals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local_snowflake.language.names import literal
from infra.local_snowflake.language.tokens import Edit, apply, tokenize

_PLAIN = frozenset({"FIXED", "REAL", "BOOLEAN"})


def with_bound_values(sql: str, bindings: Mapping[str, Any]) -> str | None:
    """Return the statement with its question marks replaced; None if it has no values, or values that are no literals.

    Args:
        sql: with `?` as placeholders.
        bindings: type and value by the number of the placeholder, as clients send them.
    """
    marks = [token for token in tokenize(sql) if token.text == "?"]
    if not bindings or len(marks) != len(bindings):
        return None
    edits = []
    for number, mark in enumerate(marks, 1):
        bound = bindings.get(str(number))
        if bound is None or isinstance(bound.get("value"), list) or bound.get("type") not in {*_PLAIN, "TEXT"}:
            return None
        edits.append(Edit(mark.start, mark.end, _literal(bound["type"], bound["value"])))
    return apply(sql, edits)


def needs_values(sql: str) -> bool:
    """Return whether bound values are names or locations, which are needed before the statement is rewritten."""
    words = {token.keyword for token in tokenize(sql)} if "?" in sql else set()
    return not words.isdisjoint({"IDENTIFIER", "INFER_SCHEMA"})


def _literal(kind: str, value: str | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if kind in _PLAIN else literal(value)
