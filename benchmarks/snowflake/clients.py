"""Eight clients at the same time, one of which binds 70,000 rows again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import Served, connect, served

CLIENTS, BOUND_ROWS = 8, 70_000
LOGIN_SECONDS, BIND_SECONDS = 1, 3
_STATEMENTS_OF_SESSION = 12
_BOUND = "CREATE TABLE bound (a INT, b FLOAT, c VARCHAR, d DATE, e NUMBER(12, 2))"
_INSERT = "INSERT INTO bound VALUES (?, ?, ?, ?, ?)"


def _rows_of(cursor: Any, sql: str) -> Any:
    return cursor.execute(sql).fetchall()


def timed(into: list[float], step: Callable[[], Any]) -> Any:
    """Run a step, and keep its seconds."""
    began = time.perf_counter()
    result = step()
    into.append(time.perf_counter() - began)
    return result


def bind(port: int, times: int | None, end: float) -> list[float]:
    """Insert 70,000 rows of five columns in one statement, some times or until an end; return the seconds of each."""
    rows = [(i, i / 2, f"s{i}", date(2025, 8, 1), Decimal(i) / 100) for i in range(BOUND_ROWS)]
    seconds: list[float] = []
    with connect(port, paramstyle="qmark") as connection, connection.cursor() as cursor:
        while len(seconds) < times if times else time.monotonic() < end:
            timed(seconds, lambda: cursor.executemany(_INSERT, rows))
    return seconds


@dataclass
class _Work:
    """What the clients do until an end, and what they saw."""

    server: Served
    end: float
    inserted: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    updated: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    logins: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def mixed(self, worker: int) -> None:
        """Log in, send a dozen statements, log out, again and again."""
        random = Random(worker)  # noqa: S311 - the choice of statements
        while time.monotonic() < self.end:
            with timed(self.logins, self.server.connect) as connection, connection.cursor() as cursor:
                for _ in range(_STATEMENTS_OF_SESSION):
                    sql, counted = random.choice(self._choices(worker))
                    timed(self.statements, partial(_rows_of, cursor, sql))
                    if counted is not None:
                        counted[worker] += 1

    def _choices(self, worker: int) -> list[tuple[str, list[int] | None]]:
        merged = (
            f"MERGE INTO counters USING (SELECT {worker} AS w) s ON counters.w = s.w "
            "WHEN MATCHED THEN UPDATE SET n = counters.n + 1"
        )
        return [
            ("SELECT 1", None),
            ("SELECT w, COUNT(*) FROM added GROUP BY w", None),
            ("SHOW TABLES", None),
            (f"INSERT INTO added VALUES ({worker}, {self.inserted[worker]})", self.inserted),  # noqa: S608
            ("UPDATE counters SET n = n + 1", self.updated),
            (merged, self.updated) if worker == 0 else ("SELECT CURRENT_TIMESTAMP()", None),
        ]

    def run(self, worker: int) -> None:
        """Do the work of a thread, and keep its error."""
        try:
            self.mixed(worker)
        except Exception as exc:  # noqa: BLE001 - the number of errors is measured
            self.errors.append(repr(exc))


def measure(folder: Path, seconds: float) -> list[Reached]:
    """Let the clients work, and compare the rows that they were told of with the rows that are there."""
    with served(folder) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE added (w INT, n INT)")
            cursor.execute("CREATE TABLE counters AS SELECT 0 AS w, 0 AS n")
            cursor.execute(_BOUND)
        work = _Work(server, time.monotonic() + seconds)
        threads = [threading.Thread(target=work.run, args=(worker,)) for worker in range(CLIENTS - 1)]
        with ProcessPoolExecutor(1, get_context("spawn")) as process:  # it needs a core for itself
            binding = process.submit(bind, server.port, None, work.end)
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            binds = _outcome(binding, work.errors)
        with server.connect() as connection, connection.cursor() as cursor:
            (added,) = cursor.execute("SELECT COUNT(*) FROM added").fetchone()
            (bound,) = cursor.execute("SELECT COUNT(*) FROM bound").fetchone()
            (updated,) = cursor.execute("SELECT n FROM counters").fetchone()
    many = len(binds) * BOUND_ROWS
    differing = sum(work.inserted) - added + many - bound + sum(work.updated) - updated
    told = f"{sum(work.inserted):,} single rows, {many:,} bound rows, {sum(work.updated):,} updates of one row"
    return [
        Reached("errors", len(work.errors), "", 0, "; ".join(sorted(set(work.errors)))[:300]),
        Reached("rows and updates that are lost or double", abs(differing), "", 0, told),
        Reached("slowest login", max(work.logins), "s", LOGIN_SECONDS, f"of {len(work.logins):,}"),
        Reached(
            f"{BOUND_ROWS:,} bound rows of 5 columns, median",
            median(binds or [0]),
            "s",
            None,
            f"{len(binds)} times beside seven other clients; the client's work included",
        ),
        Reached("other statements, median", median(work.statements), "s", None, f"of {len(work.statements):,}"),
    ]


def _outcome(binding: Future[list[float]], errors: list[str]) -> list[float]:
    try:
        return binding.result()
    except Exception as exc:  # noqa: BLE001 - the number of errors is measured
        errors.append(repr(exc))
        return []


def measure_alone(folder: Path) -> list[Reached]:
    """Bind the rows without other clients."""
    with served(folder) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(_BOUND)
        binds = bind(server.port, 3, 0)
    what = f"{BOUND_ROWS:,} bound rows of 5 columns, alone"
    return [Reached(what, median(binds), "s", BIND_SECONDS, "median of 3; the client's work included")]
