"""Measure ours under a continuous load: memory, CPU time, delay until visible, and time to catch up.

Events are produced at a rate while the job runs at parallelism 1. The delay comes from two curves over time, records
produced and records in the ledger: the n-th record is visible when the ledger counts n. This order is not exact across
partitions, but every record is counted.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import psutil

from benchmarks.landing.peer import PeerFailed, Task
from benchmarks.landing.peers.hourglass import LedgerCount, landing_settings
from benchmarks.landing.workload.corpus import HOUR_MILLISECONDS, Corpus
from benchmarks.landing.workload.topic import Sender
from flink_jobs import deploy
from flink_jobs.settings import LandingSettings
from infra.local.processes import process_tree

Report = Callable[[str], None]
POLL_SECONDS = 0.5
CATCH_UP_SECONDS_MAX = 120.0
REPORT_SECONDS = 30.0
GROWTH_MAX = 1.05
RSS_MB_MAX = 700
DELAY_BEYOND_CHECKPOINT_SECONDS_MAX = 3.0
HOT_SHARE = 0.9
LARGE_BYTES = 999_000

Make = Callable[[Corpus, int, int], tuple[bytes, bytes, int]]
"""Makes key, value and record time of an index; the last argument is the present time in milliseconds."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is produced.

    Args:
        make: one record.
        events_per_second: by default.
        seconds: by default.
        limits_delay: whether the delay is limited to checkpoint interval + 3 s.
    """

    make: Make
    events_per_second: int
    seconds: int
    limits_delay: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how long records are produced."""

    events_per_second: int
    seconds: int


def _over_four_hours(corpus: Corpus, index: int, now: int) -> tuple[bytes, bytes, int]:
    return corpus.key(index), corpus.value(index), now - index % 4 * HOUR_MILLISECONDS


def _now(corpus: Corpus, index: int, now: int) -> tuple[bytes, bytes, int]:
    return corpus.key(index), corpus.value(index), now


def _hot(corpus: Corpus, index: int, now: int) -> tuple[bytes, bytes, int]:
    cold = index % 10 >= 10 * HOT_SHARE
    return corpus.key(index) if cold else b"the-hot-run", corpus.value(index), now


def _large(corpus: Corpus, index: int, now: int) -> tuple[bytes, bytes, int]:
    value = corpus.value(index)
    filling = value[-64:].hex().encode() * (LARGE_BYTES // 128)
    padding = b',"padding":"' + filling[: LARGE_BYTES - len(value) - 13] + b'"}'
    return corpus.key(index), value[:-1] + padding, now


def _poison(corpus: Corpus, index: int, now: int) -> tuple[bytes, bytes, int]:
    return corpus.key(index), corpus.value(index)[:-5], now


LOADS = {
    "idle": Load(_now, 0, 120),
    "soak": Load(_over_four_hours, 5_000, 1_800),
    "latency": Load(_now, 500, 300, limits_delay=True),
    "hot-key": Load(_hot, 5_000, 600),
    "large-events": Load(_large, 20, 300),
    "poison": Load(_poison, 5_000, 600),
}


@dataclass(frozen=True, slots=True)
class Used:
    """Memory of the job's processes now, and their CPU time since they started."""

    rss_mb: float
    cpu_seconds: float


@dataclass
class Curves:
    """Samples over time; seconds since the beginning."""

    times: list[float] = field(default_factory=list)
    produced: list[int] = field(default_factory=list)
    visible: list[int] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def note(self, seconds: float, produced: int, visible: int, used: Used) -> None:
        """Add a point to each curve."""
        self.times.append(seconds)
        self.produced.append(produced)
        self.visible.append(visible)
        self.rss_mb.append(used.rss_mb)
        self.cpu_seconds.append(used.cpu_seconds)

    def delays(self) -> list[float]:
        """Return for each point of production the time until the ledger counted as many."""
        return [
            self.times[bisect_left(self.visible, count)] - seconds
            for seconds, count in zip(self.times, self.produced, strict=True)
            if 0 < count <= self.visible[-1]
        ]

    def growth(self) -> float:
        """Compare the memory of the last third with that of the second third, after warm-up."""
        third = len(self.rss_mb) // 3
        return median(self.rss_mb[-third:]) / median(self.rss_mb[third : 2 * third])

    def cpu_milliseconds_per_second(self) -> float:
        """Return the CPU time of a second after the first third, when hot code is compiled."""
        third = len(self.times) // 3
        return 1000 * (self.cpu_seconds[-1] - self.cpu_seconds[third]) / (self.times[-1] - self.times[third])


def verdict(name: str, curves: Curves, *, caught_up: bool, checkpoint_seconds: int) -> dict[str, Any]:
    """Return the findings and whether they are within the limits."""
    delays = curves.delays()
    p95 = quantiles(delays, n=20)[-1] if len(delays) > 1 else None
    limit = checkpoint_seconds + DELAY_BEYOND_CHECKPOINT_SECONDS_MAX
    slow = LOADS[name].limits_delay and (p95 is None or p95 > limit)
    growth = curves.growth()
    return {
        "load": name,
        "records": curves.produced[-1],
        "visible": curves.visible[-1],
        "seconds": round(curves.times[-1], 1),
        "rss_mb_peak": round(max(curves.rss_mb)),
        "rss_growth": round(growth, 3),
        "cpu_milliseconds_per_second": round(curves.cpu_milliseconds_per_second(), 1),
        "delay_seconds_p50": round(median(delays), 1) if delays else None,
        "delay_seconds_p95": p95 and round(p95, 1),
        "delay_seconds_p95_max": limit if LOADS[name].limits_delay else None,
        "caught_up": caught_up,
        "good": caught_up and growth <= GROWTH_MAX and max(curves.rss_mb) <= RSS_MB_MAX and not slow,
    }


def run_load(name: str, task: Task, pace: Pace, seed: int, report: Report) -> dict[str, Any]:
    """Start the job, produce, wait until everything is visible, stop the job.

    Args:
        name: of the load.
        task: its topic exists and is empty; its bucket too.
        pace: of the records.
        seed: of the events.
        report: called with the state now and then.
    """
    settings = landing_settings(task, parallelism=1)
    deploy.start(settings)
    tree = process_tree(deploy.process_id(settings) or 0)
    try:
        curves = _watch(name, task, pace, seed, report)
        deploy.stop(settings)
    finally:
        for process in tree:
            if process.is_running():
                process.kill()
    caught_up = curves.visible[-1] == curves.produced[-1]
    return verdict(name, curves, caught_up=caught_up, checkpoint_seconds=task.roll_seconds)


def _watch(name: str, task: Task, pace: Pace, seed: int, report: Report) -> Curves:
    settings = landing_settings(task, parallelism=1)
    corpus, sender, ledger, curves = Corpus(10**9, seed), Sender(task), LedgerCount(task), Curves()
    started = told = time.monotonic()
    produced = 0
    ended: float | None = None
    for count in _paced(pace):
        now = time.time_ns() // 1_000_000
        for index in range(produced, produced if count is None else count):
            sender.send(*LOADS[name].make(corpus, index, now))
        produced = produced if count is None else count
        passed = time.monotonic() - started
        curves.note(passed, produced, ledger.records(), _used(settings))
        if time.monotonic() - told > REPORT_SECONDS:
            told = time.monotonic()
            report(
                f"  {passed:.0f} s: {produced:,} produced, {curves.visible[-1]:,} visible, {curves.rss_mb[-1]:.0f} MB"
            )
        if count is None:
            sender.flush()
            ended = passed if ended is None else ended
            if curves.visible[-1] >= produced or passed - ended > CATCH_UP_SECONDS_MAX:
                break
    return curves


def _paced(pace: Pace) -> Iterator[int | None]:
    """Yield at each poll how many records are due by now; only None once the time is over."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < pace.seconds:
        yield int(passed * pace.events_per_second)
        time.sleep(POLL_SECONDS)
    while True:
        yield None
        time.sleep(POLL_SECONDS)


def _used(settings: LandingSettings) -> Used:
    pid = deploy.process_id(settings)
    if pid is None:
        raise PeerFailed(f"the landing job ended under the load: see {settings.log_dir}")
    each = [_used_by(process) for process in process_tree(pid)]
    return Used(sum(one.rss_mb for one in each), sum(one.cpu_seconds for one in each))


def _used_by(process: psutil.Process) -> Used:
    try:
        with process.oneshot():
            times = process.cpu_times()
            return Used(process.memory_info().rss / 1e6, times.user + times.system)
    except psutil.NoSuchProcess:
        return Used(0, 0)


def all_good(verdicts: Sequence[dict[str, Any]]) -> bool:
    """Return whether every load stayed within its limits."""
    return all(found["good"] for found in verdicts)
