"""Calls of the macros of this package, in a tree of sqlglot."""

from __future__ import annotations

from sqlglot import Expr, exp

PREFIX = "SF_"


def call(macro: str, *arguments: Expr | str | bool | int | None) -> exp.Anonymous:
    """Return the call of a macro; plain values become literals, and None NULL."""
    return exp.Anonymous(this=f"{PREFIX}{macro.upper()}", expressions=[_expression(item) for item in arguments])


def _expression(value: Expr | str | bool | int | None) -> Expr:
    match value:
        case Expr():
            return value
        case bool():
            return exp.Boolean(this=value)
        case str():
            return exp.Literal.string(value)
        case int():
            return exp.Literal.number(value)
    return exp.Null()


def macro_of(node: Expr) -> str:
    """Return the name of the macro that is called, in lower case without its prefix; empty for any other node."""
    if isinstance(node, exp.Anonymous) and isinstance(node.this, str) and node.this.upper().startswith(PREFIX):
        return node.this[len(PREFIX) :].lower()
    return ""
