"""Bring one object to what its plan says, through a session, and tell what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from snowflake_components.errors import ObjectInvalidError
from snowflake_components.identifiers import Identifier
from snowflake_components.outcome import FileChange, FileStatus, read_changes, require_registered
from snowflake_components.plan import Create, ObjectSpec, RefreshPath, Step, plan
from snowflake_components.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a statement answered.

    Args:
        columns: their names, in order.
        rows: one mapping per row, by column name.
        query_id: Snowflake's id of the statement.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    query_id: str


class Session(Protocol):
    """A conversation with Snowflake; `connection.py` has the real one."""

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Send one statement and read all of its rows."""
        ...

    def role(self, role: Identifier) -> AbstractContextManager[None]:
        """Take a role for a block and give back the former one."""
        ...


class Connection(Protocol):
    """Opens sessions, and says how often to try."""

    @property
    def retries(self) -> RetryPolicy:
        """What to do while Snowflake is away."""
        ...

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session for a block."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What was done to one object.

    Args:
        created: whether it was absent.
        paths: directories that were refreshed; none when everything was, or nothing.
        statements: SQL that was sent, in order.
        query_ids: Snowflake's ids of them.
        changes: every file that a refresh reported.
    """

    created: bool
    paths: tuple[str, ...]
    statements: tuple[str, ...]
    query_ids: tuple[str, ...]
    changes: tuple[FileChange, ...]

    def count(self, status: FileStatus) -> int:
        """Count the files of one status."""
        return sum(change.status is status for change in self.changes)


@dataclass(slots=True)
class _Log:
    statements: list[str] = field(default_factory=list)
    query_ids: list[str] = field(default_factory=list)


def create_or_refresh(session: Session, spec: ObjectSpec, paths: Sequence[str] | None) -> Report:
    """Look, plan, and take every step in order; safe to repeat from its beginning.

    1. Take the role of the object, if it has one.
    2. Look for an object of exactly this name.
    3. Create it if it is absent.
    4. Refresh what the plan says; read the rows of each refresh before the next, and stop at a file that failed.
    5. Give back the role.

    Raises:
        ObjectInvalidError: the external table is there but cannot be read any more.
        FilesNotRegisteredError: a refresh reported a file that it could not register.
        SnowflakeError: any other refusal.
    """
    log = _Log()
    with session.role(spec.role) if spec.role else nullcontext():
        exists = _exists(session, spec, log)
        steps = plan(spec, exists=exists, paths=paths)
        changes = [change for step in steps for change in _take(session, step, log)]
    refreshed = tuple(step.path for step in steps if isinstance(step, RefreshPath))
    return Report(not exists, refreshed, tuple(log.statements), tuple(log.query_ids), tuple(changes))


def _exists(session: Session, spec: ObjectSpec, log: _Log) -> bool:
    found = _send(session, spec.look.sql, log)
    # LIKE answers names that only look alike: `_` is any character, and case does not count.
    row = next((row for row in found.rows if row["name"] == spec.name.name.name), None)
    if row is not None and str(row.get("invalid", "false")).lower() == "true":
        raise ObjectInvalidError(
            f"{spec.object_type} {spec.name} is invalid: {row.get('invalid_reason') or 'no reason given'}. "
            "Create it again (CREATE OR REPLACE EXTERNAL TABLE ... COPY GRANTS), then refresh it.",
            query_id=found.query_id,
        )
    return row is not None


def _take(session: Session, step: Step, log: _Log) -> list[FileChange]:
    result = _send(session, step.statement.sql, log)
    if isinstance(step, Create):
        return []
    changes = read_changes(result.rows)
    require_registered(changes, sql=step.statement.sql, query_id=result.query_id)
    return changes


def _send(session: Session, sql: str, log: _Log) -> QueryResult:
    result = session.execute(sql)
    log.statements.append(sql)
    log.query_ids.append(result.query_id)
    return result
