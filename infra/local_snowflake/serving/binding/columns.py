"""Bound values as columns of a table."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.serving.binding.binds import moment_and_code

_DIGITS_MAX = 38
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of a type without zone


def column(kind: str, texts: Sequence[str | None], target: str | None) -> pa.Array:
    """Return the bound texts of one placeholder as a column; those of type TEXT as their target reads them."""
    if kind == "FIXED":
        return _fixed(texts)
    if kind == "TIMESTAMP_TZ":
        return zoned.encode_all([None if text is None else moment_and_code(text) for text in texts])
    if kind in _READERS:
        read, between, final = _READERS[kind]
        values = pa.array([None if text is None else read(text) for text in texts], type=between)
        return values if between == final else values.cast(final)
    return pa.array([_converted(text, target) for text in texts] if target else texts, type=pa.string())


def _fixed(texts: Sequence[str | None]) -> pa.Array:
    """Return numbers: whole ones, or with the most digits after the point that one of them has."""
    try:
        return pa.array([None if text is None else int(text) for text in texts], type=pa.int64())
    except (ValueError, OverflowError):
        scale = max(len(text.partition(".")[2]) for text in texts if text is not None)
    try:
        return pa.array(texts, type=pa.string()).cast(pa.decimal128(_DIGITS_MAX, scale))
    except pa.ArrowInvalid:
        return numbers([None if text is None else Decimal(text) for text in texts])


def _microseconds(text: str) -> int:
    return int(text.partition(" ")[0]) // 1_000


_READERS: dict[str, tuple[Callable[[str], Any], pa.DataType, pa.DataType]] = {
    "REAL": (float, pa.float64(), pa.float64()),
    "BOOLEAN": (lambda text: text.lower() == "true", pa.bool_(), pa.bool_()),
    "DATE": (lambda text: int(text) // 86_400_000, pa.int32(), pa.date32()),
    "TIME": (_microseconds, pa.int64(), pa.time64("us")),
    "TIMESTAMP_NTZ": (_microseconds, pa.int64(), pa.timestamp("us")),
    "TIMESTAMP_LTZ": (_microseconds, pa.int64(), pa.timestamp("us", tz="UTC")),
    "BINARY": (unhexlify, pa.binary(), pa.binary()),
}
"""How the text of each type is read, the type of what is read, and the type of the column."""


def _converted(text: str | None, target: str) -> str | None:
    """Return a text as DuckDB casts it to the type of its column."""
    if text is None:
        return None
    if target == "BLOB":
        return "".join(f"\\x{byte:02X}" for byte in unhexlify(text))
    number, _, _ = text.partition(" ")
    if target == zoned.TYPE and number.lstrip("-").isdigit():
        return zoned.iso_text(*moment_and_code(text))
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
