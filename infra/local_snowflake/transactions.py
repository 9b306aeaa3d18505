"""The transaction of a session, in the connection of DuckDB that belongs to it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from infra.local_snowflake.errors import LockTimeoutError, NotSupportedError

_DDL = frozenset({"CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"})
_DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY"})
_ids = itertools.count(1)
_MILLISECONDS = 1000


@dataclass(slots=True)
class Transaction:
    """The transaction state of one session.

    DuckDB isolates by snapshot, where Snowflake reads what was committed before each statement. After a statement that
    failed in the middle, DuckDB keeps nothing of the transaction; then every statement but ROLLBACK is refused.

    Args:
        duck: the connection of the session.
        autocommit: whether each DML statement outside a transaction is committed at once.
    """

    duck: Any
    autocommit: bool = True
    id: str | None = None
    """Of the open transaction: the result of CURRENT_TRANSACTION()."""
    last: str | None = None
    """Of the last transaction that ended: the result of LAST_TRANSACTION()."""
    written: set[tuple[str, ...]] = field(default_factory=set)
    """Full names of the tables that the open transaction wrote to."""
    _wrote: bool = field(default=False, init=False)
    _failed: bool = field(default=False, init=False)

    def begin(self, now: datetime) -> None:
        """Start a transaction; nothing happens within one."""
        if self.id is None:
            self.duck.begin()
            self.id = f"{int(now.timestamp() * _MILLISECONDS)}{next(_ids) % 1_000_000:06d}"

    def commit(self) -> None:
        """Commit the open transaction, if there is one.

        Raises:
            NotSupportedError: one of its statements failed; everything was rolled back.
            LockTimeoutError: another session changed the same rows; everything was rolled back.
        """
        if self.id is None:
            return
        if self._failed:
            self.rollback()
            raise NotSupportedError(
                "Unsupported feature 'COMMIT after a failed statement'. Everything was rolled back."
            )
        try:
            self.duck.commit()
        except duckdb.Error as exc:
            raise LockTimeoutError("The transaction was rolled back: rows were changed by another one.") from exc
        finally:
            self._end()

    def rollback(self) -> None:
        """Roll the open transaction back, if there is one."""
        if self.id is not None:
            self.duck.rollback()
            self.written.clear()
            self._end()

    def _end(self) -> None:
        self.last, self.id = self.id, None
        self._wrote = self._failed = False

    def before(self, verb: str, now: datetime, *, passed_on: bool) -> None:
        """Prepare a statement: DDL commits first, DML without AUTOCOMMIT starts a transaction.

        Args:
            verb: first word of the statement.
            now: the time.
            passed_on: whether `after` follows.

        Raises:
            NotSupportedError: a statement of the open transaction failed.
        """
        if self._failed:
            raise NotSupportedError(
                "Unsupported feature 'statement after a failed one in a transaction'. Use ROLLBACK."
            )
        if verb in _DDL:
            self.commit()
        elif passed_on and verb in _DML and self.id is None and not self.autocommit:
            self.begin(now)

    def after(self, verb: str, *, succeeded: bool) -> None:
        """Record whether a statement of the open transaction changed something, or aborted it."""
        if self.id is None:
            return
        if succeeded:
            self._wrote = self._wrote or verb in _DML
        else:
            self._inspect()

    def _inspect(self) -> None:
        """Restart the transaction if DuckDB aborted it before it wrote anything."""
        try:
            self.duck.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._failed = self._wrote
            if not self._failed:
                self.duck.rollback()
                self.duck.begin()
