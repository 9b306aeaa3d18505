"""Replace IDENTIFIER('name') by the name."""

from __future__ import annotations

from infra.local_snowflake.language.tokens import Edit, Kind, Reader, apply


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
