"""The interface to fakesnow 0.12.1: the only module that imports it and uses its internals.

The server of fakesnow keeps its state in a module, so a process can have one server only.
"""

from __future__ import annotations

import json
import logging
import shutil
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
from fakesnow import arrow as encoding
from fakesnow.instance import FakeSnow
from fakesnow.transforms import stage
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local_snowflake.errors import UnansweredError

theirs: Any = import_module("fakesnow.server")  # the package has a function of that name too
# each import of fakesnow creates a folder for internal stages, which are not used here
shutil.rmtree(stage.LOCAL_BUCKET_PATH, ignore_errors=True)

LOGIN = "/session/v1/login-request"
SESSION = "/session"
QUERY = "/queries/v1/query-request"

_ANSWER = "local_snowflake_answer"
_SERVER_ERROR = 500
_encode_timestamps = encoding.timestamp_to_sf_struct


_failure: ContextVar[BaseException | None] = ContextVar("failure", default=None)


class _Reasons(logging.Handler):
    """Keep the exception that fakesnow logs instead of returning it."""

    def emit(self, record: logging.LogRecord) -> None:
        _failure.set(record.exc_info[1] if record.exc_info else None)


def _with_nulls(timestamps: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Encode timestamps with NULLs, which fakesnow encodes as 1970."""
    if isinstance(timestamps, pa.ChunkedArray):
        timestamps = timestamps.combine_chunks()
    encoded = _encode_timestamps(timestamps)
    if not timestamps.null_count:
        return encoded
    fields = [encoded.type.field(index) for index in range(encoded.type.num_fields)]
    zeroed = [child.fill_null(0) for child in encoded.flatten()]
    return pa.StructArray.from_arrays(zeroed, fields=fields, mask=timestamps.is_null())


def start(data: Path) -> FakeSnow:
    """Create the engine over a folder."""
    encoding.timestamp_to_sf_struct = _with_nulls  # type: ignore[assignment] # the name of its argument differs
    theirs.logger.handlers = [_Reasons()]
    theirs.logger.propagate = False
    theirs.logger.setLevel(logging.ERROR)
    theirs.sessions.clear()
    engine = FakeSnow(db_path=data)
    theirs.shared_fs = engine
    return engine


def attach(engine: FakeSnow, data: Path, database: str, schema: str) -> None:
    """Attach the databases of the folder, and create the configured one; logins then create none."""
    for known in sorted(path.stem for path in data.glob("*.db")):
        engine.connect(known)
    engine.connect(database, schema)
    engine.create_database_on_connect = engine.create_schema_on_connect = False


def stop(engine: FakeSnow) -> None:
    """Checkpoint all databases and close them."""
    theirs.sessions.clear()
    for (name,) in engine.duck_conn.execute(
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
    ).fetchall():
        engine.duck_conn.execute(f'CHECKPOINT "{name}"')
    engine.duck_conn.close()


def token_of(request: Request) -> str | None:
    """Return the token of the request if its session is open, else None."""
    try:
        token = theirs.to_token(request)
    except theirs.ServerError:
        return None
    return token if token in theirs.sessions else None


def connection_of(token: str) -> Any:
    """Return the connection of an open session."""
    return theirs.sessions[token]


def hold_answer(connection: Any, table: pa.Table) -> str:
    """Register a table in a session, and return the statement that reads it."""
    connection._duck_conn.register(_ANSWER, table)  # noqa: SLF001 - what DuckDB holds, fakesnow encodes
    return f'SELECT * FROM "temp"."main"."{_ANSWER}"'  # noqa: S608 - a constant


async def login(request: Request) -> dict[str, Any]:
    """Let fakesnow open a session, and return its answer."""
    answer = await theirs.login_request(request)
    answered: dict[str, Any] = json.loads(bytes(answer.body))
    return answered


async def query(request: Request) -> Response:
    """Let fakesnow execute a statement.

    Raises:
        UnansweredError: it failed with status 500, after which a client would retry forever.
    """
    answer: Response = await theirs.query_request(request)
    if answer.status_code < _SERVER_ERROR:
        return answer
    failure = _failure.get()
    reason = f"{type(failure).__name__}: {failure}" if failure else "no reason given"
    raise UnansweredError(f"The local Snowflake cannot do this statement. {reason}")


async def end_session(request: Request) -> Response:
    """Let fakesnow return or close a session."""
    answer: Response = await theirs.session(request)
    return answer


def other_routes() -> list[Route]:
    """Return the routes of fakesnow that are served unchanged."""
    return [route for route in theirs.routes if route.path not in {LOGIN, SESSION, QUERY}]
