"""Replace the functions that return something of the session."""

from __future__ import annotations

from infra.local_snowflake.language.names import literal
from infra.local_snowflake.language.tokens import Edit, Reader, apply
from infra.local_snowflake.sessions import Session


def with_session_functions(sql: str, session: Session) -> str:
    """Replace CURRENT_ROLE(), CURRENT_SESSION() and CURRENT_WAREHOUSE() by the values of the session."""
    values = {
        "CURRENT_ROLE": session.role,
        "CURRENT_SESSION": session.number,
        "CURRENT_WAREHOUSE": session.warehouse,
    }
    reader = Reader(sql)
    edits = []
    while not reader.done:
        first = reader.take()
        end = reader.peek(1)
        if first.keyword in values and end is not None and reader.accept("(", ")"):
            value = values[first.keyword]
            edits.append(Edit(first.start, end.end, "NULL" if value is None else literal(value)))
    return apply(sql, edits)
