"""The definitions of columns and keys in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.parsing.clauses import opens
from infra.local_snowflake.language.parsing.definitions.properties import policy
from infra.local_snowflake.language.tokens import Edit, Kind, Reader

_KEYS = (("PRIMARY", "KEY"), ("UNIQUE",), ("FOREIGN", "KEY"), ("REFERENCES",))
_CLAUSES = frozenset(
    {
        *("NOT", "NULL", "DEFAULT", "AUTOINCREMENT", "IDENTITY", "COLLATE", "COMMENT", "MASKING", "PROJECTION", "TAG"),
        *("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "REFERENCES", "CHECK", "AS", "GENERATED", "WITH"),
    }
)
"""First words of what follows the type of a column."""
_TIME_ZONE = (("WITH", "TIME", "ZONE"), ("WITH", "LOCAL", "TIME", "ZONE"), ("WITHOUT", "TIME", "ZONE"))
_DEFAULTS = (
    ("NOT", "ENFORCED"),
    ("DEFERRABLE",),
    ("INITIALLY", "DEFERRED"),
    ("ENABLE",),
    ("NOVALIDATE",),
    ("NORELY",),
    ("MATCH", "FULL"),
    ("ON", "DELETE", "NO", "ACTION"),
    ("ON", "UPDATE", "NO", "ACTION"),
)
"""Properties of a key that are its defaults."""
_OTHERS = (
    ("NOT", "DEFERRABLE"),
    ("ENFORCED",),
    ("INITIALLY", "IMMEDIATE"),
    ("DISABLE",),
    ("VALIDATE",),
    ("RELY",),
    ("MATCH", "SIMPLE"),
    ("MATCH", "PARTIAL"),
    ("ON", "DELETE"),
    ("ON", "UPDATE"),
)


def items(reader: Reader) -> Iterator[Edit]:
    """Read `(columns and keys)`; yield what DuckDB's parser must not see.

    Raises:
        NotSupportedError: a clause would have no effect.
        SyntaxRefusedError: it is no list of columns.
    """
    reader.expect("(")
    while True:
        yield from item(reader)
        if reader.accept(")"):
            return
        reader.expect(",")


def item(reader: Reader) -> Iterator[Edit]:
    """Read one column or one key."""
    token = reader.peek()
    if token is None or not token.is_name:
        raise reader.unexpected()
    if token.kind is Kind.WORD and _is_constraint(reader):
        yield from constraint(reader)
        return
    reader.take()
    yield from column(reader)


def _is_constraint(reader: Reader) -> bool:
    first, second = reader.peek(), reader.peek(1)
    following = second.keyword or second.text if second else ""
    keyword = first.keyword if first else ""
    if keyword == "CONSTRAINT":
        return second is not None and second.is_name
    return (keyword, following) in {("PRIMARY", "KEY"), ("FOREIGN", "KEY"), ("UNIQUE", "("), ("CHECK", "(")} or (
        keyword == "INDEX"
        and second is not None
        and second.is_name
        and (third := reader.peek(2)) is not None
        and third.text == "("
    )


def column(reader: Reader) -> Iterator[Edit]:
    """Read type and clauses of a column up to its comma or bracket."""
    _type(reader)
    while not _ended(reader):
        if found := policy(reader):
            raise unsupported(found)
        if reader.accept("NOT", "NULL") or reader.accept("NULL"):
            continue
        if reader.accept("COMMENT"):
            reader.accept("=")
            reader.string()
        elif reader.accept("DEFAULT"):
            _expression(reader)
        elif reader.accept("AUTOINCREMENT") or reader.accept("IDENTITY"):
            _numbering(reader)
        elif reader.accept("COLLATE"):
            raise unsupported("COLLATE")
        elif (yield from _generated(reader)):
            _expression(reader)
            if (virtual := reader.peek()) is not None and reader.accept("VIRTUAL"):
                yield Edit(virtual.start, virtual.end, "")
        else:
            yield from constraint(reader, of_column=True)


def _generated(reader: Reader) -> Generator[Edit, None, bool]:
    """Read [GENERATED ALWAYS] AS of a virtual column; with the first words the engine would number its rows."""
    start = reader.peek()
    if start is not None and reader.accept("GENERATED", "ALWAYS"):
        yield Edit(start.start, reader.position, "")
        reader.expect("AS")
        return True
    return reader.accept("AS")


def constraint(reader: Reader, *, of_column: bool = False) -> Iterator[Edit]:
    """Read a key with its name and its properties."""
    if reader.accept("CONSTRAINT"):
        reader.name()
    if reader.accept("CHECK"):
        raise unsupported("CHECK")
    if reader.accept("INDEX"):
        raise unsupported("INDEX")
    words = next((words for words in _KEYS if reader.accept(*words)), None)
    if words is None:
        raise reader.unexpected()
    if not of_column:
        names(reader)
    if words == ("FOREIGN", "KEY"):
        reader.expect("REFERENCES")
    if "REFERENCES" in words or words == ("FOREIGN", "KEY"):
        reader.name()
        if opens(reader):
            names(reader)
    yield from key_properties(reader)


def key_properties(reader: Reader) -> Iterator[Edit]:
    """Read the properties of a key.

    Raises:
        NotSupportedError: one is not the default.
    """
    start = reader.peek()
    before = reader.position
    while any(reader.accept(*words) for words in _DEFAULTS):
        pass
    if start is not None and reader.position > before:
        yield Edit(start.start, reader.position, "")
    for words in _OTHERS:
        if reader.accept(*words):
            raise unsupported("constraint", *words)


def names(reader: Reader) -> tuple[str, ...]:
    """Read `(names)`."""
    found = []
    for _ in reader.group():
        token = reader.peek()
        if token is None or not token.is_name:
            raise reader.unexpected()
        found.append(reader.take().name)
    return tuple(found)


def _type(reader: Reader) -> None:
    """Read the type, which a CREATE TABLE ... AS may leave out; its words are judged by the engine."""
    if opens(reader):
        raise reader.unexpected()
    while not _ended(reader):
        if any(reader.accept(*words) for words in _TIME_ZONE):
            continue
        token = reader.peek()
        if token is not None and token.keyword in _CLAUSES:
            return
        _skip(reader)


def _expression(reader: Reader) -> None:
    """Read an expression up to the next clause: at least one token of it."""
    first = True
    while not _ended(reader):
        token = reader.peek()
        if not first and token is not None and token.keyword in _CLAUSES | {"VIRTUAL", "AUTOINCREMENT"}:
            return
        _skip(reader)
        first = False
    if first:
        raise reader.unexpected()


def _numbering(reader: Reader) -> None:
    if opens(reader):
        _skip(reader)
    numbering(reader, "START", "WITH")
    numbering(reader, "INCREMENT", "BY")
    _ = reader.accept("ORDER") or reader.accept("NOORDER")


def numbering(reader: Reader, word: str, following: str) -> bool:
    """Read `START [WITH] [=] number` or `INCREMENT [BY] [=] number`; return whether the word comes next."""
    if not reader.accept(word):
        return False
    _ = reader.accept(following), reader.accept("=")
    _number(reader)
    return True


def _number(reader: Reader) -> None:
    """Read a whole number with or without a sign."""
    _ = reader.accept("-") or reader.accept("+")
    token = reader.peek()
    if token is None or token.kind is not Kind.NUMBER:
        raise reader.unexpected()
    reader.take()


def _skip(reader: Reader) -> None:
    """Read one token, or a whole group in brackets."""
    depth = 0
    while True:
        token = reader.take()
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth <= 0:
            return


def _ended(reader: Reader) -> bool:
    token = reader.peek()
    return token is None or token.text in {",", ")"}
