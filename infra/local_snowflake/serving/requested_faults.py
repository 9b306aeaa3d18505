"""The faults that clients have asked for, and the requests that they are for."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from infra.local_snowflake.errors import StatementRefusedError, WarehouseSuspendedError
from infra.local_snowflake.faults import Fault, FaultKind

_OF_LOGINS = frozenset(
    {FaultKind.REFUSE, FaultKind.RESET, FaultKind.UNAVAILABLE, FaultKind.SLOW, FaultKind.ANSWER_LOST}
)
_NEEDS_WAREHOUSE = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_REFRESH = re.compile(r"\s*ALTER\s+(EXTERNAL\s+TABLE|STAGE)\b.*\bREFRESH\b", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class _Counted:
    fault: Fault
    skip: int
    times: int


@dataclass(slots=True)
class RequestedFaults:
    """The faults of one server.

    Args:
        enabled: a setting; without it every request for a fault is refused.
    """

    enabled: bool
    _counted: list[_Counted] = field(default_factory=list)

    @property
    def routes(self) -> list[Route]:
        """The route that adds, lists and removes faults."""
        return [Route("/faults", self.answer, methods=["GET", "POST", "DELETE"])]

    async def answer(self, request: Request) -> Response:
        """Add, list or remove faults."""
        if not self.enabled:
            return JSONResponse({"error": "Faults are disabled: set HOURGLASS_SNOWFLAKE_FAULTS=true."}, 403)
        if request.method == "DELETE":
            self._counted.clear()
        if request.method == "POST":
            try:
                fault = Fault.model_validate_json(await request.body())
                re.compile(fault.statement or "")
            except (ValidationError, re.error) as exc:
                return JSONResponse({"error": str(exc)}, 400)
            if fault.login and fault.kind not in _OF_LOGINS:
                return JSONResponse({"error": f"A login cannot have the fault '{fault.kind.value}'."}, 400)
            self._counted.append(_Counted(fault, fault.skip, fault.times))
        left = [one.fault.model_copy(update={"skip": one.skip, "times": one.times}) for one in self._counted]
        return JSONResponse([fault.model_dump(mode="json") for fault in left])

    def of_login(self, user: str, application: str) -> Fault | None:
        """Return the fault of a login, and count it."""
        return self._take(lambda fault: fault.login and _selects(fault, user, application))

    def of_statement(self, user: str, application: str, session: str, sql: str) -> Fault | None:
        """Return the fault of a request with a statement, and count it."""

        def matches(fault: Fault) -> bool:
            return (
                not fault.login
                and _selects(fault, user, application)
                and fault.session in {None, session}
                and (fault.statement is None or re.search(fault.statement, sql, re.IGNORECASE) is not None)
                and (fault.kind is not FaultKind.WAREHOUSE_SUSPENDED or _NEEDS_WAREHOUSE.match(sql) is not None)
                and (fault.kind is not FaultKind.HALF_REFRESH or _REFRESH.match(sql) is not None)
            )

        return self._take(matches)

    def _take(self, matches: Any) -> Fault | None:
        for one in self._counted:
            if not matches(one.fault):
                continue
            if one.skip:
                one.skip -= 1
                continue
            one.times -= 1
            if not one.times:
                self._counted.remove(one)
            return one.fault
        return None


def _selects(fault: Fault, user: str, application: str) -> bool:
    return fault.user in {None, user} and fault.application in {None, application}


def error_of(fault: Fault) -> StatementRefusedError:
    """Return the error of a fault."""
    if fault.kind is FaultKind.WAREHOUSE_SUSPENDED and fault.code is None:
        return WarehouseSuspendedError(
            "No active warehouse selected in the current session.  Select an active warehouse with the 'use "
            "warehouse' command.\n"
        )
    refused = StatementRefusedError(fault.message)
    refused.code, refused.sqlstate = fault.code or 603, fault.sqlstate
    return refused


class _Connection(H11Protocol):
    """A connection that a request can reset."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        served: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = self.transport
            await served(scope, receive, send)

        self.app = app


def config(app: ASGIApp, **settings: Any) -> uvicorn.Config:
    """Return the configuration of a server whose requests can reset their connections."""
    return uvicorn.Config(app, http=_Connection, ws="none", log_level="warning", access_log=False, **settings)


def reset(request: Request) -> Response:
    """Reset the connection of a request; the response is not sent."""
    transport = request.scope["transport"]
    connected = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return Response()
