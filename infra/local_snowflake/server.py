"""Serve Snowflake's wire protocol on one machine.

`python -m infra.local_snowflake.server --host 127.0.0.1 --port 8084 --data .hourglass/snowflake`
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import uvicorn
from starlette.applications import Starlette

from infra.local_snowflake.executor import StatementExecutor
from infra.local_snowflake.files.bucket import Bucket, S3Bucket
from infra.local_snowflake.loading.copy_into.history import ensure_history
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import DATABASE
from infra.local_snowflake.serving import wire
from infra.local_snowflake.serving.confinement import confine
from infra.local_snowflake.serving.execution import running
from infra.local_snowflake.serving.execution.served_bucket import ServedBucket
from infra.local_snowflake.serving.execution.statements import Statements
from infra.local_snowflake.serving.front import Front
from infra.local_snowflake.serving.page import Page
from infra.local_snowflake.serving.requested_faults import RequestedFaults, config
from infra.local_snowflake.sessions import drop_left_behind
from infra.local_snowflake.settings import LocalSnowflakeSettings

_log = logging.getLogger("local_snowflake")
EXIT_SETUP = 2
STOP_SECONDS = 10
"""Longest wait of a stopping server for running statements."""
SWITCH_SECONDS = 0.001
"""Statements are rewritten in Python: a login must not wait for the default of 5 ms behind each of them."""


def build(settings: LocalSnowflakeSettings, data: Path, bucket: Bucket, now: Callable[[], datetime]) -> Starlette:
    """Build the server over a folder, in this order.

    1. Attach the registry and its files: views in the other databases read them.
    2. Attach the databases of the folder, and create that of the settings if it is new.
    3. Complete the external tables that a killed server left half created.
    4. Drop the temporary relations of sessions that were not closed.
    5. Confine the engine to the folder, before any client is served.
    """
    data.mkdir(parents=True, exist_ok=True)
    engine = wire.start(data)
    registry = Registry(engine.duck_conn, data, running.opened)
    wire.give_meaning(engine, DATABASE)
    wire.add_macros(engine.duck_conn, DATABASE)
    executor = StatementExecutor.over(registry, ServedBucket(bucket), now, settings)
    wire.attach(engine, data, settings.snowflake_database, settings.snowflake_schema)
    executor.tables.repair()
    with registry.cursor() as cursor:
        drop_left_behind(cursor)
        for database in executor.objects.lists.relations.databases():
            ensure_history(cursor, database)  # a transaction does not see one that is made later
    executor.files.drop_orphans()
    executor.files.integrations.ensure(settings.snowflake_storage_integration)
    confine(engine.duck_conn, data)
    statements = Statements(executor, wire.results_of(engine))
    front = Front(settings, engine, statements, now, faults=RequestedFaults(settings.snowflake_faults))

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        await front.stop()
        wire.stop(engine)

    page = Page(settings, front.clients, front.history, registry, now)
    return Starlette(routes=[*page.routes, *front.routes], lifespan=life)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 2 if the folder or the port cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m infra.local_snowflake.server", description="Serve Snowflake here.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8084)
    parser.add_argument("--data", type=Path, required=True, help="folder that survives a restart")
    given = parser.parse_args(arguments)
    return serve(LocalSnowflakeSettings(), given.host, given.port, given.data)


def serve(settings: LocalSnowflakeSettings, host: str, port: int, data: Path) -> int:
    """Serve a folder until SIGTERM or SIGINT, after which running statements have ten seconds to end.

    Args:
        settings: logins, and the bucket.
        host: address to listen at.
        port: to listen at; 0: a free one, which is logged.
        data: folder of the databases; it is created if it is new.

    Returns:
        0, or 2 if the folder or the port cannot be used.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        app = build(settings, data, S3Bucket(settings), lambda: datetime.now(UTC))
        listening = socket.create_server((host, port))
    except duckdb.IOException as exc:
        return _cannot_start(f"{data} cannot be opened; stop the server that uses it. {exc}")
    except OSError as exc:
        return _cannot_start(f"{host}:{port} cannot be used; free it or choose another --port. {exc}")
    _log.info("serving on http://%s:%s", host, listening.getsockname()[1])
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)  # uvicorn raises the signal again for this handler after its shutdown
    uvicorn.Server(config(app, timeout_graceful_shutdown=STOP_SECONDS)).run(sockets=[listening])
    return 0


def _cannot_start(reason: str) -> int:
    _log.error("%s", reason)
    return EXIT_SETUP


if __name__ == "__main__":
    sys.exit(main())
