"""Parse SHOW and DESCRIBE."""

from __future__ import annotations

from infra.local_snowflake.language.statements import (
    Describe,
    ObjectKind,
    Scope,
    Show,
)
from infra.local_snowflake.language.tokens import Kind, Reader


def show(reader: Reader) -> Show | None:
    """Read SHOW; None for a kind that this server does not store."""
    terse = reader.accept("TERSE")
    if reader.accept("STAGES"):
        kind = ObjectKind.STAGE
    elif reader.accept("EXTERNAL", "TABLES"):
        kind = ObjectKind.EXTERNAL_TABLE
    elif reader.accept("FILE", "FORMATS"):
        kind = ObjectKind.FILE_FORMAT
    elif reader.accept("INTEGRATIONS") or reader.accept("STORAGE", "INTEGRATIONS"):
        kind = ObjectKind.INTEGRATION
    else:
        return None
    like = reader.string() if reader.accept("LIKE") else None
    scope = _scope(reader) if reader.accept("IN") else None
    starts_with = reader.string() if reader.accept("STARTS", "WITH") else ""
    limit = _limit(reader) if reader.accept("LIMIT") else None
    from_name = reader.string() if limit is not None and reader.accept("FROM") else None
    return Show(kind, like, scope, starts_with, limit, from_name, terse)


def _limit(reader: Reader) -> int:
    token = reader.peek()
    if token is None or token.kind is not Kind.NUMBER or not token.text.isdecimal():
        raise reader.unexpected()
    return int(reader.take().text)


def _scope(reader: Reader) -> Scope | None:
    if reader.accept("ACCOUNT"):
        return Scope()
    if reader.accept("DATABASE"):
        return Scope(reader.name().parts[0]) if _name_follows(reader) else None
    reader.accept("SCHEMA")
    if not _name_follows(reader):
        return None
    parts = reader.name().parts
    return Scope(parts[0], parts[1]) if len(parts) > 1 else Scope(None, parts[0])


def _name_follows(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.is_name and token.keyword not in {"STARTS", "LIMIT"}


def describe(reader: Reader) -> Describe | None:
    """Read DESCRIBE; None for a kind that this server does not store."""
    kind = kind_of(reader)
    if kind is None:
        return None
    name = reader.name()
    if kind is not ObjectKind.EXTERNAL_TABLE or not reader.accept("TYPE"):
        return Describe(kind, name)
    reader.expect("=")
    of_stage = reader.accept("STAGE")
    if not of_stage:
        reader.expect("COLUMNS")
    return Describe(kind, name, of_stage)


def kind_of(reader: Reader) -> ObjectKind | None:
    """Read the kind of an object; None for one that this server does not store."""
    if reader.accept("STAGE"):
        return ObjectKind.STAGE
    if reader.accept("FILE", "FORMAT"):
        return ObjectKind.FILE_FORMAT
    if reader.accept("INTEGRATION") or reader.accept("STORAGE", "INTEGRATION"):
        return ObjectKind.INTEGRATION
    return ObjectKind.EXTERNAL_TABLE if reader.accept("EXTERNAL", "TABLE") else None
