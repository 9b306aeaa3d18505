"""Clauses of the form `NAME = value`, and what several statements share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import (
    Creation,
    Options,
)
from infra.local_snowflake.language.tokens import Kind, Reader

Clause = Callable[[Reader], Any]


def clauses(reader: Reader, known: dict[str, Clause]) -> dict[str, Any]:
    """Parse `NAME = value` clauses in any order, each at most once."""
    found: dict[str, Any] = {}
    while not reader.done:
        token = reader.peek()
        clause = token.keyword if token else ""
        if clause not in known or clause.lower() in found:
            raise reader.unexpected()
        reader.take()
        if clause not in {"PARTITION", "COPY"}:
            reader.expect("=")
        found[_FIELDS.get(clause, clause.lower())] = known[clause](reader)
    return found


_FIELDS = {"PARTITION": "partition_by", "COPY": "copy_grants"}


def named(reader: Reader, creation: Creation) -> tuple[PartialName, Creation]:
    """Read the name of a new object, with IF NOT EXISTS before it."""
    if reader.accept("IF", "NOT", "EXISTS"):
        creation = Creation.KEEP
    return reader.name(), creation


def opens(reader: Reader) -> bool:
    """Return whether a parenthesis opens next."""
    token = reader.peek()
    return token is not None and token.text == "("


def file_format(reader: Reader) -> Options:
    """Read the options of a file format in parentheses."""
    options: dict[str, str | bool] = {}
    for _ in reader.group():
        option = reader.take().keyword
        reader.expect("=")
        options[option] = _option_value(reader)
    return options


def _option_value(reader: Reader) -> str | bool:
    if opens(reader):
        return ", ".join(reader.string() for _ in reader.group())
    token = reader.take()
    if token.kind is Kind.STRING:
        return token.string
    return token.keyword == "TRUE" if token.keyword in {"TRUE", "FALSE"} else token.text.upper()


def integration(reader: Reader) -> str:
    """Read the name of an integration, which may be a string."""
    token = reader.take()
    return token.string if token.kind is Kind.STRING else token.name
