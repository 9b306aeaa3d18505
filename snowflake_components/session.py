"""Sessions over Snowflake's connector: the only module that imports it; it raises errors of `errors.py` instead."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from snowflake import connector
from snowflake.connector import errors as foreign

from snowflake_components import errors
from snowflake_components.connection import SnowflakeSettings
from snowflake_components.identifiers import Identifier
from snowflake_components.statements.kinds import CurrentRole, UseRole
from snowflake_components.work import QueryResult


class ConnectorSession:
    """A session over one connection of the connector.

    Args:
        connection: of the connector, open.
        address: of the server, for messages.
    """

    def __init__(self, connection: Any, address: str) -> None:
        self._connection = connection
        self._address = address

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Execute one statement and read all of its rows.

        Args:
            sql: one statement; `%s` is a parameter only when `params` are given.
            params: values, bound by the connector.

        Raises:
            SnowflakeError: every error of the connector is raised as one of its subclasses.
        """
        try:
            with self._connection.cursor(connector.DictCursor) as cursor:
                cursor.execute(sql, params)
                rows = cursor.fetchall() if cursor.description else []
                columns = tuple(column.name for column in cursor.description or ())
                return QueryResult(columns, tuple(rows), str(cursor.sfqid))
        except foreign.Error as exc:
            raise statement_error(exc, self._address, sql) from exc

    @contextmanager
    def role(self, role: Identifier) -> Iterator[None]:
        """Use a role for a block, and restore the former role at its end, also after an error."""
        former = self.execute(CurrentRole().sql).rows[0]["ROLE"]
        self.execute(UseRole(role).sql)
        try:
            yield
        finally:
            if former is not None and former != role.name:
                self.execute(UseRole(Identifier(former)).sql)


@contextmanager
def log_in(settings: SnowflakeSettings) -> Iterator[ConnectorSession]:
    """Log in for a block and log out at its end.

    Raises:
        SnowflakeUnavailableError: no server answers at the address.
        LoginRefusedError: user, password or account are wrong.
    """
    try:
        connection = connector.connect(**_arguments(settings))
    except foreign.Error as exc:
        raise login_error(exc, settings.address) from exc
    try:
        yield ConnectorSession(connection, settings.address)
    finally:
        # no retries: a server that is gone must not delay the end of the block
        connection.close(retry=False)


def _arguments(settings: SnowflakeSettings) -> dict[str, Any]:
    given = {
        "account": settings.account,
        "user": settings.user,
        "password": settings.password.get_secret_value(),
        "host": settings.host,
        "port": settings.port if settings.host else None,
        "protocol": settings.protocol,
        "role": settings.role,
        "warehouse": settings.warehouse,
        "database": settings.database,
        "schema": settings.schema_name,
    }
    return {name: value for name, value in given.items() if value is not None} | {
        "login_timeout": settings.login_timeout_seconds,
        # without it the connector repeats a request that gets HTTP 500 forever
        "network_timeout": settings.network_timeout_seconds,
        "session_parameters": {
            "QUERY_TAG": json.dumps({"application": settings.query_tag}),
            "STATEMENT_TIMEOUT_IN_SECONDS": settings.statement_timeout_seconds,
        },
    }


_TRANSIENT = (
    foreign.OperationalError,
    foreign.BadGatewayError,
    foreign.GatewayTimeoutError,
    foreign.InternalServerError,
    foreign.OtherHTTPRetryableError,
    foreign.RequestExceedMaxRetryError,
    foreign.RequestTimeoutError,
    foreign.ServiceUnavailableError,
    foreign.TooManyRequests,
)
# the token expired: a new session is needed
_SESSION_GONE = frozenset({250002, 390111, 390112, 390114, 390115})
_MISSING_PRIVILEGE = frozenset({3001, 3003, 3041})
_OBJECT_MISSING = frozenset({2003, 2043, 3139})
# the stage of the external table was replaced, or has another URL
_OBJECT_INVALID = frozenset({91093})


def login_error(exc: foreign.Error, address: str) -> errors.SnowflakeError:
    """Return the error of a failed login; the connector uses code 250001 for a lost server and for a refusal."""
    if isinstance(exc, _TRANSIENT):
        return _unavailable(exc, address)
    advice = "check HOURGLASS_SNOWFLAKE_ACCOUNT, _USER and _PASSWORD"
    return errors.LoginRefusedError(f"Snowflake at {address} refused the login: {_message_of(exc)}; {advice}")


def statement_error(exc: foreign.Error, address: str, sql: str) -> errors.SnowflakeError:
    """Return the error of a failed statement, with its repair in the message."""
    code, text = exc.errno or 0, _message_of(exc)
    if code in _SESSION_GONE or isinstance(exc, _TRANSIENT):
        return _unavailable(exc, address, sql)
    kind: type[errors.SnowflakeError] = errors.StatementFailedError
    message = text if str(code) in text else f"{text} (error {code})"
    if code in _MISSING_PRIVILEGE:
        kind, message = errors.MissingPrivilegeError, f"{text} (grant it to the role that sent the statement)"
    elif code in _OBJECT_MISSING:
        kind, message = errors.ObjectMissingError, f"{text} (create it, or grant the role access to it)"
    elif code in _OBJECT_INVALID:
        kind, message = errors.ObjectInvalidError, f"{text} (create the external table again)"
    return kind(message, sql=sql, query_id=exc.sfqid)


def _unavailable(exc: foreign.Error, address: str, sql: str | None = None) -> errors.SnowflakeError:
    advice = "check that it runs, HOURGLASS_SNOWFLAKE_HOST and _PORT"
    message = f"Snowflake at {address} does not answer: {_message_of(exc)}; {advice}"
    return errors.SnowflakeUnavailableError(message, sql=sql, query_id=exc.sfqid)


def _message_of(exc: foreign.Error) -> str:
    return " ".join(str(exc.raw_msg or exc.msg or exc).split())
