"""A TIMESTAMP_TZ as DuckDB stores it, an INTERVAL whose length is the instant and whose months are the offset.

DuckDB compares, groups, joins and sorts INTERVALs by their length, and keeps the months, days and microseconds that
each was made of. The months are 10,000 for each minute of the offset, which is counted from 24 hours west of UTC; the
days make up for them, and count from a day that leaves them positive; the microseconds are the time of the day in UTC.

To add days or a time to it moves the instant and keeps the offset, as in Snowflake. To add months would give a number
of months that is no offset, which is refused where the value is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.meaning.functions.refusal import UnsupportedValueError

TYPE = "INTERVAL"
"""DuckDB's type of a TIMESTAMP_TZ."""
OFFSET_OF_UTC = 1_440
"""What Snowflake's clients add to an offset in minutes, in bound values and in results: its code."""
_MONTHS_A_MINUTE = 10_000
_DAYS_A_MONTH = 30
"""Of the length of an INTERVAL."""
_DAYS = _DAYS_A_MONTH * _MONTHS_A_MINUTE * 2 * OFFSET_OF_UTC + 1_000_000
"""Days of the length at 1970-01-01."""
_MICROSECONDS_A_DAY = 86_400_000_000
_MICROSECONDS_A_MINUTE = 60_000_000
_STORED = np.dtype([("months", np.int32), ("days", np.int32), ("nanoseconds", np.int64)])
"""How Arrow stores an INTERVAL."""
_Integers = npt.NDArray[np.int64]


def encode(microseconds: _Integers, codes: _Integers, nulls: npt.NDArray[np.bool_]) -> pa.Array:
    """Return the INTERVALs of instants and offsets.

    Args:
        microseconds: since 1970.
        codes: of the offsets.
        nulls: where the result is NULL.
    """
    days, rest = np.divmod(microseconds, _MICROSECONDS_A_DAY)
    stored = np.empty(len(microseconds), _STORED)
    stored["months"] = _MONTHS_A_MINUTE * codes
    stored["days"] = _DAYS + days - _DAYS_A_MONTH * _MONTHS_A_MINUTE * codes
    stored["nanoseconds"] = rest * 1000
    valid = pa.py_buffer(np.packbits(~nulls, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.month_day_nano_interval(), len(stored), [valid, pa.py_buffer(stored.tobytes())])


def decode(values: pa.Array) -> tuple[_Integers, _Integers]:
    """Return microseconds since 1970 and the codes of the offsets of INTERVALs; NULL is 1970 in UTC.

    Raises:
        UnsupportedValueError: one of them is no TIMESTAMP_TZ.
    """
    values = one_chunk(values)
    stored = np.frombuffer(values.buffers()[1], _STORED, len(values), values.offset * _STORED.itemsize)
    known = values.is_valid().to_numpy(zero_copy_only=False)
    months = stored["months"].astype(np.int64)
    codes, rest = np.divmod(months, _MONTHS_A_MINUTE)
    if np.any(known & ((rest != 0) | (codes <= 0) | (codes > 2 * OFFSET_OF_UTC))):
        raise UnsupportedValueError("an INTERVAL as a value")
    days = stored["days"] + _DAYS_A_MONTH * months - _DAYS
    moments = days * _MICROSECONDS_A_DAY + stored["nanoseconds"] // 1000
    return np.where(known, moments, 0), np.where(known, codes, OFFSET_OF_UTC)


def encode_all(values: Sequence[tuple[int, int] | None]) -> pa.Array:
    """Return INTERVALs of microseconds since 1970 and codes of offsets."""
    nulls = np.array([value is None for value in values], bool)
    known = [(0, OFFSET_OF_UTC) if value is None else value for value in values]
    moments, codes = np.array(known, np.int64).reshape(-1, 2).T
    return encode(moments, codes, nulls)


def literal(microseconds: int, code: int) -> str:
    """Return the text that DuckDB casts to the INTERVAL of an instant and the code of its offset."""
    (stored,) = encode_all([(microseconds, code)]).to_pylist()
    return f"{stored.months} months {stored.days} days {stored.nanoseconds // 1000} microseconds"


def iso_text(microseconds: int, code: int) -> str:
    """Return a TIMESTAMP_TZ as text in ISO's form."""
    (text,) = iso(encode_all([(microseconds, code)])).to_pylist()
    return str(text)


def of(instants: pa.ChunkedArray, minutes: pa.ChunkedArray) -> pa.Array:
    """Return TIMESTAMP_TZs of instants and offsets in minutes."""
    nulls = pc.or_(instants.is_null(), minutes.is_null()).to_numpy(zero_copy_only=False)
    moments = instants.cast(pa.int64()).fill_null(0).to_numpy()
    codes = minutes.cast(pa.int64()).fill_null(0).to_numpy() + OFFSET_OF_UTC
    return encode(moments, codes, nulls)


def instant(values: pa.ChunkedArray) -> pa.Array:
    """Return the instants."""
    moments, _ = decode(values)
    return _moments(moments, values, "UTC")


def local(values: pa.ChunkedArray) -> pa.Array:
    """Return the local times that are shown."""
    moments, codes = decode(values)
    return _moments(moments + (codes - OFFSET_OF_UTC) * _MICROSECONDS_A_MINUTE, values, None)


def minutes(values: pa.ChunkedArray) -> pa.Array:
    """Return the offsets in minutes."""
    _, codes = decode(values)
    return pa.array((codes - OFFSET_OF_UTC).astype(np.int32), mask=_nulls(values))


def iso(values: pa.ChunkedArray) -> pa.Array:
    """Return the local times with their offsets as text in ISO's form."""
    offsets = [None if one is None else _signed(one) for one in minutes(values).to_pylist()]
    texts = pc.strftime(local(values), format="%Y-%m-%d %H:%M:%S")
    return pc.binary_join_element_wise(texts, pa.array(offsets, pa.string()), "")


def _signed(offset: int) -> str:
    hours, rest = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{rest:02d}"


def _moments(microseconds: _Integers, values: pa.ChunkedArray, zone: str | None) -> pa.Array:
    return pa.array(microseconds, mask=_nulls(values)).cast(pa.timestamp("us", zone))


def _nulls(values: Any) -> npt.NDArray[np.bool_]:
    nulls: npt.NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return nulls


def one_chunk(values: Any) -> pa.Array:
    """Return the values of an array or of a chunked array as one array."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
