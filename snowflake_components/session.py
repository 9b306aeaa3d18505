"""Sessions over Snowflake's connector; they raise errors of `errors.py` instead of the connector's.

No other module of the product imports the connector, but `access/retries.py` for its pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from snowflake import connector
from snowflake.connector import errors as foreign

from snowflake_components import errors
from snowflake_components.access.files import read_private_key, read_token
from snowflake_components.access.login import Login, variable
from snowflake_components.access.refusals import SessionFacts, refused_login, refused_statement
from snowflake_components.access.retries import pauses
from snowflake_components.access.tag import query_tag
from snowflake_components.connection import SnowflakeSettings
from snowflake_components.identifiers import Identifier
from snowflake_components.statements.kinds import CurrentRole, UseRole
from snowflake_components.work import QueryResult


class ConnectorSession:
    """A session over one connection of the connector.

    Args:
        connection: of the connector, open.
        settings: with which it was opened.
    """

    def __init__(self, connection: Any, settings: SnowflakeSettings) -> None:
        self._connection = connection
        self._settings = settings

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> QueryResult:
        """Execute one statement and read all of its rows; an interrupt cancels it in Snowflake, too.

        Args:
            sql: one statement; `%s` is a parameter only when `params` are given.
            params: values, bound by the connector.

        Raises:
            SnowflakeError: every error of the connector is raised as one of its subclasses.
        """
        try:
            with self._connection.cursor(connector.DictCursor) as cursor, self._canceled_when_interrupted(cursor, sql):
                cursor.execute(sql, params, timeout=self._settings.statement_timeout_seconds)
                rows = cursor.fetchall() if cursor.description else []
                columns = tuple(column.name for column in cursor.description or ())
                return QueryResult(columns, tuple(rows), str(cursor.sfqid))
        except foreign.Error as exc:
            raise statement_error(exc, self._settings.address, sql, self._facts()) from exc

    @contextmanager
    def _canceled_when_interrupted(self, cursor: Any, sql: str) -> Iterator[None]:
        """Cancel the statement of a cursor when the process is told to end; the connector does so for SIGINT alone."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            # the interrupt is more important than a failure of the cancel
            with suppress(foreign.Error):
                self._connection._cancel_query(sql, cursor._request_id)  # noqa: SLF001 - its public method needs a query id, which comes with the answer
            raise

    def _facts(self) -> SessionFacts:
        return SessionFacts(
            self._connection.role,
            self._connection.warehouse,
            self._settings.warehouse,
            self._settings.statement_timeout_seconds,
        )

    @contextmanager
    def role(self, role: Identifier | None) -> Iterator[None]:
        """Use a role for a block, and restore the former role at its end, also after an error; None changes nothing."""
        if role is None:
            yield
            return
        former = self.execute(CurrentRole().sql).rows[0]["ROLE"]
        self.execute(UseRole(role).sql)
        try:
            yield
        finally:
            if former is not None and former != role.name:
                self.execute(UseRole(Identifier(former)).sql)


@contextmanager
def log_in(settings: SnowflakeSettings, tag: Mapping[str, str]) -> Iterator[ConnectorSession]:
    """Log in for a block and log out at its end.

    Raises:
        CredentialError: no login is set, or the file of its key or token cannot be used.
        SnowflakeUnavailableError: no server answers at the address.
        LoginRefusedError: user, secret, role or account are wrong.
    """
    proof, fingerprint = _proof(settings)
    try:
        connection = connector.connect(**_arguments(settings, tag) | proof)
    except foreign.Error as exc:
        raise login_error(exc, settings.address, settings.login, fingerprint) from exc
    try:
        yield ConnectorSession(connection, settings)
    finally:
        # no retries: a server that is gone must not delay the end of the block
        connection.close(retry=False)


def _arguments(settings: SnowflakeSettings, tag: Mapping[str, str]) -> dict[str, Any]:
    given = {
        "account": settings.account,
        "user": settings.user,
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
        "backoff_policy": partial(pauses, settings.network_timeout_seconds),
        "session_parameters": {
            "QUERY_TAG": query_tag(settings.query_tag, tag),
            "STATEMENT_TIMEOUT_IN_SECONDS": settings.statement_timeout_seconds,
        },
    }


_BROWSER_SECONDS = 120
"""For a person to log in with the browser."""


def _proof(settings: SnowflakeSettings) -> tuple[dict[str, Any], str | None]:
    """Return the connector's arguments of the login, and the fingerprint of a key pair; files are read now."""
    login = settings.login
    if login is Login.PASSWORD:
        return {"password": settings.password_text}, None
    if login is Login.BROWSER:
        # the connector keeps the token of the login, so that one login serves several sessions
        kept = {"client_store_temporary_credential": True, "login_timeout": _BROWSER_SECONDS}
        return {"authenticator": "externalbrowser", **kept}, None
    file = getattr(settings, login.value)
    if login is Login.KEY_PAIR:
        passphrase = settings.private_key_passphrase
        key = read_private_key(file, passphrase.get_secret_value() if passphrase else None)
        return {"authenticator": "SNOWFLAKE_JWT", "private_key": key.der}, key.fingerprint
    kind = "OAUTH" if login is Login.OAUTH else "PROGRAMMATIC_ACCESS_TOKEN"
    return {"authenticator": kind, "token": read_token(file, login)}, None


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


def login_error(
    exc: foreign.Error, address: str, login: Login = Login.PASSWORD, fingerprint: str | None = None
) -> errors.SnowflakeError:
    """Return the error of a failed login; the connector uses code 250001 for a lost server and for a refusal."""
    if isinstance(exc, _TRANSIENT):
        return _unavailable(exc, address)
    refused = refused_login(exc.errno or 0, _message_of(exc), login, fingerprint)
    return errors.LoginRefusedError(f"Snowflake at {address} refused the login: {refused}")


def statement_error(exc: foreign.Error, address: str, sql: str, facts: SessionFacts) -> errors.SnowflakeError:
    """Return the error of a failed statement, with its repair in the message."""
    code, text = exc.errno or 0, _message_of(exc)
    if code in _SESSION_GONE or isinstance(exc, _TRANSIENT):
        return _unavailable(exc, address, sql)
    kind, message = refused_statement(code, text, sql, facts)
    return kind(message, sql=sql, query_id=exc.sfqid)


def _unavailable(exc: foreign.Error, address: str, sql: str | None = None) -> errors.SnowflakeError:
    advice = f"check that it runs, {variable('host')} and _PORT"
    message = f"Snowflake at {address} does not answer: {_message_of(exc)}; {advice}"
    return errors.SnowflakeUnavailableError(message, sql=sql, query_id=exc.sfqid)


def _message_of(exc: foreign.Error) -> str:
    return " ".join(str(exc.raw_msg or exc.msg or exc).split())
