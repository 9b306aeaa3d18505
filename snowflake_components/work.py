"""Carry out the plan of one object in a session, and report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from snowflake_components.errors import ObjectInvalidError
from snowflake_components.identifiers import Identifier
from snowflake_components.planning.outcome import FileChange, FileStatus, read_changes, require_registered
from snowflake_components.planning.refresh import Create, ObjectSpec, RefreshPath, Step, plan
from snowflake_components.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of a statement.

    Args:
        columns: names in order.
        rows: one mapping per row, by column name.
        query_id: Snowflake's id of the statement.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    query_id: str


class Session(Protocol):
    """A session of Snowflake, see `session.ConnectorSession`."""

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Execute one statement and read all of its rows."""
        ...

    def role(self, role: Identifier) -> AbstractContextManager[None]:
        """Use a role for a block and restore the former one."""
        ...


class Connection(Protocol):
    """Opens sessions, and has the limits of retries."""

    @property
    def retries(self) -> RetryPolicy:
        """The retries while Snowflake is away."""
        ...

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session for a block."""
        ...


def read_rows(connection: Connection, *statements: str) -> tuple[Mapping[str, Any], ...]:
    """Execute statements in one session and return the rows of the last one; all again while Snowflake is away.

    Args:
        connection: opens the session.
        statements: at least one; safe to repeat together.

    Raises:
        SnowflakeError: Snowflake refused one of them, or did not answer in time.
    """

    def read() -> tuple[Mapping[str, Any], ...]:
        rows: tuple[Mapping[str, Any], ...] = ()
        with connection.connect() as session:
            for sql in statements:
                rows = session.execute(sql).rows
        return rows

    return connection.retries.call(read)


@dataclass(frozen=True, slots=True)
class Report:
    """The steps that were done for one object.

    Args:
        created: whether it was absent.
        paths: refreshed directories; none for a refresh of everything.
        statements: executed SQL, in order.
        query_ids: Snowflake's ids of the statements.
        changes: files that the refreshes reported.
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
    """Plan and carry out the steps for an object; safe to repeat from its beginning.

    1. Use the role of the object, if it has one.
    2. Look for an object of exactly this name.
    3. Create it if it is absent.
    4. Refresh what is planned, and stop at the first refresh with a failed file.
    5. Restore the role.

    Raises:
        ObjectInvalidError: the external table exists but cannot be read.
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
    # LIKE also returns similar names: `_` is any character, and case does not count
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
