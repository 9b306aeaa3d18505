"""Serve Snowflake's wire protocol: fakesnow's routes, with stages and external tables in front of them.

`python -m infra.local_snowflake.server --host 127.0.0.1 --port 8084 --data .hourglass/snowflake`
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hmac
import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from snowflake.connector.errors import Error as ConnectorError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import fakesnow.server as wire
from fakesnow.instance import FakeSnow
from infra.local_snowflake.bucket import Bucket, S3Bucket
from infra.local_snowflake.errors import StatementRefused
from infra.local_snowflake.parsing import parse
from infra.local_snowflake.registry import Registry
from infra.local_snowflake.settings import LocalSnowflakeSettings
from infra.local_snowflake.statements import CreateExternalTable, CreateStage, Drop, RefreshExternalTable, RefreshStage
from infra.local_snowflake.warehouse import Warehouse

_log = logging.getLogger("local_snowflake")
_RESULT = "local_snowflake_answer"
_LOGIN = "/session/v1/login-request"
_QUERY = "/queries/v1/query-request"
_INCORRECT_LOGIN = 390100
_UNHANDLED = 261000


def refusal(code: int, sqlstate: str, message: str) -> JSONResponse:
    """Answer an error as Snowflake does: status 200, so that no client tries the statement again."""
    number = f"{code:06d}"
    data = {"errorCode": number, "sqlState": sqlstate, "internalError": False}
    return JSONResponse(
        {"data": data, "code": number, "message": f"{number} ({sqlstate}): {message}", "success": False}
    )


@dataclass(slots=True)
class Front:
    """The functions in front of fakesnow's routes.

    Two locks keep clients apart. `catalog` is held while stages and external tables change; `statements` while
    fakesnow works, because one of its statements can be several of DuckDB. A refresh reads the bucket without
    the second, so other clients go on.
    """

    settings: LocalSnowflakeSettings
    warehouse: Warehouse
    catalog: asyncio.Lock = field(default_factory=asyncio.Lock)
    statements: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def login(self, request: Request) -> Response:
        """Log in: check the password, then let fakesnow open the session."""
        body = await _read(request)
        data = body.get("data", {})
        if not self._known(data):
            return refusal(_INCORRECT_LOGIN, "08001", "Incorrect username or password was specified.")
        parameters = data.setdefault("SESSION_PARAMETERS", {})
        data["SESSION_PARAMETERS"] = {
            name: value
            for name, value in parameters.items()
            if name not in {"FAKESNOW_DB_PATH", "nop_regexes", "AUTOCOMMIT"}
        }
        _write(request, body)
        async with self.statements:
            answer = await wire.login_request(request)
        answered = json.loads(bytes(answer.body))
        answered["data"]["masterToken"] = answered["data"]["token"]
        return JSONResponse(answered)

    def _known(self, data: dict[str, Any]) -> bool:
        password, user = self.settings.snowflake_password, self.settings.snowflake_user
        given = str(data.get("PASSWORD", ""))
        return password is None or (
            hmac.compare_digest(given.encode(), password.get_secret_value().encode())
            and (user is None or user.upper() == str(data.get("LOGIN_NAME", "")).upper())
        )

    async def query(self, request: Request) -> Response:
        """Answer one statement."""
        began = time.monotonic()
        try:
            session = wire.to_conn(wire.to_token(request))
        except wire.ServerError:
            return await wire.query_request(request)
        body = await _read(request)
        sql = str(body.get("sqlText", ""))
        try:
            response: Response = await self._answer(request, body, sql, session)
        except StatementRefused as refused:
            response = refusal(refused.code, refused.sqlstate, refused.message)
        except ConnectorError as refused:
            response = refusal(
                refused.errno or _UNHANDLED, refused.sqlstate or "XX000", refused.raw_msg or str(refused)
            )
        _log_statement(sql, response, time.monotonic() - began)
        return response

    async def _answer(self, request: Request, body: dict[str, Any], sql: str, session: Any) -> Response:
        statement = parse(sql)
        if statement is None:
            async with self.statements:
                body["sqlText"] = await run_in_threadpool(self.warehouse.rewrite, sql, session)
                return await self._pass_on(request, body)
        if isinstance(statement, CreateStage | RefreshStage | RefreshExternalTable):
            async with self.catalog:
                answer = await run_in_threadpool(self.warehouse.answer, statement, session)
        elif isinstance(statement, CreateExternalTable | Drop):
            async with self.catalog, self.statements:
                answer = await run_in_threadpool(self.warehouse.answer, statement, session)
        else:
            answer = await run_in_threadpool(self.warehouse.answer, statement, session)
        async with self.statements:
            session._duck_conn.register(_RESULT, answer.table)  # noqa: SLF001 - fakesnow encodes what DuckDB holds
            body["sqlText"] = f'SELECT * FROM "temp"."main"."{_RESULT}"'
            body.pop("bindings", None)
            return await self._pass_on(request, body)

    async def _pass_on(self, request: Request, body: dict[str, Any]) -> Response:
        """Let fakesnow answer; its status 500, which clients retry for ever, becomes a refusal."""
        _write(request, body)
        answer: Response = await wire.query_request(request)
        if answer.status_code < 500:
            return answer
        message = "The local Snowflake cannot do this statement; its log has the reason."
        return refusal(_UNHANDLED, "XX000", message)


async def _read(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    read: dict[str, Any] = json.loads(body)
    return read


def _write(request: Request, body: dict[str, Any]) -> None:
    """Change the body that the next reader of the request sees."""
    encoded = json.dumps(body).encode()
    if request.headers.get("Content-Encoding") == "gzip":
        encoded = gzip.compress(encoded, 1)
    request._body = encoded  # noqa: SLF001 - Starlette keeps the body it has read here


def _log_statement(sql: str, response: Response, seconds: float) -> None:
    answered = json.loads(bytes(response.body)) if response.status_code == 200 else {"success": False}
    outcome = "ok" if answered.get("success") else f"refused {answered.get('code', response.status_code)}"
    _log.info("%s %.0f ms: %s", outcome, seconds * 1000, " ".join(sql.split())[:500])


def build(settings: LocalSnowflakeSettings, data: Path, bucket: Bucket, now: Callable[[], datetime]) -> Starlette:
    """Put the server together over a folder; databases that lie there are attached again."""
    data.mkdir(parents=True, exist_ok=True)
    engine = FakeSnow(db_path=data)
    registry = Registry(engine.duck_conn, data)
    for database in sorted(path.stem for path in data.glob("*.db")):
        engine.connect(database)
    engine.connect(settings.snowflake_database, settings.snowflake_schema)
    engine.create_database_on_connect = engine.create_schema_on_connect = False
    wire.shared_fs = engine
    front = Front(settings, Warehouse.over(registry, bucket, now))
    ours = [
        Route("/healthz", lambda _: PlainTextResponse("ok"), methods=["GET"]),
        Route(_LOGIN, front.login, methods=["POST"]),
        Route(_QUERY, front.query, methods=["POST"]),
    ]
    theirs = [route for route in wire.routes if route.path not in {_LOGIN, _QUERY}]
    return Starlette(routes=[*ours, *theirs])


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m infra.local_snowflake.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8084)
    parser.add_argument("--data", type=Path, required=True, help="folder that survives a restart")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("fakesnow").setLevel(logging.CRITICAL)
    settings = LocalSnowflakeSettings()
    app = build(settings, given.data, S3Bucket(settings), lambda: datetime.now(UTC))
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
