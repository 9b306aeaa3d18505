"""Qualify the columns of MERGE, which DuckDB finds ambiguous."""

from __future__ import annotations

from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.tokens import Edit, Reader, apply

_NO_COLUMNS = frozenset({"NULL", "TRUE", "FALSE", "DEFAULT", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"})


def with_qualified_merge_values(sql: str) -> str:
    """Qualify columns in MERGE ... INSERT (...) VALUES (...), which DuckDB finds ambiguous, with the source."""
    reader = Reader(sql)
    if not reader.accept("MERGE"):
        return sql
    while not reader.done and not reader.accept("USING"):
        reader.take()
    source = _source_name(reader)
    if not source:
        return sql
    edits: list[Edit] = []
    while not reader.done:
        if reader.accept("VALUES"):
            edits += _bare_columns(reader, source)
        else:
            reader.take()
    return apply(sql, edits)


def _source_name(reader: Reader) -> str:
    token = reader.peek()
    if token is not None and token.text == "(":
        reader.take()
        reader.span(")")
        reader.take()
        name = ""
    else:
        name = quote(reader.name().parts[-1])
    reader.accept("AS")
    token = reader.peek()
    if token is not None and token.is_name and token.keyword != "ON":
        name = reader.take().text
    return name


def _bare_columns(reader: Reader, source: str) -> list[Edit]:
    edits = []
    for _ in reader.group():
        first = reader.take()
        following = reader.peek()
        if first.is_name and following is not None and following.text in {",", ")"}:
            if first.keyword not in _NO_COLUMNS:
                edits.append(Edit(first.start, first.start, f"{source}."))
        elif following is not None and following.text not in {",", ")"}:
            reader.span(",")
    return edits
