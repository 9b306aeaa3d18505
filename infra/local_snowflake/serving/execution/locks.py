"""Locks by key, and the keys of the objects that a statement changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager

from infra.local_snowflake.errors import StatementRefusedError
from infra.local_snowflake.executor import Executed
from infra.local_snowflake.language.file_statements import AlterIntegration, CreateIntegration
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.statements import Describe, ListStage, Show
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.rewriting.relations import target
from infra.local_snowflake.serving.execution.running import Running
from infra.local_snowflake.sessions import Session

_HEAD_CHARACTERS = 1_000
"""Characters of a statement that hold the name of its target."""


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


def changed(statement: Executed, session: Session) -> list[str]:
    """Return the keys of the objects that a statement of ours changes."""
    if isinstance(statement, CreateIntegration | AlterIntegration):
        return [f"integration {statement.name}"]
    name = getattr(statement, "name", getattr(statement, "table", None))
    if isinstance(statement, Show | Describe | ListStage) or not isinstance(name, PartialName):
        return []
    try:
        return [str(session.full(name))]
    except StatementRefusedError:  # of a schema or a database, or refused later
        return [".".join(name.parts)]


_VERBS = (
    ("UPDATE",),
    ("DELETE", "FROM"),
    ("MERGE", "INTO"),
    ("TRUNCATE", "TABLE", "IF", "EXISTS"),
    ("TRUNCATE", "TABLE"),
    ("TRUNCATE",),
    ("INSERT", "OVERWRITE", "INTO"),
    ("COPY", "INTO"),
)


def written(sql: str, session: Session) -> list[str]:
    """Return the key of the table that a statement of fakesnow changes in place; an INSERT disturbs no other."""
    head = sql.lstrip()[:_HEAD_CHARACTERS]
    try:
        if found := target(head):
            return [str(session.full(found.name))]
        reader = Reader(head)
        if any(reader.accept(*words) for words in _VERBS):
            return [str(session.full(reader.name()))]
    except StatementRefusedError:
        return []  # the statement itself is refused later
    return []
