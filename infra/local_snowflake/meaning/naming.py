"""The names of result columns without an alias: the text of their expressions in upper case."""

from __future__ import annotations

from sqlglot import Expr, exp

from infra.local_snowflake.language.tokens import Token, tokenize

_OPENS, _CLOSES = "([{", ")]}"
_AFTER_ITEMS = frozenset(
    [
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "QUALIFY",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "MINUS",
        "INTO",
        "WINDOW",
    ]
)
_BEFORE_ITEMS = frozenset({"DISTINCT", "ALL"})


def with_names(tree: Expr, sql: str) -> Expr:
    """Give the unnamed result columns of a query the names that Snowflake gives them."""
    select = tree
    while isinstance(select, exp.SetOperation):
        select = select.this
    if not isinstance(select, exp.Select) or all(_has_name(item) for item in select.expressions):
        return tree
    texts = _item_texts(sql)
    if len(texts) != len(select.expressions):
        return tree
    for item, text in zip(list(select.expressions), texts, strict=True):
        if not _has_name(item):
            item.replace(exp.alias_(item.copy(), text.upper(), quoted=True))
    return tree


def _has_name(item: Expr) -> bool:
    return isinstance(item, (exp.Alias, exp.Column, exp.Star, exp.Aliases)) or item.is_star


def _item_texts(sql: str) -> list[str]:
    """Return the texts of the items of the outer SELECT."""
    tokens = _items(tokenize(sql))
    texts: list[str] = []
    depth, first = 0, 0
    for index, token in enumerate(tokens):
        depth += (token.text in _OPENS) - (token.text in _CLOSES)
        if depth == 0 and token.text == ",":
            texts.append(_text(sql, tokens[first:index]))
            first = index + 1
    return [*texts, _text(sql, tokens[first:])]


def _text(sql: str, tokens: list[Token]) -> str:
    return sql[tokens[0].start : tokens[-1].end] if tokens else ""


def _items(tokens: list[Token]) -> list[Token]:
    """Return the tokens between the outer SELECT and its FROM."""
    depth, begin = 0, -1
    for index, token in enumerate(tokens):
        depth += (token.text in _OPENS) - (token.text in _CLOSES)
        if depth:
            continue
        if begin < 0 and token.keyword == "SELECT":
            begin = index + 1
            while begin < len(tokens) and tokens[begin].keyword in _BEFORE_ITEMS:
                begin += 1
        elif begin >= 0 and index >= begin and _ends_items(tokens, index):
            return tokens[begin:index]
    return tokens[begin:] if begin >= 0 else []


def _ends_items(tokens: list[Token], index: int) -> bool:
    word = tokens[index].keyword
    if word in {"GROUP", "ORDER"}:
        return index + 1 < len(tokens) and tokens[index + 1].keyword == "BY"
    if word == "FROM":
        return tokens[index - 1].keyword != "DISTINCT"
    return word in _AFTER_ITEMS or tokens[index].text == ";"
