"""Faults on request: what a client may ask a local Snowflake to do wrong, and a client that asks.

The server makes faults only with `HOURGLASS_SNOWFLAKE_FAULTS=true`. A fault is for the next requests that match it:

    faults = Faults("http://127.0.0.1:8084")
    with faults.during(Fault(kind=FaultKind.ANSWER_LOST, statement="REFRESH")):
        ...  # the statement is executed, its answer is lost, the connector sends it again

or by hand: `curl -X POST http://127.0.0.1:8084/faults -d '{"kind": "reset", "application": "dbt", "times": 2}'`,
`curl http://127.0.0.1:8084/faults` lists those that are left, and `curl -X DELETE` removes all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any
from urllib.request import Request, urlopen

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_WAIT_SECONDS = 10


class FaultKind(Enum):
    """What goes wrong."""

    REFUSE = "refuse"
    """The statement is not executed; the answer is the error of `code`, `sqlstate` and `message`."""
    RESET = "reset"
    """The TCP connection is reset before the statement is executed."""
    UNAVAILABLE = "unavailable"
    """HTTP status 503, before the statement is executed."""
    SLOW = "slow"
    """The statement is executed after `seconds`; it can be stopped meanwhile."""
    ANSWER_LOST = "answer_lost"
    """The statement is executed, then the TCP connection is reset."""
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - no password
    """The session token is expired (390112) until the client renews it."""
    MASTER_TOKEN_EXPIRED = "master_token_expired"  # noqa: S105 - no password
    """Session token and master token are expired (390114): the client must log in again."""
    HALF_REFRESH = "half_refresh"
    """A refresh registers the first half of the new files only, and answers success with these; `code` makes it fail
    after them."""
    WAREHOUSE_SUSPENDED = "warehouse_suspended"
    """A query or a change of rows is refused with 606: no active warehouse."""


class Fault(BaseModel):
    """One fault, for requests of its selection.

    Args:
        kind: what goes wrong.
        times: requests that it is for; each time a client sends a statement again is a request.
        skip: matching requests that it lets pass first.
        user: of the login; None: any.
        application: as the client names itself at its login; None: any.
        session: result of CURRENT_SESSION(); None: any.
        statement: regular expression that is found in the text of the statement, whatever its case; None: any.
        login: it is for logins (refuse, reset, unavailable, slow, answer_lost) instead of statements.
        seconds: of `slow`.
        code: of the error; None: of the kind.
        sqlstate: of the error.
        message: of the error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    user: str | None = None
    application: str | None = None
    session: str | None = None
    statement: str | None = None
    login: bool = False
    seconds: float = Field(default=1.0, ge=0)
    code: int | None = None
    sqlstate: str = "XX000"
    message: str = "SQL execution internal error:\nProcessing aborted by error 300010:391167117."


_LEFT = TypeAdapter(list[Fault])


class Faults:
    """Asks a local Snowflake for faults.

    Args:
        url: of the server, as `http://127.0.0.1:8084`.

    Every method raises `urllib.error.HTTPError` where the server makes no faults (403) or refuses one (400).
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/faults"

    def add(self, *faults: Fault) -> None:
        """Add faults; of those that match a request, the first added is made."""
        for fault in faults:
            self._send("POST", fault.model_dump_json().encode())

    def left(self) -> list[Fault]:
        """Return the faults that are left, with the times that are left."""
        return _LEFT.validate_python(self._send("GET"))

    def clear(self) -> None:
        """Remove every fault."""
        self._send("DELETE")

    @contextmanager
    def during(self, *faults: Fault) -> Iterator[None]:
        """Add faults for a block, and remove every fault after it."""
        self.add(*faults)
        try:
            yield
        finally:
            self.clear()

    def _send(self, method: str, body: bytes | None = None) -> Any:
        request = Request(self._url, data=body, method=method)  # noqa: S310 - the caller gives the address
        with urlopen(request, timeout=_WAIT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
