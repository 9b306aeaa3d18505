"""The HTTP routes before those of fakesnow: login, execution or rewriting of statements, locks between clients."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from snowflake.connector.errors import Error as ConnectorError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.errors import LoginRefusedError, SessionGoneError, StatementRefusedError, UnansweredError
from infra.local_snowflake.executor import StatementExecutor
from infra.local_snowflake.language.parsing.dispatch import parse
from infra.local_snowflake.language.statements import (
    AlterStage,
    CreateExternalTable,
    CreateStage,
    Drop,
    RefreshExternalTable,
    RefreshStage,
    Statement,
)
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.statement_log import log_statement
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.settings import LocalSnowflakeSettings

_log = logging.getLogger("local_snowflake")
_NOT_FOR_CLIENTS = frozenset({"FAKESNOW_DB_PATH", "nop_regexes", "AUTOCOMMIT"})
"""Session parameters that would open another engine, or a transaction over two databases."""


def refusal(refused: StatementRefusedError) -> JSONResponse:
    """Return an error as Snowflake does, with status 200, so that no client retries the statement."""
    code = f"{refused.code:06d}"
    data = {"errorCode": code, "sqlState": refused.sqlstate, "internalError": False, "queryId": None}
    return JSONResponse({"data": data, "code": code, "message": refused.message, "success": False})


@dataclass(slots=True)
class Front:
    """The routes before those of fakesnow.

    Two locks separate clients and are always acquired in this order. `catalog` is held while stages and external tables
    change. `statements` is held while fakesnow executes, because one of its statements can be several of DuckDB. A
    refresh reads the bucket without `statements`, so other clients are not blocked.
    """

    settings: LocalSnowflakeSettings
    executor: StatementExecutor
    catalog: asyncio.Lock = field(default_factory=asyncio.Lock)
    statements: asyncio.Lock = field(default_factory=asyncio.Lock)
    sessions: dict[str, Session] = field(default_factory=dict)

    @property
    def routes(self) -> list[Route]:
        """All routes of the server."""
        return [
            Route("/healthz", lambda _: PlainTextResponse("ok"), methods=["GET"]),
            Route(wire.LOGIN, self.login, methods=["POST"]),
            Route(wire.SESSION, self.session, methods=["POST"]),
            Route(wire.QUERY, self.query, methods=["POST"]),
            *wire.other_routes(),
        ]

    async def login(self, request: Request) -> Response:
        """Check the password, let fakesnow open the session, and complete its answer."""
        body = await _read(request)
        data = body.setdefault("data", {})
        if not self._known(data):
            return refusal(LoginRefusedError("Incorrect username or password was specified."))
        parameters = data.get("SESSION_PARAMETERS") or {}
        data["SESSION_PARAMETERS"] = {name: parameters[name] for name in parameters.keys() - _NOT_FOR_CLIENTS}
        _write(request, body)
        async with self.statements:
            answered = await wire.login(request)
        token = answered["data"]["token"]
        session = Session(wire.connection_of(token))
        session.role = request.query_params.get("roleName") or session.role
        session.warehouse = request.query_params.get("warehouse")
        self.sessions[token] = session
        answered["data"]["masterToken"] = token
        return JSONResponse(answered)

    def _known(self, data: dict[str, Any]) -> bool:
        password, user = self.settings.snowflake_password, self.settings.snowflake_user
        if password is None:
            return True
        given = str(data.get("PASSWORD") or "").encode()
        right = hmac.compare_digest(given, password.get_secret_value().encode())
        return right and user in {None, data.get("LOGIN_NAME")}

    async def session(self, request: Request) -> Response:
        """Return a session, or close it and drop its temporary relations."""
        token = wire.token_of(request)
        session = self.sessions.get(token or "")
        if session and token and request.query_params.get("delete"):
            async with self.statements:
                await run_in_threadpool(session.drop_temporary)
            self.sessions.pop(token, None)
        return await wire.end_session(request)

    async def query(self, request: Request) -> Response:
        """Execute one statement and log one line."""
        began = time.monotonic()
        session = self.sessions.get(wire.token_of(request) or "")
        if session is None:
            return refusal(SessionGoneError("Session no longer exists. New login required to access the service."))
        body = await _read(request)
        sql = str(body.get("sqlText", ""))
        try:
            response = await self._answer(request, body, sql, session)
        except StatementRefusedError as refused:
            response = refusal(refused)
        except ConnectorError as refused:
            response = refusal(_of_fakesnow(refused))
        except Exception as failed:  # noqa: BLE001 - outer edge: after status 500 the client would retry forever
            _log.exception("the statement failed")
            response = refusal(
                UnansweredError(f"The local Snowflake failed on this statement: {type(failed).__name__}.")
            )
        log_statement(sql, bytes(response.body), time.monotonic() - began)
        return response

    async def _answer(self, request: Request, body: dict[str, Any], sql: str, session: Session) -> Response:
        statement = parse(sql)
        if statement is not None:
            return await self._encode(request, body, await self._execute(statement, session), session)
        async with self.statements:
            body["sqlText"] = await run_in_threadpool(self.executor.rewrite, sql, session)
            response = await self._pass_on(request, body)
            if sql.lstrip()[:4].upper() == "DROP":
                await run_in_threadpool(self.executor.registry.forget_missing)
            return response

    async def _execute(self, statement: Statement, session: Session) -> Answer:
        answer = self.executor.answer
        match statement:
            case CreateStage() | AlterStage() | RefreshStage() | RefreshExternalTable():
                async with self.catalog:
                    return await run_in_threadpool(answer, statement, session)
            case CreateExternalTable() | Drop():
                async with self.catalog, self.statements:
                    return await run_in_threadpool(answer, statement, session)
        return await run_in_threadpool(answer, statement, session)

    async def _encode(self, request: Request, body: dict[str, Any], answer: Answer, session: Session) -> Response:
        """Let fakesnow encode the rows through a statement that reads them."""
        async with self.statements:
            body["sqlText"] = wire.hold_answer(session.connection, answer.table)
            body.pop("bindings", None)
            return await self._pass_on(request, body)

    async def _pass_on(self, request: Request, body: dict[str, Any]) -> Response:
        _write(request, body)
        return await wire.query(request)


async def _read(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    read: dict[str, Any] = json.loads(body)
    return read


def _write(request: Request, body: dict[str, Any]) -> None:
    """Replace the body of a request for its next reader."""
    encoded = json.dumps(body).encode()
    if request.headers.get("Content-Encoding") == "gzip":
        encoded = gzip.compress(encoded, 1)
    request._body = encoded  # noqa: SLF001 - where Starlette keeps the body


def _of_fakesnow(refused: ConnectorError) -> StatementRefusedError:
    answered = UnansweredError(str(refused.raw_msg or refused))
    answered.code = refused.errno or answered.code
    answered.sqlstate = refused.sqlstate or answered.sqlstate
    return answered
