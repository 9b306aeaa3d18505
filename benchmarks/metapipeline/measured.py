"""One measurement in a process of its own: time, memory, and the gate that stands beside it."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

COLUMNS = ["what", "seconds", "CPU", "memory", "of it", "gate"]
SECONDS_MAX, MEMORY_GIB_MAX = 60.0, 2.0


@dataclass(frozen=True)
class Measured:
    """One row.

    Args:
        what: was measured.
        seconds: wall time.
        cpu_seconds: of the process in that time.
        memory_gib: largest resident size of the process, its input included.
        detail: what else is known of it.
        seconds_max: gate of the CPU-seconds; None for a part of another row. One thread does it all, so they are the
            wall time of a machine without other work.
    """

    what: str
    seconds: float
    cpu_seconds: float
    memory_gib: float
    detail: str = ""
    seconds_max: float | None = None

    def holds(self) -> bool:
        """Return whether the row is within its gates."""
        return self.seconds_max is None or (self.cpu_seconds <= self.seconds_max and self.memory_gib <= MEMORY_GIB_MAX)

    def cells(self) -> list[str]:
        """Return the row of the table."""
        times = [f"{self.seconds:.1f} s", f"{self.cpu_seconds:.1f} s", f"{self.memory_gib:.2f} GiB"]
        if self.seconds_max is None:
            return [self.what, *times, self.detail, ""]
        gate = f"{self.seconds_max:g} CPU-s, {MEMORY_GIB_MAX:g} GiB: {'holds' if self.holds() else '**missed**'}"
        return [self.what, *times, self.detail, gate]

    def document(self) -> dict[str, Any]:
        """Return the numbers for the JSON file."""
        return {**asdict(self), "holds": self.holds()}


class Clock:
    """Measure the steps of one process, one after the other."""

    def __init__(self) -> None:
        self.rows: list[Measured] = []

    def step(self, what: str, step: Callable[[], Any], detail: Callable[[Any], str] = lambda _: "") -> Any:
        """Run a step, add its row, and return its result."""
        begin, cpu = time.perf_counter(), time.process_time()
        result = step()
        seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
        self.rows.append(Measured(what, seconds, cpu_seconds, peak_gib(), detail(result)))
        return result

    def total(self, what: str, detail: str = "") -> None:
        """Add a row of all steps together, with the gate."""
        seconds, cpu = sum(row.seconds for row in self.rows), sum(row.cpu_seconds for row in self.rows)
        self.rows.append(Measured(what, seconds, cpu, peak_gib(), detail, SECONDS_MAX))


def peak_gib() -> float:
    """Return the largest resident size that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576


def alone(measure: Callable[[], list[Measured]]) -> list[Measured]:
    """Run a measurement in a new process, whose memory nobody else has used."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, measure))
    process.start()
    sending.close()
    try:
        rows: list[Measured] = receiving.recv()
    finally:
        process.join()
    return rows


def _send(connection: Connection, measure: Callable[[], list[Measured]]) -> None:
    connection.send(measure())
