"""BINARY from text: hexadecimal digits, unless a format says otherwise."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from infra.local_snowflake.errors import NotSupportedError
from infra.local_snowflake.meaning.columns.kinds import Columns, Kind, kind

_BINARIES = frozenset({exp.DType.BINARY, exp.DType.VARBINARY})
_READERS = {"HEX": "unhex", "BASE64": "from_base64", "UTF-8": "encode", "UTF8": "encode"}


def _read(text: Expr, form: str) -> Expr:
    return exp.Anonymous(this=_READERS[form], expressions=[text])


def _to_binary(node: Expr, _: Columns) -> Expr:
    form = node.args.get("format")
    if node.args.get("safe"):
        raise NotSupportedError("Unsupported feature 'TRY_TO_BINARY'.")
    if form is None:
        return _read(node.this, "HEX")
    if not isinstance(form, exp.Literal) or form.name.upper() not in _READERS:
        raise NotSupportedError("Unsupported feature 'TO_BINARY with a format that is no constant'.")
    return _read(node.this, form.name.upper())


def _cast(node: Expr, columns: Columns) -> Expr:
    if node.args["to"].this in _BINARIES and kind(node.this, columns) is Kind.TEXT:
        return _read(node.this, "HEX")
    return node


REWRITINGS: dict[type[Expr], Callable[[Expr, Columns], Expr]] = {exp.ToBinary: _to_binary, exp.Cast: _cast}
