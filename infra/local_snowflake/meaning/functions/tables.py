"""The rows of FLATTEN and SPLIT_TO_TABLE."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from infra.local_snowflake.meaning.functions.json_values import JSON_NULL, dump, follow, load

FLATTEN_TYPE = "STRUCT(SEQ BIGINT, KEY VARCHAR, PATH VARCHAR, INDEX BIGINT, VALUE JSON, THIS JSON)[]"
SPLIT_TYPE = "STRUCT(SEQ BIGINT, INDEX BIGINT, VALUE VARCHAR)[]"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_STATEMENTS_MAX = 1000


class Sequences:
    """Count the input rows of a statement."""

    def __init__(self) -> None:
        self._last: OrderedDict[int, int] = OrderedDict()

    def next(self, statement: int) -> int:
        """Return the number of the next input row."""
        self._last[statement] = found = self._last.get(statement, 0) + 1
        if len(self._last) > _STATEMENTS_MAX:
            self._last.popitem(last=False)
        return found


_sequences = Sequences()


def flatten(  # noqa: PLR0913, PLR0917 - the arguments of Snowflake's function
    text: str | None, path: str | None, outer: bool, recursive: bool, mode: str, statement: int
) -> list[dict[str, Any]]:
    """Return the rows of FLATTEN for one input row."""
    sequence = _sequences.next(statement)
    value = load(text)
    found = follow(value, path) if path and value is not None else value
    rows = [{"SEQ": sequence, **row} for row in _rows(found, path or "", mode.upper(), recursive=recursive)]
    if rows or not outer:
        return rows
    this = None if found is None else dump(found)
    return [{"SEQ": sequence, "KEY": None, "PATH": None, "INDEX": None, "VALUE": None, "THIS": this}]


def _rows(value: Any, path: str, mode: str, *, recursive: bool) -> Iterator[dict[str, Any]]:
    if not isinstance(value, (dict, list)):
        return
    wanted = mode == "BOTH" or mode == ("OBJECT" if isinstance(value, dict) else "ARRAY")
    if not wanted and not recursive:
        return
    this = dump(value)
    items: list[tuple[str | None, int | None, Any]] = (
        [(key, None, value[key]) for key in sorted(value)]
        if isinstance(value, dict)
        else [(None, index, item) for index, item in enumerate(value)]
    )
    for key, index, item in items:
        place = _below(path, key, index)
        if wanted:
            stored = dump(JSON_NULL if item is None else item)
            yield {"KEY": key, "PATH": place, "INDEX": index, "VALUE": stored, "THIS": this}
        if recursive:
            yield from _rows(item, place, mode, recursive=True)


def _below(path: str, key: str | None, index: int | None) -> str:
    if key is None:
        return f"{path}[{index}]"
    if _NAME.match(key):
        return f"{path}.{key}" if path else key
    return f"{path}['{key}']"


def split(text: str | None, delimiters: str | None, tokens: bool, statement: int) -> list[dict[str, Any]]:
    """Return the rows of SPLIT_TO_TABLE, or of STRTOK_SPLIT_TO_TABLE, for one input row."""
    sequence = _sequences.next(statement)
    if text is None or delimiters is None:
        return []
    if tokens:
        parts = [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]
    else:
        parts = text.split(delimiters) if delimiters else [text]
    return [{"SEQ": sequence, "INDEX": index, "VALUE": part} for index, part in enumerate(parts, start=1)]
