"""Functions of SQL that return something of external tables."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local_snowflake.errors import NotSupportedError
from infra.local_snowflake.language.names import NAME_PARTS_MAX, ObjectName, literal
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, Token, apply
from infra.local_snowflake.objects.stored import ExternalTable
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.external_tables import ddl

_KINDS = frozenset({"TABLE", "EXTERNAL_TABLE", "EXTERNAL TABLE"})
_HISTORIES = frozenset({"EXTERNAL_TABLE_FILE_REGISTRATION_HISTORY", "AUTO_REFRESH_REGISTRATION_HISTORY"})


def with_external_table_functions(sql: str, tables: Mapping[ObjectName, ExternalTable], session: Session) -> str:
    """Return the statement with GET_DDL of external tables replaced by its text.

    Raises:
        NotSupportedError: it reads the history of registrations, which this server does not keep.
    """
    upper = sql.upper()
    if "GET_DDL" not in upper and "REGISTRATION_HISTORY" not in upper:
        return sql
    reader = Reader(sql)
    edits: list[Edit] = []
    while not reader.done:
        token = reader.take()
        following = reader.peek()
        if token.keyword in _HISTORIES and following is not None and following.text == "(":
            raise NotSupportedError(f"Unsupported feature '{token.keyword}'.")
        if token.keyword == "GET_DDL" and reader.accept("("):
            edits += _ddl(reader, token, tables, session)
    return apply(sql, edits)


def _ddl(reader: Reader, first: Token, tables: Mapping[ObjectName, ExternalTable], session: Session) -> list[Edit]:
    kind, comma, named = (reader.peek(ahead) for ahead in range(3))
    if kind is None or comma is None or named is None or {kind.kind, named.kind} != {Kind.STRING}:
        return []
    name = Reader(named.string).name()
    complete = len(name.parts) == NAME_PARTS_MAX or bool(session.database and session.schema)
    table = tables.get(session.full(name)) if kind.string.upper() in _KINDS and complete else None
    if table is None:
        return []
    reader.span(")")
    end = reader.take()
    return [Edit(first.start, end.end, literal(ddl(table)))]
