"""Replace IDENTIFIER('name') by the name."""

from __future__ import annotations

from collections.abc import Callable

from infra.local_snowflake.language.tokens import Edit, Kind, Reader, apply, tokenize


def with_named_variables(sql: str, value_of: Callable[[str], str]) -> str:
    """Return the statement with the text of each session variable that IDENTIFIER reads as a name.

    Args:
        sql: the statement.
        value_of: returns the SQL of a variable's value.
    """
    if "$" not in sql or "IDENTIFIER" not in sql.upper():
        return sql
    tokens = tokenize(sql)
    edits = [
        Edit(sign.start, name.end, value_of(sql[sign.start : name.end]))
        for word, opening, sign, name, closing in zip(*(tokens[first:] for first in range(5)), strict=False)
        if (word.keyword, opening.text, sign.text, closing.text) == ("IDENTIFIER", "(", "$", ")")
        and name.kind is Kind.WORD
    ]
    return apply(sql, edits)


def with_identifiers(sql: str) -> str:
    """Return the statement with the names that IDENTIFIER holds as text; a session variable in it is kept."""
    if "IDENTIFIER" not in sql.upper():
        return sql
    reader = Reader(sql)
    edits = []
    while not reader.done:
        first = reader.take()
        token = reader.peek(1)
        if first.keyword == "IDENTIFIER" and token is not None and token.kind is Kind.STRING and reader.accept("("):
            name = reader.string()
            reader.expect(")")
            edits.append(Edit(first.start, reader.position, name))
    return apply(sql, edits)
