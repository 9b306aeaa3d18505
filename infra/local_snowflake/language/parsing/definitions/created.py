"""Read CREATE TABLE, VIEW, SCHEMA, DATABASE and SEQUENCE: what is stored beside the engine's own definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.errors import InvalidIdentifierError, NameTwiceError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.parsing.clauses import opens, options_excluded
from infra.local_snowflake.language.parsing.definitions.columns import items, numbering
from infra.local_snowflake.language.parsing.definitions.properties import policy, property_of
from infra.local_snowflake.language.tokens import Edit, Reader, Token

_MODIFIERS = ("TRANSIENT", "SECURE", "RECURSIVE", "LOCAL", "GLOBAL", "SCOPED", "TEMPORARY", "TEMP", "VOLATILE")
_OF_KIND = {
    "TABLE": frozenset({"TRANSIENT", "LOCAL", "GLOBAL", "SCOPED", "TEMPORARY", "TEMP", "VOLATILE"}),
    "VIEW": frozenset({"SECURE", "RECURSIVE", "LOCAL", "GLOBAL", "SCOPED", "TEMPORARY", "TEMP", "VOLATILE"}),
    "SCHEMA": frozenset({"TRANSIENT"}),
    "DATABASE": frozenset({"TRANSIENT"}),
    "SEQUENCE": frozenset[str](),
}


@dataclass(slots=True)
class Definition:
    """What a CREATE statement says beside columns and query.

    Args:
        kind: TABLE, VIEW, SCHEMA, DATABASE or SEQUENCE.
        cluster_by: the clustering key as SHOW TABLES prints it.
        properties: by the names of the fields of `ObjectInfo`; comments are read by `without_comments`.
        cuts: the clauses that the engine does not read.
    """

    kind: str
    secure: bool = False
    cluster_by: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    cuts: list[Edit] = field(default_factory=list)


def definition_of(sql: str) -> Definition | None:
    """Read a CREATE statement; None for any other statement, and for a kind of object that is not read here.

    Raises:
        StatementRefusedError: a clause is unknown, or would have no effect.
    """
    reader = Reader(sql)
    if not reader.accept("CREATE"):
        return None
    replaced = reader.accept("OR", "REPLACE") or reader.accept("OR", "ALTER")
    words: list[Token] = []
    while (token := reader.peek()) and token.keyword in _MODIFIERS:
        words.append(reader.take())
    kind = next((kind for kind in _OF_KIND if reader.accept(kind)), None)
    if kind is None:
        return None
    if any(word.keyword not in _OF_KIND[kind] for word in words):
        return None  # the parser of the engine refuses it
    _name(reader, replaced=replaced)
    found = Definition(kind, secure=any(word.keyword == "SECURE" for word in words))
    _CLAUSES[kind](reader, found)
    return found


def _name(reader: Reader, *, replaced: bool) -> None:
    kept = reader.accept("IF", "NOT", "EXISTS")
    if reader.accept("IDENTIFIER", "("):
        while not reader.accept(")"):
            reader.take()
    elif not (reader.accept("$") and reader.take()):
        reader.name()
    kept = reader.accept("IF", "NOT", "EXISTS") or kept
    if kept and replaced:
        raise options_excluded()


def _table(reader: Reader, found: Definition) -> None:
    columns: list[str] = []
    while not reader.done:
        if opens(reader) and not columns:
            columns = [name.name for name in _first_names(reader)]
            found.cuts += items(reader)
        elif any(reader.accept(*words) for words in _SOURCES):
            reader.take()
            break
        elif not (_cluster_by(reader, found) or reader.accept("COPY", "GRANTS")):
            _property(reader, found)
    else:
        if not columns:
            raise reader.unexpected()
    twice = next((name for name in columns if columns.count(name) > 1 and name not in _CONSTRAINTS), None)
    if twice is not None:
        raise NameTwiceError(f"SQL compilation error:\nduplicate column name '{twice}'")
    if columns:
        _require_columns(found, set(columns))


_SOURCES = (("CLONE",), ("LIKE",), ("USING", "TEMPLATE"), ("AS",))
"""What begins the last part of a CREATE TABLE, which the engine reads."""
_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"})


def _first_names(reader: Reader) -> Iterator[Token]:
    """Yield the first name of each item of the list that comes next, without reading it."""
    depth, before = 0, ""
    for token in reader.rest:
        if depth == 1 and before in {"(", ","} and token.is_name:
            yield token
        depth += (token.text == "(") - (token.text == ")")
        before = token.text
        if depth == 0:
            return


def _cluster_by(reader: Reader, found: Definition) -> bool:
    start = reader.peek()
    if start is None or not reader.accept("CLUSTER", "BY"):
        return False
    found.cluster_by = clustering_key(reader)
    found.cuts.append(Edit(start.start, reader.position, ""))
    return True


def clustering_key(reader: Reader) -> str:
    """Read `[LINEAR] (expressions)`, and return the key as SHOW TABLES prints it."""
    reader.accept("LINEAR")
    reader.expect("(")
    keys = [_folded(reader.span(",", ")"))]
    while reader.accept(","):
        keys.append(_folded(reader.span(",", ")")))
    reader.expect(")")
    return f"LINEAR({', '.join(keys)})"


def _folded(text: str) -> str:
    """Return an expression with its unquoted words in upper case."""
    inner = Reader(text)
    folded, end = "", 0
    for token in inner.rest:
        folded += text[end : token.start] + (token.keyword or token.text)
        end = token.end
    return folded


def _require_columns(found: Definition, columns: set[str]) -> None:
    """Require that a clustering key of names alone has columns of the table; expressions are not looked into."""
    key = Reader(found.cluster_by).rest[2:-1]
    if any(not token.is_name and token.text != "," for token in key):
        return
    for token in key:
        if token.is_name and token.name not in columns:
            raise InvalidIdentifierError(f"SQL compilation error: error line 1\ninvalid identifier '{token.name}'")


def _view(reader: Reader, found: Definition) -> None:
    named = False
    while not reader.accept("AS"):
        if opens(reader) and not named:
            _view_columns(reader)
            named = True
        elif not reader.accept("COPY", "GRANTS"):
            _property(reader, found)
    if reader.done:
        raise reader.unexpected()


def _view_columns(reader: Reader) -> None:
    reader.expect("(")
    while True:
        token = reader.peek()
        if token is None or not token.is_name:
            raise reader.unexpected()
        reader.take()
        if found := policy(reader):
            raise unsupported(found)
        if reader.accept("COMMENT"):
            reader.accept("=")
            reader.string()
        if reader.accept(")"):
            return
        reader.expect(",")


def _container(reader: Reader, found: Definition) -> None:
    while not reader.done:
        if reader.accept("CLONE"):
            return
        for words in (("FROM",), ("AS", "REPLICA")):
            if reader.accept(*words):
                raise unsupported("CREATE", found.kind, *words)
        if not reader.accept("WITH", "MANAGED", "ACCESS"):
            _property(reader, found)


def _sequence(reader: Reader, found: Definition) -> None:
    reader.accept("WITH")
    while not reader.done:
        numbers = numbering(reader, "START", "WITH") or numbering(reader, "INCREMENT", "BY")
        if not (numbers or reader.accept("ORDER") or reader.accept("NOORDER")):
            _property(reader, found)
        reader.accept(",")


def _property(reader: Reader, found: Definition) -> None:
    start = reader.peek()
    given = property_of(reader, found.kind)
    if given is None or start is None:
        raise reader.unexpected()
    if start.keyword == "COMMENT":
        return  # read and cut by `without_comments`
    found.properties.update(given)
    found.cuts.append(Edit(start.start, reader.position, ""))
    reader.accept(",")


_CLAUSES: dict[str, Callable[[Reader, Definition], None]] = {
    "TABLE": _table,
    "VIEW": _view,
    "SCHEMA": _container,
    "DATABASE": _container,
    "SEQUENCE": _sequence,
}
