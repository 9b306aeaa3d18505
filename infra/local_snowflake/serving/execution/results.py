"""The results of statements, kept for RESULT_SCAN and for clients that ask for a result again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types

RESULTS_MAX = 500
BYTES_MAX = 48 << 20
_LATEST = 4
"""The latest results are kept whatever their size."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement returned.

    Args:
        rowtype: Snowflake's description of each column.
        table: the rows; None for a description without rows.
        type_id: Snowflake's number of the kind of statement.
        is_count: the rows are counts of changed rows, which clients read as text.
        more: further fields of the answer.
        upload: the answer to a PUT, instead of rows.
    """

    rowtype: list[Any]
    table: pa.Table | None
    type_id: int = 0
    is_count: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    upload: dict[str, Any] | None = None

    @property
    def size_bytes(self) -> int:
        """The memory of the rows."""
        return self.table.nbytes if self.table is not None else 0


class Results:
    """Results by query id, bounded in number and bytes: the oldest are forgotten first.

    Any thread may call it. fakesnow reads it as the cache of its connections.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, Result]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, query: str, owner: str, result: Result) -> None:
        """Keep the result of a query for a session; without one (a statement in the background), beyond its end."""
        with self._lock:
            self._kept[query] = (owner, result)
            self._bytes += result.size_bytes
            while len(self._kept) > RESULTS_MAX or (self._bytes > BYTES_MAX and len(self._kept) > _LATEST):
                self._forget(next(iter(self._kept)))

    def result(self, query: str) -> Result | None:
        """Return the result of a query; None if it is unknown or forgotten."""
        found = self._kept.get(query)
        return found[1] if found else None

    def size_bytes(self, query: str) -> int:
        """Return the memory of the rows of a result; 0 if it is unknown."""
        found = self.result(query)
        return found.size_bytes if found else 0

    def forget_all(self, owner: str) -> None:
        """Forget the results of a session."""
        with self._lock:
            for query in [query for query, (whose, _) in self._kept.items() if whose == owner]:
                self._forget(query)

    def _forget(self, query: str) -> None:
        _, result = self._kept.pop(query)
        self._bytes -= result.size_bytes

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self._kept)

    def get(self, query: str) -> tuple[Any, ...] | None:
        """Return a result as fakesnow caches it."""
        result = self.result(query)
        if result is None or result.table is None:
            return None
        return result.table, result.table.num_rows, None, None, None

    def __setitem__(self, query: str, value: object) -> None:
        """Ignore what fakesnow caches by an id of its own, together with a syntax tree of 20 KB."""
