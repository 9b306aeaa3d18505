"""Locks by key, for the objects that a statement changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager

from infra.local_snowflake.serving.execution.running import Running


class Locks:
    """One lock for each key that is in use."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def holding(self, keys: Iterable[str], running: Running) -> AsyncIterator[None]:
        """Hold the locks of the keys, which are acquired in their order, so that no two statements wait for each other.

        Raises:
            StatementRefusedError: the statement was stopped while it waited.
        """
        held: list[str] = []
        try:
            for key in sorted(set(keys)):
                lock, users = self._locks.get(key, (asyncio.Lock(), 0))
                self._locks[key] = (lock, users + 1)
                try:
                    await running.acquire(lock)
                except BaseException:
                    self._leave(key)
                    raise
                held.append(key)
            yield
        finally:
            for key in held:
                self._locks[key][0].release()
                self._leave(key)

    def _leave(self, key: str) -> None:
        lock, users = self._locks[key]
        if users == 1:
            del self._locks[key]
        else:
            self._locks[key] = (lock, users - 1)
