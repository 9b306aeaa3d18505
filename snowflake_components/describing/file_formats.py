r"""Read the options of a file format as SHOW and DESC print them.

SHOW FILE FORMATS prints JSON with exact values. DESC prints text, in which a line break is `\n` and a list is
`["a", "b"]` or `[a, b]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from snowflake_components.describing.errors import NotDescribableError
from snowflake_components.documents.file_formats import options_of
from snowflake_components.identifiers import Word
from snowflake_components.statements.file_formats import characters, default_of

Row = Mapping[str, Any]

# options that documents lack, with the value that changes nothing
_NEUTRAL: Mapping[str, Any] = {
    "MULTI_LINE": True,
    "IGNORE_UTF8_ERRORS": False,
    "VALIDATE_UTF8": True,
    "SNAPPY_COMPRESSION": True,
    "PRESERVE_SPACE": False,
    "DISABLE_AUTO_CONVERT": False,
}
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[ntr\\]")


def options_in_json(format_options: str) -> dict[str, Any]:
    """Read the column `format_options` of SHOW FILE FORMATS."""
    found: dict[str, Any] = json.loads(format_options)
    return found


def options_in_rows(rows: Iterable[Row]) -> dict[str, Any]:
    """Read the rows of a file format in DESC STAGE or DESC FILE FORMAT."""
    return {str(row["property"]): _value(row) for row in rows}


def format_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a document for the options of a file format: its type, and what is no default.

    Raises:
        NotDescribableError: an option that documents lack, with a value that has an effect.
    """
    if name := options.get("FORMAT_NAME"):
        return {"format_name": str(name)}
    kind = str(options.get("TYPE", "CSV")).upper()
    known = options_of(kind)
    if known is None:
        raise NotDescribableError(f"its files are of type {kind}")
    fields: dict[str, Any] = {"type": kind}
    for name, value in options.items():
        if name == "TYPE" or _is_default(kind, name, value):
            continue
        if name.lower() not in known:
            raise NotDescribableError(f"its file format has {name} = {_spelled(value)}")
        fields[name.lower()] = "NONE" if value is None else value
    return fields


def _is_default(kind: str, name: str, value: Any) -> bool:
    if name in _NEUTRAL:
        return bool(value == _NEUTRAL[name])
    default = default_of(kind, name)
    usual = default.text if isinstance(default, Word) else default
    return bool(value == usual) or (value is None and usual == "NONE")


def _value(row: Row) -> Any:
    kind, text = str(row["property_type"]), str(row["property_value"] or "")
    if kind == "Boolean":
        return text.lower() == "true"
    if kind in {"Integer", "Long"}:
        return int(text or 0)
    if kind == "List":
        return _texts(text)
    return characters(str(row["property"]), _unescaped(text))


def _texts(text: str) -> list[str]:
    inner = text.strip().removeprefix("[").removesuffix("]")
    if not inner:
        return []
    quoted = inner.startswith('"') and inner.endswith('"') and len(inner) > 1
    parts = inner[1:-1].split('", "') if quoted else inner.split(", ")
    return [_unescaped(part) for part in parts]


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)


def _spelled(value: Any) -> str:
    return str(value).upper() if isinstance(value, bool) else repr(value)
