"""Parse what a statement of fakesnow changes: the objects that it creates, alters, drops or writes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.tokens import Kind, Reader

_MODIFIERS = ("TRANSIENT", "SECURE", "RECURSIVE", "MATERIALIZED", "LOCAL", "GLOBAL", "TEMPORARY", "TEMP", "VOLATILE")
_TEMPORARY = frozenset({"TEMPORARY", "TEMP", "VOLATILE"})


class Change(Enum):
    """What happens to the object."""

    CREATED = auto()
    ALTERED = auto()
    RENAMED = auto()
    SWAPPED = auto()
    DROPPED = auto()
    WRITTEN = auto()


@dataclass(frozen=True, slots=True)
class Effect:
    """The change of one object.

    Args:
        kind: TABLE, VIEW, EXTERNAL TABLE, STAGE, SEQUENCE, SCHEMA or DATABASE.
        name: as written; of a schema its last part is the schema.
        other: the new name of a renamed object, or the other table of SWAP WITH.
        replaced: whether OR REPLACE is written.
        kept: whether IF NOT EXISTS or IF EXISTS is written.
    """

    change: Change
    kind: str
    name: PartialName
    other: PartialName | None = None
    replaced: bool = False
    kept: bool = False
    temporary: bool = False
    transient: bool = False
    managed_access: bool = False
    copy_grants: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    """Old and new name of a renamed column."""


def effect_of(sql: str) -> Effect | None:
    """Return the effect of a statement; None for one that changes no table, view, schema or database."""
    reader = Reader(sql)
    if reader.accept("CREATE"):
        return _created(reader)
    if reader.accept("ALTER"):
        return _altered(reader)
    if reader.accept("DROP"):
        kind = _kind(reader)
        kept = reader.accept("IF", "EXISTS")
        return Effect(Change.DROPPED, kind, reader.name(), kept=kept) if kind and _names(reader) else None
    return _written(reader)


def _kind(reader: Reader) -> str | None:
    reader.accept("MATERIALIZED")
    kinds = ("EXTERNAL TABLE", "TABLE", "VIEW", "SCHEMA", "DATABASE", "SEQUENCE", "STAGE")
    return next((kind for kind in kinds if reader.accept(*kind.split())), None)


def _names(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.is_name and token.keyword != "IDENTIFIER"


def _created(reader: Reader) -> Effect | None:
    replaced = reader.accept("OR", "REPLACE")
    words = []
    while (token := reader.peek()) and token.keyword in _MODIFIERS:
        words.append(reader.take().keyword)
    kind = _kind(reader)
    kept = reader.accept("IF", "NOT", "EXISTS")
    if kind is None or not _names(reader):
        return None
    name = reader.name()
    rest = [token.keyword for token in reader.rest]
    return Effect(
        Change.CREATED,
        kind,
        name,
        replaced=replaced,
        kept=kept or _follow(rest, "IF", "NOT", "EXISTS"),
        temporary=not _TEMPORARY.isdisjoint(words),
        transient="TRANSIENT" in words,
        managed_access=_follow(rest, "WITH", "MANAGED", "ACCESS"),
        copy_grants=_follow(rest, "COPY", "GRANTS"),
    )


def _follow(words: list[str], *wanted: str) -> bool:
    return any(tuple(words[at : at + len(wanted)]) == wanted for at in range(len(words)))


def _altered(reader: Reader) -> Effect | None:
    kind = _kind(reader)
    kept = reader.accept("IF", "EXISTS")
    if kind is None or not _names(reader):
        return None
    name = reader.name()
    if reader.accept("RENAME", "TO"):
        return Effect(Change.RENAMED, kind, name, reader.name(), kept=kept)
    if reader.accept("SWAP", "WITH"):
        return Effect(Change.SWAPPED, kind, name, reader.name(), kept=kept)
    if reader.accept("RENAME", "COLUMN"):
        old = reader.take().name
        reader.expect("TO")
        return Effect(Change.ALTERED, kind, name, columns=((old, reader.take().name),), kept=kept)
    return Effect(Change.ALTERED, kind, name, kept=kept)


def _written(reader: Reader) -> Effect | None:
    first = reader.take().keyword if not reader.done else ""
    kept = False
    if first in {"INSERT", "MERGE", "COPY"}:
        reader.accept("OVERWRITE")
        if not reader.accept("INTO"):
            return None
    elif first == "DELETE":
        reader.expect("FROM")
    elif first == "TRUNCATE":
        reader.accept("TABLE")
        kept = reader.accept("IF", "EXISTS")
    elif first != "UPDATE":
        return None
    token = reader.peek()
    if not _names(reader) or token is None or token.kind is Kind.STRING:
        return None
    return Effect(Change.WRITTEN, "TABLE", reader.name(), kept=kept)
