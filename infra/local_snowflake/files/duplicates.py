"""Keys that a JSON object holds twice, as the file format's ALLOW_DUPLICATE treats them.

By default such a text is not JSON for Snowflake. With ALLOW_DUPLICATE = TRUE the last value of a key is kept. DuckDB
would accept every such text and return the first value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import duckdb

_ROWS_AT_ONCE = 10_000


class DuplicateKeyError(ValueError):
    """An object holds a key twice; its text is the key in double quotes."""


def settle_duplicates(cursor: duckdb.DuckDBPyConnection, rows: str, file_format: Mapping[str, Any]) -> None:
    """Replace the texts of a table (`json`, `line`) that hold a key twice: by their last values, or by NULL."""
    allowed = file_format.get("ALLOW_DUPLICATE") is True
    settled: list[tuple[str | None, int]] = []
    read = cursor.execute(f"SELECT json, line FROM {rows} WHERE json IS NOT NULL")  # noqa: S608 - a name of ours
    while batch := read.fetchmany(_ROWS_AT_ONCE):
        settled += [(last_values(text) if allowed else None, line) for text, line in batch if has_duplicate(text)]
    if settled:
        cursor.executemany(f"UPDATE {rows} SET json = ? WHERE line = ?", settled)  # noqa: S608 - a name of ours


def has_duplicate(text: str) -> bool:
    """Return whether an object in the text, at any depth, holds a key twice; escapes make no other key."""
    try:
        _DECODER.decode(text)
    except DuplicateKeyError:
        return True
    except (ValueError, RecursionError):
        return False  # other rules decide
    return False


def last_values(text: str) -> str:
    """Return the text of a document with the last value of each key; one without such keys is unchanged."""
    return json.dumps(json.loads(text), ensure_ascii=False) if has_duplicate(text) else text


def refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    """Raise a `DuplicateKeyError` if two pairs have one key: an object hook of a decoder."""
    if len(dict(pairs)) < len(pairs):
        keys = [key for key, _ in pairs]
        raise DuplicateKeyError(json.dumps(next(key for key in keys if keys.count(key) > 1)))


_DECODER = json.JSONDecoder(object_pairs_hook=refuse_twice)
