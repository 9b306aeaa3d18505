"""The HTTP routes: logins, sessions, statements and their results."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from infra.local_snowflake.errors import (
    StatementCanceledError,
    StatementNotFoundError,
    StatementRefusedError,
    UnansweredError,
)
from infra.local_snowflake.faults import Fault, FaultKind
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.clients import MASTER_TOKEN_SECONDS, TOKEN_SECONDS, Client, Clients, expired
from infra.local_snowflake.serving.execution.memory import release_memory
from infra.local_snowflake.serving.execution.running import History, Running, State
from infra.local_snowflake.serving.execution.sent import Sent
from infra.local_snowflake.serving.execution.statement_log import log_statement, loggable
from infra.local_snowflake.serving.execution.statements import Statements
from infra.local_snowflake.serving.logins import require_login
from infra.local_snowflake.serving.requested_faults import RequestedFaults, error_of, reset
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.settings import LocalSnowflakeSettings

_log = logging.getLogger("local_snowflake")
_Returned = TypeVar("_Returned")
_IN_PROGRESS_SECONDS = 40
"""A client is told after this time that its statement still runs, before its own timeouts pass."""
_LOGOUT_SECONDS = 3
_HTTP_ALONE = 5
"""The first version of Python's connector that copies no files between folders."""
_STOP_SECONDS = 5
_SMALL_BODY_BYTES = 100_000
"""What is read or written at once: a thread would cost more."""
_NOT_FOR_CLIENTS = frozenset({"FAKESNOW_DB_PATH", "nop_regexes", "AUTOCOMMIT"})
"""Session parameters that would open another engine, or make fakesnow start transactions of its own."""


def refusal(refused: StatementRefusedError, query: str | None = None) -> JSONResponse:
    """Return an error as Snowflake does, with status 200, so that no client retries the statement."""
    code = f"{refused.code:06d}"
    data = {"errorCode": code, "sqlState": refused.sqlstate, "internalError": False, "queryId": query}
    return JSONResponse({"data": data, "code": code, "message": refused.message, "success": False})


def success(data: Any = None, *, code: str | None = None, message: str | None = None) -> JSONResponse:
    """Return an answer as Snowflake does."""
    return JSONResponse({"data": data, "code": code, "message": message, "success": True})


@dataclass(slots=True)
class Front:
    """The routes of one server.

    A statement is a task of its own: its client may wait for it, ask for its result later, or stop it. A request that
    a client sends again, because its answer was lost, gets the answer of the first one.
    """

    settings: LocalSnowflakeSettings
    engine: Any
    statements: Statements
    now: Callable[[], datetime]
    clients: Clients = field(default_factory=Clients)
    history: History = field(default_factory=History)
    faults: RequestedFaults = field(default_factory=lambda: RequestedFaults(enabled=False))
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(20))

    def __post_init__(self) -> None:
        self.statements.part_started = self.history.add
        self.statements.started = lambda: reversed(self.history)

    @property
    def routes(self) -> list[Route]:
        """All routes of the server."""
        return [
            Route("/healthz", lambda _: PlainTextResponse("ok"), methods=["GET"]),
            Route("/session/v1/login-request", _answered(self.login), methods=["POST"]),
            Route("/session/authenticator-request", _answered(self.authenticator), methods=["POST"]),
            Route("/session/token-request", _answered(self.renew), methods=["POST"]),
            Route("/session/heartbeat", _answered(self.heartbeat), methods=["POST"]),
            Route("/session", _answered(self.session), methods=["POST"]),
            Route("/queries/v1/query-request", _answered(self.query), methods=["POST"]),
            Route("/queries/v1/abort-request", _answered(self.abort_request), methods=["POST"]),
            Route("/queries/{query}/abort-request", _answered(self.abort), methods=["POST"]),
            Route("/queries/{query}/result", _answered(self.result), methods=["GET"]),
            Route("/monitoring/queries/{query}", _answered(self.status), methods=["GET"]),
            # connectors from version 5 on double the slash
            Route("/monitoring/queries//{query}", _answered(self.status), methods=["GET"]),
            Route("/telemetry/send", _answered(self.telemetry), methods=["POST"]),
            *self.faults.routes,
        ]

    async def login(self, request: Request) -> Response:
        """Check the login and open a session."""
        data = (await _read(request)).get("data", {})
        user, application = str(data.get("LOGIN_NAME", "")), str(data.get("CLIENT_ENVIRONMENT", {}).get("APPLICATION"))
        fault = self.faults.of_login(user, application)
        if fault and (response := _before(fault, request)):
            return response
        if fault and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        await self._in_thread(require_login, self.settings, data, self.now())
        asked = request.query_params
        given = data.get("SESSION_PARAMETERS") or {}
        parameters = {name: given[name] for name in given.keys() - _NOT_FOR_CLIENTS}
        connection = await self._in_thread(
            wire.connect, self.engine, asked.get("databaseName"), asked.get("schemaName")
        )
        session = Session(connection, user=user.upper(), files_url=_files_url(request, data))
        executor = self.statements.executor
        await self._in_thread(executor.log_in, session, asked.get("roleName"), asked.get("warehouse"), given)
        client = Client(session, user, application, parameters, self.now())
        self.clients.add(client)
        return _after(fault, request) or success(_login_answer(client))

    async def authenticator(self, request: Request) -> Response:
        """Refuse a login through a browser or an identity provider."""
        data = (await _read(request)).get("data", {})
        require_login(self.settings, data, self.now())
        return success()

    async def renew(self, request: Request) -> Response:
        """Give a client new tokens."""
        body = await _read(request)
        client = self.clients.renew(request.headers.get("Authorization"), str(body.get("oldSessionToken")))
        return success(
            {
                "sessionToken": client.token,
                "validityInSecondsST": TOKEN_SECONDS,
                "masterToken": client.master_token,
                "validityInSecondsMT": MASTER_TOKEN_SECONDS,
                "sessionId": int(client.session.number),
            }
        )

    async def heartbeat(self, request: Request) -> Response:
        """Return whether the session is open."""
        self._client(request)
        return success()

    async def telemetry(self, request: Request) -> Response:
        """Accept what a client measured of itself, and keep nothing of it."""
        self._client(request)
        return success("Log Received")

    async def session(self, request: Request) -> Response:
        """Return whether a session is open, or close it."""
        client = self._client(request)
        if request.query_params.get("delete"):
            self.clients.remove(client)
            ending = asyncio.create_task(self._end(client))
            await asyncio.wait({ending}, timeout=_LOGOUT_SECONDS)
        return success()

    async def _end(self, client: Client) -> None:
        """Free what a session holds, after its last statement."""
        async with client.lock:
            await self._in_thread(client.session.close)
            await self._in_thread(self.statements.executor.files.end, client.session)
            await self._in_thread(wire.disconnect, client.session.connection)
        self.statements.results.forget_all(client.session.id)
        await self._in_thread(release_memory)

    async def query(self, request: Request) -> Response:
        """Execute one statement."""
        client = self._client(request)
        body = await _read(request)
        sent = Sent(body, client)
        fault = self.faults.of_statement(client.user, client.application, client.session.number, sent.sql)
        if fault and (response := _before(fault, request, client)):
            return response
        request_id = request.query_params.get("requestId", "")
        running = client.sent_before(request_id) or self._start(replace(sent, fault=fault), request_id)
        answer = await self._result(client, running, 0 if running.asynchronous else _IN_PROGRESS_SECONDS)
        return _after(fault, request) or answer

    def _start(self, sent: Sent, request_id: str) -> Running:
        client = sent.client
        text = loggable(sent.sql)
        running = Running(request_id, text, client.session.number, client.user, self.now(), sent.asynchronous)
        client.recent.append(running)
        self.history.add(running)
        self.statements.start(sent, running, log_statement)
        return running

    async def result(self, request: Request) -> Response:
        """Return the result of a statement that a client has sent before."""
        client = self._client(request)
        running = self._found(request)
        return await self._result(client, running, _IN_PROGRESS_SECONDS)

    async def _result(self, client: Client, running: Running, seconds: float) -> Response:
        if running.asynchronous and not seconds:
            return _in_progress(running)
        if not await running.wait(seconds):
            return _in_progress(running)
        if running.refusal:
            return refusal(running.refusal, running.id)
        if self.statements.results.size_bytes(running.id) < _SMALL_BODY_BYTES:
            answer = self.statements.answer(running, client)
        else:
            answer = await self._in_thread(self.statements.answer, running, client)
        return Response(answer, media_type="application/json")

    async def status(self, request: Request) -> Response:
        """Return the state of a statement."""
        self._client(request)
        running = self.history.find(request.path_params["query"])
        return success({"queries": [_status(running)] if running else []})

    async def abort_request(self, request: Request) -> Response:
        """Stop the statement of a request."""
        self._client(request)
        body = await _read(request)
        if running := self.history.of_request(str(body.get("requestId"))):
            running.stop(_canceled())
        return success()

    async def abort(self, request: Request) -> Response:
        """Stop a statement by its query id."""
        self._client(request)
        self._found(request).stop(_canceled())
        return success()

    async def stop(self) -> None:
        """Stop every statement that still runs, and wait until each has ended."""
        going = [running for running in reversed(self.history) if not running.done]
        for running in going:
            running.stop(StatementCanceledError("SQL execution canceled: the server stops"))
        for running in going:
            await running.wait(_STOP_SECONDS)

    def _client(self, request: Request) -> Client:
        return self.clients.of(request.headers.get("Authorization"))

    def _found(self, request: Request) -> Running:
        query = request.path_params["query"]
        running = self.history.find(query)
        if running is None:
            raise StatementNotFoundError(f"Statement {query} not found")
        return running

    async def _in_thread(self, work: Callable[..., _Returned], *given: Any) -> _Returned:
        return await to_thread.run_sync(work, *given, limiter=self.limiter)


def _before(fault: Fault, request: Request, client: Client | None = None) -> Response | None:
    """Return the response of a fault that a statement or a login is not executed for; None for any other."""
    match fault.kind:
        case FaultKind.RESET:
            return reset(request)
        case FaultKind.UNAVAILABLE:
            return PlainTextResponse("service unavailable", 503)
        case FaultKind.REFUSE | FaultKind.WAREHOUSE_SUSPENDED:
            return refusal(error_of(fault))
        case FaultKind.TOKEN_EXPIRED | FaultKind.MASTER_TOKEN_EXPIRED if client:
            client.expired = True
            client.master_expired = fault.kind is FaultKind.MASTER_TOKEN_EXPIRED
            return refusal(expired())
    return None


def _after(fault: Fault | None, request: Request) -> Response | None:
    """Reset the connection instead of the answer, if that is the fault."""
    return reset(request) if fault and fault.kind is FaultKind.ANSWER_LOST else None


def _canceled() -> StatementCanceledError:
    return StatementCanceledError("SQL execution canceled")


def _answered(route: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Return the route with refusals as answers."""

    async def answered(request: Request) -> Response:
        try:
            response: Response = await route(request)
        except StatementRefusedError as refused:
            return refusal(refused)
        except Exception as failed:  # noqa: BLE001 - outer edge: after status 500 a client would retry forever
            _log.exception("the request failed")
            return refusal(UnansweredError(f"The local Snowflake failed on this request: {type(failed).__name__}."))
        return response

    return answered


async def _read(request: Request) -> dict[str, Any]:
    body = await request.body()
    zipped = request.headers.get("Content-Encoding") == "gzip"
    if len(body) < _SMALL_BODY_BYTES:
        return _parsed(body, zipped)
    return await to_thread.run_sync(_parsed, body, zipped)


def _parsed(body: bytes, zipped: bool) -> dict[str, Any]:
    read: Any = json.loads(gzip.decompress(body) if zipped else body or b"{}")
    return read if isinstance(read, dict) else {}


def _in_progress(running: Running) -> Response:
    data = {"queryId": running.id, "getResultUrl": f"/queries/{running.id}/result", "queryAbortsAfterSecs": 300}
    if running.asynchronous:
        return success(data, code="333334", message="Asynchronous execution in progress.")
    return success(data, code="333333", message="Query execution in progress.")


def _status(running: Running) -> dict[str, Any]:
    failed = running.refusal if running.state in {State.FAILED, State.ABORTED} else None
    return {
        "id": running.id,
        "status": running.state.value,
        "sqlText": running.text,
        "errorCode": f"{failed.code:06d}" if failed else "",
        "errorMessage": failed.message if failed else "",
    }


def _files_url(request: Request, login: Mapping[str, Any]) -> str | None:
    """Return where a client transfers files over HTTP; None for one that copies them between folders.

    The connector of Python copies none from version 5 on.
    """
    version = str(login.get("CLIENT_APP_VERSION", "")).partition(".")[0]
    if "Python" not in str(login.get("CLIENT_APP_ID", "")) or not version.isdecimal() or int(version) < _HTTP_ALONE:
        return None
    return f"{str(request.base_url).rstrip('/')}/stage-files"


def _login_answer(client: Client) -> dict[str, Any]:
    session = client.session
    parameters = {
        "AUTOCOMMIT": session.transaction.autocommit,
        "CLIENT_SESSION_KEEP_ALIVE": False,
        "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
        # clients read this to decide whether to upload a batch of values first; 0: never
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    } | client.parameters
    parameters |= {parameter["name"]: parameter["value"] for parameter in session.parameters.of_clients}
    return {
        "token": client.token,
        "validityInSeconds": TOKEN_SECONDS,
        "masterToken": client.master_token,
        "masterValidityInSeconds": MASTER_TOKEN_SECONDS,
        "displayUserName": client.user,
        "serverVersion": wire.VERSION,
        "firstLogin": False,
        "healthCheckInterval": 45,
        "sessionId": int(session.number),
        "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }
