"""The stored objects in memory, as the last committed transaction left them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TypeAlias

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import ObjectKind
from infra.local_snowflake.objects.stored import Kept

Changed: TypeAlias = tuple[ObjectKind, ObjectName, Kept | None]
"""An object that a transaction stored; None for one that it deleted."""


class KnownObjects:
    """The objects of each kind, read once and then changed with every commit. Any thread may call it.

    Args:
        read: returns the stored objects of a kind.
    """

    def __init__(self, read: Callable[[ObjectKind], Iterable[Kept]]) -> None:
        self._read = read
        self._known: dict[ObjectKind, Mapping[ObjectName, Kept]] = {}
        self._commits = 0
        self._lock = Lock()

    def of(self, kind: ObjectKind) -> Mapping[ObjectName, Kept]:
        """Return the objects of a kind in the order of their names."""
        with self._lock:
            known, before = self._known.get(kind), self._commits
        if known is not None:
            return known
        read = _ordered({kept.name: kept for kept in self._read(kind)})
        with self._lock:
            if self._commits == before:
                self._known[kind] = read
        return read

    def commit(self, changes: Iterable[Changed]) -> None:
        """Take over what a transaction has changed, in its order; call it after the commit."""
        with self._lock:
            self._commits += 1
            by_kind = {kind: dict(known) for kind, known in self._known.items()}
            for kind, name, kept in changes:
                if kind not in by_kind:
                    continue
                by_kind[kind].pop(name, None)
                if kept is not None:
                    by_kind[kind][name] = kept
            self._known = {kind: _ordered(objects) for kind, objects in by_kind.items()}


def _ordered(objects: Mapping[ObjectName, Kept]) -> Mapping[ObjectName, Kept]:
    return {name: objects[name] for name in sorted(objects)}
