"""Measure the worth of a change to about one percent: two runs at the same time, a core each, swapped in the next pair.

The cost of a run differs by a seventh from hour to hour on a shared machine, and by as much between two runs in a row.
Two runs side by side share these conditions. The ratio of pairs is the worth of a change; it is not a price, because
the servers share the two cores.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.landing.campaign import MeasurementFailed, checked, clear, empty_task
from benchmarks.landing.measurement import Order
from benchmarks.landing.registry import peer_named
from benchmarks.landing.reporting.summary import ERRORS
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.corpus import Corpus
from benchmarks.landing.workload.store import Store
from benchmarks.landing.workload.topic import filled

Report = Callable[[str], None]
CORES = 2


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides.

    Args:
        name: in the report.
        peer: of the registry.
        checkout: folder of the code to run, with its own `.venv` and `.runtime`.
    """

    name: str
    peer: str
    checkout: Path

    @property
    def python(self) -> Path:
        """The checkout's interpreter."""
        return self.checkout / ".venv" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Pairing:
    """What to measure.

    Args:
        first: the base of the comparison.
        second: compared with the first.
        codec: of both.
        records: of the topic that both land.
        pairs: how many; with an even number each side has each core equally often.
    """

    first: Side
    second: Side
    codec: str
    records: int
    pairs: int


def require_checkout(folder: Path) -> Path:
    """Return the folder as an absolute path.

    Raises:
        MeasurementFailed: it is not a checkout, or it was never set up.
    """
    checkout = folder.absolute()
    if not (checkout / "benchmarks" / "landing").is_dir():
        raise MeasurementFailed(f"{folder} is no checkout of this project")
    if not (checkout / ".venv" / "bin" / "python").exists() or not (checkout / ".runtime" / "flink").is_dir():
        raise MeasurementFailed(f"{folder} is not set up: run `make setup` there first")
    return checkout


def ratio_of(costs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return the ratio of the second's cost to the first's.

    Args:
        costs: CPU-seconds of both, one entry a pair.

    Returns:
        `ratio`, the geometric mean over the pairs, and `standard_error` of it; None for a single pair.
    """
    logarithms = [math.log(second / first) for first, second in costs]
    ratio = math.exp(mean(logarithms))
    error = ratio * stdev(logarithms) / math.sqrt(len(logarithms)) if len(logarithms) > 1 else None
    return {
        "ratio": round(ratio, 3),
        "standard_error": None if error is None else round(error, 3),
        "ratio_each_pair": [round(second / first, 3) for first, second in costs],
    }


def run_pairs(pairing: Pairing, settings: BenchmarkSettings, report: Report) -> dict[str, Any]:
    """Measure the pairs, read everything that landed, and compare."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    if len(cores) < CORES:
        raise MeasurementFailed("a pair needs two cores")
    costs: list[tuple[float, float]] = []
    errors: list[str] = []
    for number in range(pairing.pairs):
        first, second = (Run(side, pairing, settings) for side in (pairing.first, pairing.second))
        first.begin(cores[number % CORES], settings.flink_port)
        second.begin(cores[(number + 1) % CORES], settings.flink_port + 1)
        try:
            costs.append((first.end(), second.end()))
        finally:
            first.interrupt()
            second.interrupt()
        errors += [*first.errors(), *second.errors()]
        report(
            f"  pair {number + 1} of {pairing.pairs}: {pairing.first.name} {costs[-1][0]:.1f}, "
            f"{pairing.second.name} {costs[-1][1]:.1f} CPU-s, ratio {costs[-1][1] / costs[-1][0]:.3f}"
        )
    return {
        "first": pairing.first.name,
        "second": pairing.second.name,
        "codec": pairing.codec,
        "records": pairing.records,
        **ratio_of(costs),
        "cpu_seconds": [[round(cost, 1) for cost in pair] for pair in costs],
        "errors": errors,
        "good": not errors,
    }


class Run:
    """One side of one pair."""

    def __init__(self, side: Side, pairing: Pairing, settings: BenchmarkSettings) -> None:
        self._side = side
        self._peer = peer_named(side.peer)
        self._corpus = Corpus(pairing.records, settings.seed)
        self._topic = filled(self._corpus, settings, lambda _line: None)
        self._store = Store.of(settings)
        install_dir = settings.folder.absolute() / "peers" / side.peer
        self._peer.install(install_dir)
        task = empty_task(f"pair-{side.peer}-{os.urandom(4).hex()}", settings)
        self._task = replace(
            task,
            topic=self._topic.topic,
            records=pairing.records,
            codec=pairing.codec,
            install_dir=install_dir,
        )
        self._store.create(self._task.bucket)
        self._order = Order(
            side.peer, self._task, None, settings.measurement_seconds_max, self._task.work_dir / "outcome.json"
        )

    def begin(self, core: int, flink_port: int) -> None:
        """Start it on one core, in the background."""
        with on_core(core):
            self._process = subprocess.Popen(
                [str(self._side.python), "-m", "benchmarks.landing.measurement"],
                stdin=subprocess.PIPE,
                text=True,
                cwd=self._side.checkout,
                env={**os.environ, "HOURGLASS_BENCHMARK_FLINK_PORT": str(flink_port)},
            )
        assert self._process.stdin is not None  # noqa: S101  for the type: it was asked for
        self._process.stdin.write(self._order.to_json())
        self._process.stdin.close()

    def end(self) -> float:
        """Wait for its end and return its CPU-seconds."""
        if self._process.wait():
            raise MeasurementFailed(f"{self._side.name} broke off, see above; its files: {self._task.work_dir}")
        self._outcome = json.loads(self._order.outcome.read_text())
        return float(self._outcome["usage"]["cpu_seconds"])

    def interrupt(self) -> None:
        """End it and every process that it started; do nothing if it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()

    def errors(self) -> list[str]:
        """Read what landed, return its errors, and clean up."""
        _, found = checked(self._store, self._peer, self._task, self._corpus, self._topic)
        problems = found.problems(ERRORS)
        if self._outcome["failure"]:
            problems.append(self._outcome["failure"])
        clear(self._store, self._task)
        return [f"{self._side.name}: {problem}" for problem in problems]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep every process that starts inside this block on one core, children included."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
