"""Parse SHOW of databases, schemas, tables, views, columns, keys, sequences, roles, warehouses and parameters."""

from __future__ import annotations

from infra.local_snowflake.language.kinds import UNSUPPORTED_OBJECTS, unsupported
from infra.local_snowflake.language.statements import ShowList
from infra.local_snowflake.language.tokens import Reader

_KINDS: tuple[tuple[str, ...], ...] = (
    ("DATABASES",),
    ("SCHEMAS",),
    ("TABLES",),
    ("VIEWS",),
    ("OBJECTS",),
    ("COLUMNS",),
    ("SEQUENCES",),
    ("ROLES",),
    ("WAREHOUSES",),
    ("PARAMETERS",),
    ("VARIABLES",),
    ("TRANSACTIONS",),
    ("USERS",),
    ("PIPES",),
    ("STREAMS",),
)
_OF_FAKESNOW = (
    ("PRIMARY", "KEYS"),
    ("UNIQUE", "KEYS"),
    ("IMPORTED", "KEYS"),
    ("EXPORTED", "KEYS"),
    ("FILE", "FORMATS"),
    ("FUNCTIONS",),
    ("USER", "FUNCTIONS"),
    ("PROCEDURES",),
)
_MORE_UNSUPPORTED = (
    ("MATERIALIZED", "VIEWS"),
    ("LOCKS",),
    ("REGIONS",),
    ("DELEGATED", "AUTHORIZATIONS"),
    ("ACCOUNTS",),
)
_SCOPES = ("ACCOUNT", "DATABASE", "SCHEMA", "TABLE", "VIEW", "SESSION", "WAREHOUSE", "USER", "TASK", "APPLICATION")


def show_list(reader: Reader) -> ShowList | None:
    """Read SHOW after its first word; None for another list, of which nothing is read.

    Raises:
        NotSupportedError: HISTORY needs dropped objects.
    """
    words = next((words for words in _KINDS if _follow(reader, words)), None)
    if words is None:
        return None
    terse = reader.accept("TERSE")
    reader.expect(*words)
    if reader.accept("HISTORY"):
        raise unsupported("SHOW", *words, "HISTORY")
    kind = " ".join(words)
    like = reader.string() if reader.accept("LIKE") else None
    scope, parts = _scope(reader)
    if like is None and reader.accept("LIKE"):
        like = reader.string()
    starts_with = reader.string() if reader.accept("STARTS", "WITH") else ""
    limit = _number(reader) if reader.accept("LIMIT") else None
    from_name = reader.string() if limit is not None and reader.accept("FROM") else ""
    return ShowList(kind, terse, like, scope, parts, starts_with, limit, from_name)


def _follow(reader: Reader, words: tuple[str, ...]) -> bool:
    """Return whether these words come next, after TERSE or not."""
    first = reader.peek()
    start = 1 if first is not None and first.keyword == "TERSE" else 0
    return all((token := reader.peek(start + at)) and token.keyword == word for at, word in enumerate(words))


def require_of_fakesnow(reader: Reader) -> None:
    """Read a list that fakesnow answers.

    Raises:
        NotSupportedError: there are no such objects here.
        SyntaxRefusedError: Snowflake has no such list.
    """
    reader.accept("TERSE")
    if any(reader.accept(*words) for words in _OF_FAKESNOW):
        while not reader.done:
            reader.take()
        return
    for words in _MORE_UNSUPPORTED:
        if reader.accept(*words):
            raise unsupported("SHOW", *words)
    for *first, last in UNSUPPORTED_OBJECTS:
        for plural in (f"{last}S", f"{last[:-1]}IES", last):
            if reader.accept(*first, plural):
                raise unsupported("SHOW", *first, plural)
    raise reader.unexpected()


def _scope(reader: Reader) -> tuple[str, tuple[str, ...]]:
    if not (reader.accept("IN") or reader.accept("FOR")):
        return "", ()
    scope = next((word for word in _SCOPES if reader.accept(word)), "")
    token = reader.peek()
    named = token is not None and token.is_name and token.keyword not in {"STARTS", "LIMIT", "LIKE"}
    return scope, reader.name().parts if named else ()


def _number(reader: Reader) -> int:
    token = reader.peek()
    if token is None or not token.text.isdecimal():
        raise reader.unexpected()
    return int(reader.take().text)
