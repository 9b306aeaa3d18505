"""Replace the functions that return something of the session."""

from __future__ import annotations

from infra.local_snowflake.language.names import literal
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, Token, apply
from infra.local_snowflake.sessions import Session


def with_session_functions(sql: str, session: Session) -> str:
    """Replace CURRENT_DATABASE(), CURRENT_USER(), LAST_QUERY_ID(-2) and the like by the values of the session."""
    values = session.values
    reader = Reader(sql)
    edits = []
    while not reader.done:
        first = reader.take()
        end = reader.peek(1)
        if first.keyword in values and end is not None and reader.accept("(", ")"):
            found = values[first.keyword]
            value = found() if callable(found) else found
        elif first.keyword == "LAST_QUERY_ID" and (called := _last_query(reader, session)):
            value, end = called
        else:
            continue
        edits.append(Edit(first.start, end.end, "NULL" if value is None else literal(value)))
    return apply(sql, edits)


def _last_query(reader: Reader, session: Session) -> tuple[str | None, Token] | None:
    """Read the brackets of LAST_QUERY_ID, and return its value and the last of them; None for another expression."""
    if not reader.accept("("):
        return None
    sign = -1 if reader.accept("-") else 1
    token = reader.take()
    number = -1
    if token.kind is Kind.NUMBER:
        number, token = sign * int(token.text), reader.take()
    return (session.last_query_id(number), token) if token.text == ")" and number else None
