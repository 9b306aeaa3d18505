"""Split the text of a request into its statements."""

from __future__ import annotations

from infra.local_snowflake.errors import StatementCountError
from infra.local_snowflake.language.kinds import require_known
from infra.local_snowflake.language.tokens import tokenize


def split(sql: str) -> list[str]:
    """Return the statements of a text without their semicolons and without empty ones; one text if there is none."""
    found: list[str] = []
    start, filled = 0, False
    for token in tokenize(sql):
        if token.text != ";":
            filled = True
            continue
        if filled:
            found.append(sql[start : token.start].strip())
        start, filled = token.end, False
    if filled:
        found.append(sql[start:].strip())
    return found or [sql]


def required_statements(sql: str, desired: int) -> list[str]:
    """Return the statements of a request.

    Args:
        sql: the text.
        desired: MULTI_STATEMENT_COUNT of the request or the session; 0 is any number.

    Raises:
        StatementCountError: their number is another one.
        StatementRefusedError: the first one is of no supported kind; a scripting block is not split.
    """
    require_known(sql)
    statements = split(sql)
    if desired not in {0, len(statements)}:
        raise StatementCountError(
            f"Actual statement count {len(statements)} did not match the desired statement count {desired}."
        )
    return statements


def first_word(sql: str) -> str:
    """Return the first word of a statement in upper case, without comments before it."""
    tokens = tokenize(sql)
    return tokens[0].keyword if tokens else ""


def words(sql: str) -> set[str]:
    """Return the words of a statement in upper case, without strings, quoted names and comments."""
    return {token.keyword for token in tokenize(sql)}
