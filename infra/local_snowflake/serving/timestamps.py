"""Encode timestamps as Snowflake's clients read them: a struct of seconds, nanoseconds and the offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

from infra.local_snowflake.meaning.functions import zoned

_MICROSECONDS = 1_000_000
_SECONDS_FIELD = pa.field("epoch", pa.int64(), nullable=False)
_FRACTION_FIELD = pa.field("fraction", pa.int32(), nullable=False)
_OFFSET_FIELD = pa.field("timezone", pa.int32(), nullable=False)


def with_encoded_timestamps(table: pa.Table, rowtype: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the table with its timestamps encoded by the types of the columns."""
    for index, column in enumerate(rowtype):
        if str(column["type"]).startswith("timestamp"):
            encoded = _encoded(table.column(index).combine_chunks(), str(column["type"]))
            table = table.set_column(index, table.schema.names[index], encoded)
    return table


def _encoded(values: Any, kind: str) -> Any:
    values = zoned.one_chunk(values)
    nulls = values.is_null()
    codes = np.full(len(values), zoned.OFFSET_OF_UTC)
    if pa.types.is_interval(values.type):
        numbers, codes = zoned.decode(values)
    else:
        if pa.types.is_null(values.type):
            values = values.cast(pa.timestamp("us"))
        numbers = values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.int64()).fill_null(0).to_numpy()
    seconds = np.floor_divide(numbers, _MICROSECONDS)
    fraction = (np.mod(numbers, _MICROSECONDS) * 1000).astype(np.int32)
    arrays, fields = [pa.array(seconds), pa.array(fraction)], [_SECONDS_FIELD, _FRACTION_FIELD]
    if kind == "timestamp_tz":
        arrays.append(pa.array(codes.astype(np.int32)))
        fields.append(_OFFSET_FIELD)
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=nulls)
