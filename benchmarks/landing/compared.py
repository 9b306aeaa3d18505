"""Compare ours with itself by steady price: with more subtasks, and with and without its ledger.

The product has no switch for its ledger. A Java agent that only the benchmark builds removes it: the operator counts
nothing for the ledger and writes no entry. The third sink stays, without work. Both sides of that comparison load the
agent, and the benchmark watches both through Flink's counters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.landing.campaign import carried_out, checked, clear, empty_task, rotated
from benchmarks.landing.measurement import Order
from benchmarks.landing.peers.hourglass import Hourglass
from benchmarks.landing.reporting.summary import ERRORS
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.corpus import Corpus
from benchmarks.landing.workload.store import Store
from benchmarks.landing.workload.topic import filled
from flink_jobs.contracts.layout import Kind, StreamLayout
from infra.local.processes import variables
from infra.local.runtime import build_agent

Report = Callable[[str], None]
MODULE = Path(__file__).with_name("java")
AGENT = MODULE / "target" / "hourglass-no-ledger.jar"


@dataclass(frozen=True, slots=True)
class Side:
    """One way to run the job.

    Attributes:
        agent: argument of the agent, `keep` or `drop` the ledger; None loads no agent.
    """

    name: str
    parallelism: int = 1
    agent: str | None = None

    @property
    def has_ledger(self) -> bool:
        """Whether the run must leave ledger entries."""
        return self.agent != "drop"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of its Java process."""
        return {"JAVA_TOOL_OPTIONS": f"-javaagent:{AGENT}={self.agent}"} if self.agent else {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sides to measure in turn.

    Attributes:
        sides: the others are compared with the first.
        ratio_max: largest allowed cost of any other, as a multiple of the first.
    """

    sides: tuple[Side, ...]
    ratio_max: float


COMPARISONS = {
    "parallelism": Comparison((Side("1"), Side("2", 2), Side("4", 4)), 1.1),
    "ledger": Comparison((Side("without", agent="drop"), Side("with", agent="keep")), 1.05),
}


@dataclass
class Prices:
    """Findings: for each side its CPU-seconds per gigabyte, one number a run, and the errors of what landed."""

    steady: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def verdict(name: str, prices: Prices) -> dict[str, Any]:
    """Return the findings and whether they are within the limit.

    A ratio is the median of the runs' own ratios, because the other load of the machine changes from run to run.
    """
    comparison = COMPARISONS[name]
    base = prices.steady[comparison.sides[0].name]
    others = comparison.sides[1:]
    ratios = {
        side.name: median(mine / theirs for mine, theirs in zip(prices.steady[side.name], base, strict=True))
        for side in others
    }
    return {
        "load": name,
        "runs": len(base),
        "cpu_seconds_per_gb": {side: round(median(found), 2) for side, found in prices.steady.items()},
        "each_run": {side: [round(one, 2) for one in found] for side, found in prices.steady.items()},
        "ratio": {side: round(ratio, 3) for side, ratio in ratios.items()},
        "ratio_max": comparison.ratio_max,
        "errors": prices.errors,
        "good": not prices.errors and max(ratios.values()) <= comparison.ratio_max,
    }


def run_comparison(
    name: str, sizes: tuple[int, int], runs: int, settings: BenchmarkSettings, report: Report
) -> dict[str, Any]:
    """Measure every side at two sizes in each run; the slope between them is the price, without the cost of a start."""
    comparison, prices = COMPARISONS[name], Prices()
    sides = {side.name: side for side in comparison.sides}
    if any(side.agent for side in comparison.sides):
        build_agent(MODULE, AGENT)
    for run in range(runs):
        for side in map(sides.__getitem__, rotated(tuple(sides), run)):
            (small, small_gb), (large, large_gb) = (_measured(name, side, size, settings, prices) for size in sizes)
            price = (large - small) / (large_gb - small_gb)
            prices.steady.setdefault(side.name, []).append(price)
            if price <= 0:
                prices.errors.append(f"{name}-{side.name}: more records cost no more: measure on a quiet machine")
            report(f"  {name} {side.name}, run {run + 1}: {small:.1f} and {large:.1f} CPU-s, {price:.2f} per GB")
    prices.steady = {side: prices.steady[side] for side in sides}
    return verdict(name, prices)


def _measured(name: str, side: Side, records: int, settings: BenchmarkSettings, prices: Prices) -> tuple[float, float]:
    """Land a topic and read what has landed; return CPU-seconds and gigabytes."""
    corpus = Corpus(records, settings.seed)
    topic = filled(corpus, settings, lambda _line: None)
    label = f"{name}-{side.name}-{records}"
    task = replace(empty_task(label, settings), topic=topic.topic, records=records)
    store, peer = Store.of(settings), Hourglass(side.parallelism)
    store.create(task.bucket)
    order = Order(
        "hourglass",
        task,
        None,
        settings.measurement_seconds_max,
        task.work_dir / "outcome.json",
        side.parallelism,
        by_counters=side.agent is not None,
    )
    with variables(side.environment):
        outcome = carried_out(order)
    _, found = checked(store, peer, task, corpus, topic)
    ledger = StreamLayout(task.prefix.rstrip("/")).prefix(Kind.LEDGER)
    problems = found.problems(ERRORS)
    if (next(iter(store.objects(task.bucket, ledger)), None) is not None) != side.has_ledger:
        problems.append("entries in the ledger" if not side.has_ledger else "no ledger")
    if outcome["failure"]:
        problems.append(outcome["failure"])
    prices.errors.extend(f"{label}: {problem}" for problem in problems)
    clear(store, task)
    return outcome["usage"]["cpu_seconds"], topic.value_bytes / 1e9
