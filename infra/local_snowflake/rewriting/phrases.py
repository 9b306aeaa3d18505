"""Rewrite phrases that sqlglot or DuckDB do not read, and refuse what neither has."""

from __future__ import annotations

from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply
from infra.local_snowflake.meaning.macros.creation import FUNCTIONS
from infra.local_snowflake.rewriting.relations import as_relation

_MISSING_SCHEMAS = frozenset({"ACCOUNT_USAGE", "ORGANIZATION_USAGE", "READER_ACCOUNT_USAGE"})


def with_known_phrases(sql: str) -> str:
    """Return the statement without MANAGED ACCESS and TRUNCATE's IF EXISTS, and with DUAL as a row.

    Raises:
        NotSupportedError: it reads SNOWFLAKE.ACCOUNT_USAGE, or calls a function SYSTEM$... that is no macro.
    """
    reader = Reader(sql)
    edits: list[Edit] = []
    first = reader.peek()
    verb = first.keyword if first else ""
    while not reader.done:
        token = reader.take()
        _require_supported(token, reader)
        if token.keyword == "FROM" and (dual := reader.peek()) and dual.keyword == "DUAL":
            reader.take()
            if (following := reader.peek()) is None or following.text != ".":
                edits.append(Edit(dual.start, dual.end, as_relation("SELECT 1 AS DUMMY", "DUAL", following)))
        elif _is_left_out(verb, token, reader):
            edits.append(Edit(token.start, _end(reader), ""))
    return apply(sql, edits)


def _end(reader: Reader) -> int:
    """Return the end of the last token that was read."""
    return len(reader.sql) - len(reader.rest_text)


def _require_supported(token: Token, reader: Reader) -> None:
    following = reader.peek()
    is_call = following is not None and following.text == "("
    if token.keyword.startswith("SYSTEM$") and is_call and token.keyword not in FUNCTIONS:
        raise unsupported(token.keyword)
    schema = reader.peek(1)
    if token.name == "SNOWFLAKE" and schema is not None and schema.keyword in _MISSING_SCHEMAS:
        raise unsupported(f"SNOWFLAKE.{schema.keyword}")


def _is_left_out(verb: str, token: Token, reader: Reader) -> bool:
    """Read WITH MANAGED ACCESS, or IF EXISTS of TRUNCATE; return whether it was there."""
    if verb == "CREATE" and token.keyword == "WITH":
        return reader.accept("MANAGED", "ACCESS")
    return verb == "TRUNCATE" and token.keyword == "IF" and reader.accept("EXISTS")
