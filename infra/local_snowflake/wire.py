"""Reach fakesnow: the only module that imports it, and the one that names its internals (0.12.1).

fakesnow's server is a module with its state in it: one server per process.
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
# Each import of fakesnow makes a folder for internal stages and leaves it; our stages are in the bucket.
shutil.rmtree(stage.LOCAL_BUCKET_PATH, ignore_errors=True)

LOGIN = "/session/v1/login-request"
SESSION = "/session"
QUERY = "/queries/v1/query-request"

_ANSWER = "local_snowflake_answer"
_SERVER_ERROR = 500
_encode_timestamps = encoding.timestamp_to_sf_struct


_failure: ContextVar[BaseException | None] = ContextVar("failure", default=None)


class _Reasons(logging.Handler):
    """Catch the exception that fakesnow logs in place of answering it."""

    def emit(self, record: logging.LogRecord) -> None:
        _failure.set(record.exc_info[1] if record.exc_info else None)


def _with_nulls(timestamps: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Encode timestamps; fakesnow alone answers 1970 for a NULL."""
    if isinstance(timestamps, pa.ChunkedArray):
        timestamps = timestamps.combine_chunks()
    encoded = _encode_timestamps(timestamps)
    if not timestamps.null_count:
        return encoded
    fields = [encoded.type.field(index) for index in range(encoded.type.num_fields)]
    zeroed = [child.fill_null(0) for child in encoded.flatten()]
    return pa.StructArray.from_arrays(zeroed, fields=fields, mask=timestamps.is_null())


def start(data: Path) -> FakeSnow:
    """Make the engine over a folder; only databases that exist can be logged in to."""
    encoding.timestamp_to_sf_struct = _with_nulls  # type: ignore[assignment] # the name of its argument differs
    theirs.logger.handlers = [_Reasons()]
    theirs.logger.propagate = False
    theirs.logger.setLevel(logging.ERROR)
    theirs.sessions.clear()
    engine = FakeSnow(db_path=data)
    theirs.shared_fs = engine
    return engine


def attach(engine: FakeSnow, data: Path, database: str, schema: str) -> None:
    """Attach the databases that lie in the folder, and create the one that must be there."""
    for known in sorted(path.stem for path in data.glob("*.db")):
        engine.connect(known)
    engine.connect(database, schema)
    engine.create_database_on_connect = engine.create_schema_on_connect = False


def stop(engine: FakeSnow) -> None:
    """Write everything to the database files and close them."""
    theirs.sessions.clear()
    for (name,) in engine.duck_conn.execute(
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
    ).fetchall():
        engine.duck_conn.execute(f'CHECKPOINT "{name}"')
    engine.duck_conn.close()


def token_of(request: Request) -> str | None:
    """Find the token of a session that is open."""
    try:
        token = theirs.to_token(request)
    except theirs.ServerError:
        return None
    return token if token in theirs.sessions else None


def connection_of(token: str) -> Any:
    """Find the connection of an open session."""
    return theirs.sessions[token]


def hold_answer(connection: Any, table: pa.Table) -> str:
    """Let a session see a table; returns the statement that reads it, for fakesnow to encode."""
    connection._duck_conn.register(_ANSWER, table)  # noqa: SLF001 - what DuckDB holds, fakesnow encodes
    return f'SELECT * FROM "temp"."main"."{_ANSWER}"'  # noqa: S608 - a constant


async def login(request: Request) -> dict[str, Any]:
    """Let fakesnow open a session; returns its answer."""
    answer = await theirs.login_request(request)
    answered: dict[str, Any] = json.loads(bytes(answer.body))
    return answered


async def query(request: Request) -> Response:
    """Let fakesnow answer a statement.

    Raises:
        UnansweredError: it failed over the statement, with status 500, which would make a client try for ever.
    """
    answer: Response = await theirs.query_request(request)
    if answer.status_code < _SERVER_ERROR:
        return answer
    failure = _failure.get()
    reason = f"{type(failure).__name__}: {failure}" if failure else "no reason given"
    raise UnansweredError(f"The local Snowflake cannot do this statement. {reason}")


async def end_session(request: Request) -> Response:
    """Let fakesnow look at a session or close it."""
    answer: Response = await theirs.session(request)
    return answer


def other_routes() -> list[Route]:
    """List the routes of fakesnow that nothing stands in front of."""
    return [route for route in theirs.routes if route.path not in {LOGIN, SESSION, QUERY}]
