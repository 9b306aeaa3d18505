"""Bound values as columns of a table."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

_DIGITS_MAX = 38
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of a type without zone


def column(kind: str, values: list[Any], target: str | None) -> pa.Array:
    """Return the values of one placeholder as a column; texts are converted to the type of their target."""
    if kind == "FIXED":
        return numbers(values)
    if kind in {"TEXT", "ANY"} and target:
        values = [_converted(value, target) for value in values]
    return pa.array(values, type=_ARROW.get(kind, pa.string()))


_ARROW = {
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP_NTZ": pa.timestamp("us"),
    "TIMESTAMP_LTZ": pa.timestamp("us", tz="UTC"),
    "TIMESTAMP_TZ": pa.timestamp("us", tz="UTC"),
    "BINARY": pa.binary(),
}


def _converted(text: str | None, target: str) -> str | None:
    """Return a text as DuckDB casts it to the type of its column."""
    if text is None:
        return None
    if target == "BLOB":
        return "".join(f"\\x{byte:02X}" for byte in unhexlify(text))
    number, _, _ = text.partition(" ")
    kind = next((kind for kind in _SINCE_1970 if target.startswith(kind)), None)
    if kind is None or not number.lstrip("-").isdigit():
        return text
    written = _SINCE_1970[kind](int(number))
    return written + "+00:00" if target.endswith("ZONE") else written


_SINCE_1970: dict[str, Callable[[int], str]] = {
    "TIMESTAMP": lambda number: (_EPOCH + timedelta(microseconds=number // 1000)).isoformat(),
    "TIME": lambda number: (_EPOCH + timedelta(microseconds=number // 1000)).time().isoformat(),
    "DATE": lambda number: (_EPOCH + timedelta(milliseconds=number)).date().isoformat(),
}
"""How a bound number is written: times are bound in nanoseconds, dates in milliseconds."""


def numbers(values: Sequence[int | Decimal | None]) -> pa.Array:
    """Return a column of numbers with the digits that the values have."""
    if all(value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63) for value in values):
        return pa.array(values, type=pa.int64())
    exact = [None if value is None else Decimal(value) for value in values]
    scale = max((-int(value.as_tuple().exponent) for value in exact if value is not None), default=0)
    return pa.array(exact, type=pa.decimal128(_DIGITS_MAX, max(scale, 0)))
