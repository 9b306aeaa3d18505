"""The clients that are logged in: their tokens, their statements, the end of their sessions."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.local_snowflake.errors import (
    MasterTokenGoneError,
    SessionExpiredError,
    SessionGoneError,
    TokenMissingError,
)
from infra.local_snowflake.serving.execution.running import Running
from infra.local_snowflake.sessions import Session

TOKEN_SECONDS = 3600
MASTER_TOKEN_SECONDS = 14400
_ANSWERED_MAX = 8


@dataclass(slots=True, eq=False)
class Client:
    """One login.

    Args:
        session: what statements read and change; `lock` is held while one of them runs.
        user: of the login.
        application: that the client names.
        parameters: of the login.
        since: time of the login.
        expired: the session token is expired; a client renews it.
        recent: statements that a client may send again after a lost answer.
    """

    session: Session
    user: str
    application: str
    parameters: dict[str, Any]
    since: datetime
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    master_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    expired: bool = False
    master_expired: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    recent: deque[Running] = field(default_factory=lambda: deque(maxlen=_ANSWERED_MAX))

    def sent_before(self, request_id: str) -> Running | None:
        """Return the statement of a request that is sent again; None for a new one."""
        return next((running for running in self.recent if request_id and running.request_id == request_id), None)


class Clients:
    """Every client, by its tokens."""

    def __init__(self) -> None:
        self._by_token: dict[str, Client] = {}

    def __iter__(self) -> Iterator[Client]:
        """Iterate over the clients in the order of their logins."""
        return iter(list(self._by_token.values()))

    def add(self, client: Client) -> None:
        """Add a client."""
        self._by_token[client.token] = client

    def remove(self, client: Client) -> None:
        """Remove a client; its tokens are unknown from now on."""
        self._by_token.pop(client.token, None)

    def of(self, authorization: str | None) -> Client:
        """Return the client of a request.

        Raises:
            TokenMissingError: the request has no token.
            SessionExpiredError: the client must renew its token.
            SessionGoneError: the client must log in again.
        """
        client = self._by_token.get(_token(authorization))
        if client is None:
            raise SessionGoneError("Session no longer exists. New login required to access the service.")
        if client.expired:
            raise expired()
        return client

    def renew(self, authorization: str | None, old_token: str) -> Client:
        """Give a client new tokens.

        Raises:
            MasterTokenGoneError: the client must log in again.
        """
        given = _token(authorization)
        client = self._by_token.get(old_token)
        if client is None or client.master_expired or not secrets.compare_digest(client.master_token, given):
            raise MasterTokenGoneError("Authentication token has expired. The user must authenticate again.")
        self.remove(client)
        client.token, client.master_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        client.expired = False
        self.add(client)
        return client


def expired() -> SessionExpiredError:
    """Return the error after which a client renews its token."""
    return SessionExpiredError("Authentication token has expired. The user must authenticate again.")


def _token(authorization: str | None) -> str:
    """Return the token of a header `Snowflake Token="..."`."""
    if not authorization:
        raise TokenMissingError("Session token not found in the request data.")
    return authorization.partition('"')[2].rstrip('"')
