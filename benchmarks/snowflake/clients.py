"""Eight clients at the same time, one of which binds 70,000 rows again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import Served, served

CLIENTS, BOUND_ROWS = 8, 70_000
LOGIN_SECONDS, BIND_SECONDS = 1, 3
_STATEMENTS_OF_SESSION = 12
_INSERT = "INSERT INTO bound VALUES (?, ?, ?, ?, ?)"


def _rows_of(cursor: Any, sql: str) -> Any:
    return cursor.execute(sql).fetchall()


@dataclass
class _Work:
    """What the clients do until an end, and what they saw."""

    server: Served
    end: float
    inserted: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    updated: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    bound: int = 0
    logins: list[float] = field(default_factory=list)
    binds: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def timed(self, into: list[float], step: Callable[[], Any]) -> Any:
        """Run a step, and keep its seconds."""
        began = time.perf_counter()
        result = step()
        into.append(time.perf_counter() - began)
        return result

    def mixed(self, worker: int) -> None:
        """Log in, send a dozen statements, log out, again and again."""
        random = Random(worker)  # noqa: S311 - the choice of statements
        while time.monotonic() < self.end:
            with self.timed(self.logins, self.server.connect) as connection, connection.cursor() as cursor:
                for _ in range(_STATEMENTS_OF_SESSION):
                    sql, counted = random.choice(self._choices(worker))
                    self.timed(self.statements, partial(_rows_of, cursor, sql))
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

    def bind(self, _: int) -> None:
        """Insert 70,000 rows of five columns in one statement, again and again."""
        rows = [(i, i / 2, f"s{i}", date(2025, 8, 1), Decimal(i) / 100) for i in range(BOUND_ROWS)]
        with self.server.connect(paramstyle="qmark") as connection, connection.cursor() as cursor:
            while time.monotonic() < self.end:
                self.timed(self.binds, lambda: cursor.executemany(_INSERT, rows))
                self.bound += BOUND_ROWS

    def run(self, work: Callable[[int], None], worker: int) -> None:
        """Run the work of a thread, and keep its error."""
        try:
            work(worker)
        except Exception as exc:  # noqa: BLE001 - the number of errors is measured
            self.errors.append(repr(exc))


def measure(folder: Path, seconds: float) -> list[Reached]:
    """Let the clients work, and compare the rows that they were told of with the rows that are there."""
    with served(folder) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE added (w INT, n INT)")
            cursor.execute("CREATE TABLE counters AS SELECT 0 AS w, 0 AS n")
            cursor.execute("CREATE TABLE bound (a INT, b FLOAT, c VARCHAR, d DATE, e NUMBER(12, 2))")
        work = _Work(server, time.monotonic() + seconds)
        jobs = [(work.bind, 0), *((work.mixed, worker) for worker in range(CLIENTS - 1))]
        threads = [threading.Thread(target=work.run, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with server.connect() as connection, connection.cursor() as cursor:
            (added,) = cursor.execute("SELECT COUNT(*) FROM added").fetchone()
            (bound,) = cursor.execute("SELECT COUNT(*) FROM bound").fetchone()
            (updated,) = cursor.execute("SELECT n FROM counters").fetchone()
    differing = sum(work.inserted) - added + work.bound - bound + sum(work.updated) - updated
    told = f"{sum(work.inserted):,} single rows, {work.bound:,} bound rows, {sum(work.updated):,} updates of one row"
    return [
        Reached("errors", len(work.errors), "", 0, "; ".join(sorted(set(work.errors)))[:300]),
        Reached("rows and updates that are lost or double", abs(differing), "", 0, told),
        Reached("slowest login", max(work.logins), "s", LOGIN_SECONDS, f"of {len(work.logins):,}"),
        Reached(
            f"{BOUND_ROWS:,} bound rows of 5 columns, median",
            median(work.binds),
            "s",
            None,
            f"{len(work.binds)} times beside seven other clients; the client's work included",
        ),
        Reached("other statements, median", median(work.statements), "s", None, f"of {len(work.statements):,}"),
    ]


def measure_alone(folder: Path) -> list[Reached]:
    """Bind the rows without other clients."""
    with served(folder) as server, server.connect(paramstyle="qmark") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bound (a INT, b FLOAT, c VARCHAR, d DATE, e NUMBER(12, 2))")
        work = _Work(server, 0)
        rows = [(i, i / 2, f"s{i}", date(2025, 8, 1), Decimal(i) / 100) for i in range(BOUND_ROWS)]
        for _ in range(3):
            work.timed(work.binds, lambda: cursor.executemany(_INSERT, rows))
    what = f"{BOUND_ROWS:,} bound rows of 5 columns, alone"
    return [Reached(what, median(work.binds), "s", BIND_SECONDS, "median of 3; the client's work included")]
