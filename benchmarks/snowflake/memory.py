# ruff: noqa: S608 - numbers in statements
"""Start and memory of a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import served

START_SECONDS, IDLE_MIB, AFTER_MIB = 3, 300, 400
STATEMENTS_OF_SESSION = 1_000


def statements() -> Iterator[str]:
    """Yield what clients send all day: queries that differ, inserts, counts, lists."""
    number = 0
    while True:
        number += 1
        yield "SELECT 1"
        yield f"SELECT {number} AS a, 'x' AS b"
        yield f"INSERT INTO kept VALUES ({number}, 'x')"
        yield f"SELECT COUNT(*), MAX(a) FROM kept WHERE a <= {number}"
        yield "SHOW TABLES"


def measure(folder: Path, count: int) -> list[Reached]:
    """Start a server, let it be idle, and send statements in sessions of a thousand."""
    with served(folder) as server:
        used = f"{server.cpu_seconds:.1f} CPU-seconds"
        rows = [Reached("start, until it listens", server.start_seconds, "s", START_SECONDS, used)]
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (a INT, b VARCHAR)")
        rows.append(Reached("memory of an idle server", server.memory_mib, "MiB", IDLE_MIB))
        sending = statements()
        began, cpu = time.perf_counter(), server.cpu_seconds
        for _ in range(0, count, STATEMENTS_OF_SESSION):
            with server.connect() as connection, connection.cursor() as cursor:
                for sql in islice(sending, STATEMENTS_OF_SESSION):
                    cursor.execute(sql).fetchall()
        seconds = time.perf_counter() - began
        cpu = server.cpu_seconds - cpu
        detail = f"each {seconds / count * 1000:.1f} ms, {cpu / count * 1000:.1f} CPU-ms of the server"
        rows.append(Reached(f"memory after {count:,} statements", server.memory_mib, "MiB", AFTER_MIB, detail))
    return rows
