"""The rows that a statement returns, as a table that fakesnow encodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "time": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows with their columns.

    Args:
        columns: names as clients see them.
        types: one of text, integer, time, boolean for each column.
        rows: a value per column each.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of_text(cls, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Self:
        """Return an answer of text columns."""
        return cls(tuple(columns), ("text",) * len(columns), tuple(rows))

    @property
    def table(self) -> pa.Table:
        """The rows as Arrow; the columns have their types without rows, too."""
        arrays = [
            pa.array([row[index] for row in self.rows], type=_TYPES[kind]) for index, kind in enumerate(self.types)
        ]
        return pa.Table.from_arrays(arrays, names=list(self.columns))


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a client needs to copy files from or to an internal stage, as it reads it."""

    data: Mapping[str, Any]


def status(message: str) -> Answer:
    """Return an answer of one status row."""
    return Answer.of_text(("status",), [(message,)])
