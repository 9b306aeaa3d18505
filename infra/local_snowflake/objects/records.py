"""Records of one kind by key: in memory, and in the registry's database, which survives a restart."""

from __future__ import annotations

import json
import threading
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import DATABASE

Key = tuple[str, ...]
Record = TypeVar("Record")

_SCHEMA = f"CREATE TABLE IF NOT EXISTS {DATABASE}.records (kind VARCHAR, key VARCHAR, definition VARCHAR)"
_writing = threading.Lock()


class Records(Generic[Record]):
    """Records of one kind. Every method can be called from any thread; a change is stored when it returns.

    Args:
        registry: whose database stores them.
        kind: separates them from other records.
        record: their class.
    """

    def __init__(self, registry: Registry, kind: str, record: type[Record]) -> None:
        self._registry, self._kind = registry, kind
        self._type: TypeAdapter[Record] = TypeAdapter(record)
        with registry.cursor() as cursor:
            cursor.execute(_SCHEMA)
            rows = cursor.execute(f"SELECT key, definition FROM {DATABASE}.records WHERE kind = ?", [kind]).fetchall()  # noqa: S608 - a constant
        self._found: dict[Key, Record] = {
            tuple(json.loads(key)): self._type.validate_json(definition) for key, definition in rows
        }

    def get(self, key: Key) -> Record | None:
        """Return a record; None if there is none."""
        return self._found.get(key)

    def items(self) -> list[tuple[Key, Record]]:
        """Return all records by key."""
        return sorted(self._found.copy().items(), key=lambda item: item[0])

    def put(self, key: Key, record: Record) -> None:
        """Store a record; it replaces the one of this key."""
        self._write({key: record}, ())

    def remove(self, *keys: Key) -> None:
        """Delete records, as far as they exist."""
        self._write({}, keys)

    def move(self, moves: dict[Key, Key]) -> None:
        """Give records other keys."""
        found = {new: self._found[old] for old, new in moves.items() if old in self._found}
        self._write(found, [old for old in moves if old not in found])

    def _write(self, put: dict[Key, Record], removed: Any) -> None:
        with _writing, self._registry.transaction() as cursor:
            for key in (*put, *removed):
                cursor.execute(
                    f"DELETE FROM {DATABASE}.records WHERE kind = ? AND key = ?",  # noqa: S608 - a constant
                    [self._kind, json.dumps(key)],
                )
            for key, record in put.items():
                row = [self._kind, json.dumps(key), self._type.dump_json(record).decode()]
                cursor.execute(f"INSERT INTO {DATABASE}.records VALUES (?, ?, ?)", row)  # noqa: S608 - a constant
            self._found.update(put)
            for key in removed:
                self._found.pop(key, None)
