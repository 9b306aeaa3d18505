"""Propose the columns of an external table or a table from lines of its files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snowflake_components.errors import SnowflakeError

DEPTH = 2
"""Objects are opened down to this depth; what lies deeper stays a VARIANT."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?")
_INTEGER_MAX = 10**38
_WIDER = {frozenset({"INTEGER", "FLOAT"}): "FLOAT", frozenset({"DATE", "TIMESTAMP_NTZ"}): "TIMESTAMP_NTZ"}
_READ_BY_PATH = re.compile(r'(?:value|\$1)((?:[:.](?:\w+|"[^"]+"))+)', re.IGNORECASE)


class LinesError(SnowflakeError):
    """The lines are no JSON objects."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column for one field of the lines.

    Args:
        path: keys from the line to the field.
        name: of the column, as YAML writes it.
        type: of Snowflake.
        lines: that have a value that is not null.
    """

    path: tuple[str, ...]
    name: str
    type: str
    lines: int

    def expression(self, root: str) -> str:
        """Return the SQL of the column over a line: `value` of an external table, `$1` of a table."""
        keys = [key if _PLAIN.fullmatch(key) else '"' + key.replace('"', '""') + '"' for key in self.path]
        cast = "" if self.type == "VARIANT" else f"::{self.type.lower()}"
        return f"{root}:{':'.join(keys)}{cast}"

    def item(self, root: str) -> str:
        """Return the column as an item of `columns`."""
        name = self.name if _PLAIN.fullmatch(self.name) else json.dumps(self.name, ensure_ascii=False)
        expression = self.expression(root)
        quoted = "'" + expression.replace("'", "''") + "'" if '"' in expression else f'"{expression}"'
        return f"- {{name: {name}, type: {self.type}, as: {quoted}}}"


def read_lines(texts: Iterable[str], lines_max: int) -> Iterator[dict[str, Any]]:
    """Read JSON objects, one a line; blank lines are skipped.

    Raises:
        LinesError: a line is no JSON object; the message has its number, never its content.
    """
    read = 0
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as exc:
            raise LinesError(f"line {number} is not JSON: {getattr(exc, 'msg', exc)}") from None
        if not isinstance(line, dict):
            raise LinesError(f"line {number} is no JSON object: a column reads a field of an object")
        yield line
        read += 1
        if read == lines_max:
            return


def propose(lines: Iterable[Mapping[str, Any]], depth: int = DEPTH) -> tuple[Proposal, ...]:
    """Propose a column for each field, in the order in which the fields first appear.

    The type is the narrowest that reads all values of the lines. A field with values of several types, an array, and an
    object below `depth` are VARIANT, which loses nothing.
    """
    types: dict[tuple[str, ...], Counter[str]] = {}
    for line in lines:
        for path, value in _fields(line, (), depth):
            found = types.setdefault(path, Counter())
            if value is not None:
                found[_type_of(value)] += 1
    opened = {path[:-1] for path in types}
    leaves = {path: found for path, found in types.items() if path not in opened or set(found) - {"OBJECT"}}
    names = _names(leaves)
    return tuple(
        Proposal(path, names[path], _common_type(found), sum(found.values())) for path, found in leaves.items()
    )


def missing(proposals: Iterable[Proposal], expressions: Iterable[str]) -> list[Proposal]:
    """Leave out the fields that a column reads already, itself or inside of an object that it reads."""
    read = {path for sql in expressions for path in paths_of(sql)}
    return [
        one
        for one in proposals
        if not any(one.path[: len(path)] == path or path[: len(one.path)] == one.path for path in read)
    ]


def paths_of(sql: str) -> set[tuple[str, ...]]:
    """Return the fields of a line that an expression reads, such as `value:event:event_id` or `$1:id`."""
    keys = re.compile(r'[:.](?:"([^"]+)"|(\w+))')
    return {tuple(quoted or plain for quoted, plain in keys.findall(match[1])) for match in _READ_BY_PATH.finditer(sql)}


def _fields(value: Mapping[str, Any], above: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, inner in value.items():
        path = (*above, key)
        if isinstance(inner, Mapping) and inner and len(path) < depth:
            yield path, inner
            yield from _fields(inner, path, depth)
        else:
            yield path, inner


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INTEGER" if abs(value) < _INTEGER_MAX else "FLOAT"
    if isinstance(value, float):
        return "FLOAT"
    if isinstance(value, Mapping):
        return "OBJECT"
    if not isinstance(value, str):
        return "VARIANT"
    return _type_of_text(value)


def _type_of_text(text: str) -> str:
    date, time = _DATE.fullmatch(text), _TIME.fullmatch(text)
    if not date and not time:
        return "VARCHAR"
    try:
        datetime.fromisoformat(text[:10])
    except ValueError:
        return "VARCHAR"
    if time:
        return "TIMESTAMP_TZ" if time["zone"] else "TIMESTAMP_NTZ"
    return "DATE"


def _common_type(found: Counter[str]) -> str:
    kinds = frozenset(found)
    if len(kinds) == 1:
        (kind,) = kinds
        return "VARIANT" if kind == "OBJECT" else kind
    if kinds and kinds <= {"VARCHAR", "DATE", "TIMESTAMP_NTZ", "TIMESTAMP_TZ"}:
        return _WIDER.get(kinds, "VARCHAR")
    return _WIDER.get(kinds, "VARIANT")


def _names(paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Name each column by its last key; by its whole path where two have the same last key."""
    own = {path: _name(path[-1:]) for path in paths}
    uses = Counter(name.upper() for name in own.values())
    return {path: name if uses[name.upper()] == 1 else _name(path) for path, name in own.items()}


def _name(keys: tuple[str, ...]) -> str:
    words = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key) for key in keys)
    text = "_".join(words)
    return text.upper() if _PLAIN.fullmatch(text) else '"' + text.replace('"', '""') + '"'
