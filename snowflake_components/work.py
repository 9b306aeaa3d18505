"""What the rest of this package needs of a session of Snowflake, and of what opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from snowflake_components.identifiers import Identifier
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

    def role(self, role: Identifier | None) -> AbstractContextManager[None]:
        """Use a role for a block and restore the former one; None keeps that of the session."""
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


class TaggedByAsset(Connection, Protocol):
    """A connection of a run, whose statements can name the asset."""

    def tagged(self, **parts: str) -> Connection:
        """Return a connection with these parts in the query tag of its statements."""
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
