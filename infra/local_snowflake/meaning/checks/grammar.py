"""Refuse what sqlglot reads and Snowflake does not: its syntax error names the first unexpected token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import Expr, exp

from infra.local_snowflake.language.tokens import Kind, Token, tokenize
from infra.local_snowflake.meaning.refusals.places import unexpected

_AFTER_INSERT = frozenset({"INTO", "OVERWRITE", "ALL", "FIRST"})
_BEFORE_QUERIES = frozenset({"(", "AS"})
_OPERATORS_TEXT = """
    AND OR NOT IS IN LIKE ILIKE RLIKE REGEXP BETWEEN ANY ALL ESCAPE DISTINCT FROM CASE COLLATE EXISTS SELECT
"""
_OPERATORS = frozenset(_OPERATORS_TEXT.split())
_Check = Callable[[Sequence[Token]], int | None]


def require_grammar(tree: Expr, sql: str) -> None:
    """Refuse a text that is no statement of Snowflake.

    Raises:
        EngineRefusedError: 1003 at the first token that cannot stand where it does.
    """
    tokens = tokenize(sql)
    for check in _CHECKS:
        index = check(tokens)
        if index is not None:
            raise unexpected(sql, tokens, index)
    if not _is_whole(tree):
        raise unexpected(sql, tokens, len(tokens))


def _insert(tokens: Sequence[Token]) -> int | None:
    """INSERT needs INTO."""
    is_insert = len(tokens) > 1 and tokens[0].keyword == "INSERT"
    return 1 if is_insert and tokens[1].keyword not in _AFTER_INSERT else None


def _set(tokens: Sequence[Token]) -> int | None:
    """SET gives a value to one variable or to several in brackets; it changes no setting of the engine."""
    if not tokens or tokens[0].keyword != "SET":
        return None
    if len(tokens) > 1 and tokens[1].text == "(":
        return None
    if len(tokens) == 1 or not tokens[1].is_name:
        return 1
    return 2 if tokens[2:3] == [] or tokens[2].text != "=" else None


def _trailing_comma(tokens: Sequence[Token]) -> int | None:
    """A list in brackets does not end with a comma."""
    return next((index for index in range(1, len(tokens)) if _texts(tokens, index) == (",", ")")), None)


def _from_first(tokens: Sequence[Token]) -> int | None:
    """A query begins with SELECT, not with FROM."""
    for index in range(1, len(tokens)):
        before = tokens[index - 1]
        if tokens[index].keyword == "FROM" and (before.keyword or before.text) in _BEFORE_QUERIES:
            return index
    return None


def _distinct_on(tokens: Sequence[Token]) -> int | None:
    """DISTINCT has no columns of its own."""
    for index in range(1, len(tokens) - 1):
        if tokens[index].keyword == "ON" and tokens[index - 1].keyword == "DISTINCT" and tokens[index + 1].text == "(":
            return index
    return None


def _case(tokens: Sequence[Token]) -> int | None:
    """Every WHEN of a CASE has its THEN; return what follows the condition instead."""
    opened: list[int] = []
    for index, token in enumerate(tokens):
        word = token.keyword
        if word == "CASE":
            opened.append(-1)
        elif opened and word == "WHEN":
            if opened[-1] >= 0:
                return _after_condition(tokens, opened[-1], index)
            opened[-1] = index
        elif opened and word == "THEN":
            opened[-1] = -1
        elif opened and word in {"ELSE", "END"}:
            if opened[-1] >= 0:
                return _after_condition(tokens, opened[-1], index)
            if word == "END":
                opened.pop()
    return None


def _after_condition(tokens: Sequence[Token], when: int, end: int) -> int:
    """Return the first operand that directly follows another one between two tokens."""
    depth = 0
    for index in range(when + 2, end):
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if depth == 0 and _ends_operand(tokens[index - 1]) and _begins_operand(tokens[index]):
            return index
    return end


def _ends_operand(token: Token) -> bool:
    return token.text == ")" or (token.kind is not Kind.SYMBOL and token.keyword not in _OPERATORS)


def _begins_operand(token: Token) -> bool:
    return token.kind is not Kind.SYMBOL and token.keyword not in _OPERATORS


def _is_whole(tree: Expr) -> bool:
    """Return whether a new table has columns or what it is made of, a view its query, and an INSERT its rows."""
    if isinstance(tree, exp.Insert):
        return tree.expression is not None
    if not isinstance(tree, exp.Create) or tree.kind not in {"TABLE", "VIEW"}:
        return True
    made_of = [tree.args.get(name) for name in ("expression", "clone", "properties")]
    return any(made_of) or (tree.kind == "TABLE" and isinstance(tree.this, exp.Schema))


def _texts(tokens: Sequence[Token], index: int) -> tuple[str, str]:
    return tokens[index - 1].text, tokens[index].text


_CHECKS: tuple[_Check, ...] = (_insert, _set, _trailing_comma, _from_first, _distinct_on, _case)
