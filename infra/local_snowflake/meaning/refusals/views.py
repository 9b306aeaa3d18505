"""The refusal of a view whose table or column is gone."""

from __future__ import annotations

import re

from infra.local_snowflake.language.tokens import Reader, Token, tokenize
from infra.local_snowflake.meaning.refusals.errors import COMPILATION, EngineRefusedError

_READING = frozenset({"SELECT", "WITH", "INSERT", "CREATE", "MERGE", "UPDATE", "DELETE"})
_BEFORE_RELATIONS = frozenset({"FROM", "JOIN", "USING"})
_NAMED = re.compile(r"(?:Object|identifier) '(.*?)'")


def of_view(refusal: EngineRefusedError, sql: str) -> EngineRefusedError:
    """Return the refusal of the view that is read if the missing object or column is not in the statement itself."""
    named = _NAMED.search(refusal.message)
    tokens = tokenize(sql)
    if named is None or not tokens or tokens[0].keyword not in _READING:
        return refusal
    missing = "." + named[1].upper()
    if any(missing.endswith("." + _name(token)) for token in tokens) or (view := _first_relation(sql)) is None:
        return refusal
    text = f"{COMPILATION}Failure during expansion of view '{view}': {refusal.message}"
    return EngineRefusedError(2037, "42601", text)


def _name(token: Token) -> str:
    return (token.name if token.is_name else token.text.strip("'")).upper()


def _first_relation(sql: str) -> str | None:
    """Return the last part of the name of the first relation; None if it has none."""
    reader = Reader(sql)
    while not reader.done:
        if reader.take().keyword in _BEFORE_RELATIONS and (following := reader.peek()) and following.is_name:
            return reader.name().parts[-1]
    return None
