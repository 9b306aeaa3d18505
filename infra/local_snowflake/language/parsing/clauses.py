"""Clauses of the form `NAME = value`, and what several statements share."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from infra.local_snowflake.errors import (
    NotSupportedError,
    ParameterUnknownError,
    StatementRefusedError,
    SyntaxRefusedError,
)
from infra.local_snowflake.language.names import PartialName, quote
from infra.local_snowflake.language.statements import Creation, Options, OptionValue
from infra.local_snowflake.language.tokens import Kind, Reader

Clause = Callable[[Reader], Any]


def clauses(reader: Reader, known: dict[str, Clause]) -> dict[str, Any]:
    """Parse `NAME = value` clauses in any order, each at most once."""
    found: dict[str, Any] = {}
    while not reader.done:
        token = reader.peek()
        clause = token.keyword if token else ""
        if clause not in known or _FIELDS.get(clause, clause.lower()) in found:
            raise unknown_clause(reader, known)
        reader.take()
        if clause not in _WITHOUT_EQUALS:
            reader.expect("=")
        found[_FIELDS.get(clause, clause.lower())] = known[clause](reader)
    return found


def unknown_clause(reader: Reader, known: Container[str]) -> StatementRefusedError:
    """Return the error of the next clause: `NAME = value` of no known name is 1006, anything else a syntax error."""
    token, following = reader.peek(), reader.peek(1)
    if token is not None and token.keyword not in known and following is not None and following.text == "=":
        return ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{token.keyword}'")
    return reader.unexpected()


_FIELDS = {
    "PARTITION": "partition_by",
    "PARTITION_TYPE": "user_specified",
    "COPY": "copy_grants",
    "CREDENTIALS": "has_credentials",
}
_WITHOUT_EQUALS = frozenset({"PARTITION", "COPY", "TAG", "WITH", "CLONE", "ROW", "CLUSTER"})


def named(reader: Reader, creation: Creation) -> tuple[PartialName, Creation]:
    """Read the name of a new object, with IF NOT EXISTS before it."""
    if reader.accept("IF", "NOT", "EXISTS"):
        if creation is not Creation.REFUSE:
            raise options_excluded()
        creation = Creation.KEEP
    return reader.name(), creation


def options_excluded() -> SyntaxRefusedError:
    """Return the error of OR REPLACE, or OR ALTER, with IF NOT EXISTS."""
    return SyntaxRefusedError("SQL compilation error:\noptions IF NOT EXISTS and OR REPLACE are incompatible.")


def opens(reader: Reader) -> bool:
    """Return whether a parenthesis opens next."""
    token = reader.peek()
    return token is not None and token.text == "("


def file_format(reader: Reader) -> Options:
    """Read a file format: its options in parentheses, or the name of a stored one as text or identifier."""
    if opens(reader):
        return options(reader)
    token = reader.peek()
    if token is not None and token.kind is Kind.STRING:
        return {"FORMAT_NAME": reader.string()}
    return {"FORMAT_NAME": _name_text(reader)}


def options(reader: Reader) -> Options:
    """Read `( NAME = value ... )`."""
    found: dict[str, OptionValue] = {}
    for _ in reader.group():
        name = reader.take().keyword
        if not name or name in found:
            raise reader.unexpected()
        reader.expect("=")
        found[name] = _name_value(reader) if name == "FORMAT_NAME" else option_value(reader)
    return found


def option_value(reader: Reader) -> OptionValue:
    """Read a string, a number, TRUE or FALSE, a word, or a list of strings."""
    if opens(reader):
        return tuple(reader.string() for _ in reader.group())
    token = reader.take()
    if token.kind is Kind.STRING:
        return token.string
    if token.kind is Kind.NUMBER and token.text.isdecimal():
        return int(token.text)
    if token.kind is not Kind.WORD:
        raise reader.unexpected()
    return token.keyword == "TRUE" if token.keyword in {"TRUE", "FALSE"} else token.text.upper()


def _name_value(reader: Reader) -> str:
    token = reader.peek()
    return reader.string() if token is not None and token.kind is Kind.STRING else _name_text(reader)


def _name_text(reader: Reader) -> str:
    return ".".join(quote(part) for part in reader.name().parts)


def integration(reader: Reader) -> str:
    """Read the name of an integration, which may be a string."""
    token = reader.take()
    return token.string if token.kind is Kind.STRING else token.name


def unsupported(clause: str) -> Clause:
    """Return the reader of a clause that this server refuses."""

    def refuse(_: Reader) -> Any:
        raise NotSupportedError(f"Unsupported feature '{clause}'.")

    return refuse
