"""Turn measurements into one row for each peer and codec. Pure.

The price is a slope: the cost of one more gigabyte between the smallest and the largest topic of one run. It does not
count the start of a JVM or of Spark for every gigabyte; the total of the largest topic is shown beside it. A gigabyte
is 1e9 bytes of uncompressed event values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.landing.peer import CODECS

GIGABYTE = 1e9
ERRORS = ("missing", "duplicate", "wrong_hour", "unparsable", "changed", "missing_positions", "duplicate_positions")
OURS = "hourglass"

Measurement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the smallest and the largest value."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Return the spread of values; None if there are none."""
        return cls(median(values), min(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class Target:
    """Allowed cost of ours as a multiple of a peer's.

    Args:
        goal: the multiple to reach.
        gate: the multiple that it must not exceed.
    """

    goal: float
    gate: float


def target_of(peer: str, codec: str) -> Target:
    """Return the target against a peer: close to the tuned consumer, far below every other peer."""
    if peer == "tuned":
        return Target(1.1, 1.5) if codec == "plain" else Target(1.0, 1.3)
    return Target(1 / 3, 1 / 2)


def slopes(measurements: Iterable[Measurement]) -> dict[int, float]:
    """Return the CPU-seconds of one more gigabyte, by the number of each run that has at least two sizes."""
    return {
        small["run"]: (large["cpu_seconds"] - small["cpu_seconds"])
        / ((large["value_bytes"] - small["value_bytes"]) / GIGABYTE)
        for small, large in _ends_of_runs(measurements)
    }


def steady_rates(measurements: Iterable[Measurement]) -> list[float]:
    """Return the records per second between the two sizes, one for each run; a run whose time did not grow has none."""
    return [
        (large["records"] - small["records"]) / (large["wall_seconds"] - small["wall_seconds"])
        for small, large in _ends_of_runs(measurements)
        if large["wall_seconds"] > small["wall_seconds"]
    ]


def _ends_of_runs(measurements: Iterable[Measurement]) -> list[tuple[Measurement, Measurement]]:
    runs: dict[int, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        runs[measurement["run"]].append(measurement)
    ordered = [sorted(runs[run], key=lambda measurement: measurement["records"]) for run in sorted(runs)]
    return [(run[0], run[-1]) for run in ordered if run[0]["records"] < run[-1]["records"]]


def rows(measurements: Sequence[Measurement], validates: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each codec and peer, the cheapest first.

    Args:
        measurements: of one batch.
        validates: what each peer checks of an event.
    """
    groups: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        if measurement["parallelism"] == 1:
            groups[measurement["codec"], measurement["peer"]].append(measurement)
    made = [_row(codec, peer, group, validates[peer]) for (codec, peer), group in groups.items()]
    return sorted(made, key=lambda row: (CODECS.index(row["codec"]), price_of(row)))


def price_of(row: Mapping[str, Any]) -> float:
    """Return the slope of a row, or its total if only one size was measured."""
    slope = row["cpu_seconds_per_gb"]
    return float(row["cpu_seconds_per_gb_total"] if slope is None else slope)


def _row(codec: str, peer: str, group: Sequence[Measurement], validates: str) -> dict[str, Any]:
    whole = [measurement for measurement in group if not measurement["killed"]]
    size = max(measurement["records"] for measurement in whole)
    largest = [measurement for measurement in whole if measurement["records"] == size]
    each_run = slopes(whole)
    slope = Spread.of([*each_run.values()])
    total = Spread.of([one["cpu_seconds"] / (one["value_bytes"] / GIGABYTE) for one in largest])
    rate = Spread.of(steady_rates(whole))
    return {
        "peer": peer,
        "codec": codec,
        "cpu_seconds_per_gb": slope and round(slope.median, 2),
        "cpu_seconds_per_gb_total": total and round(total.median, 2),
        "records_per_second": round(median(one["records"] / one["wall_seconds"] for one in largest)),
        "records_per_second_steady": rate and round(rate.median),
        "rss_mb": round(max(one["rss_mb"] for one in largest)),
        "objects": round(median(one["objects"] for one in largest)),
        "stored_bytes": round(median(one["stored_bytes"] for one in largest)),
        **{name: _worst(whole, name) for name in ERRORS},
        "sizes": sorted({one["records"] for one in whole}),
        "runs": len({one["run"] for one in whole}),
        "each_run": {str(run + 1): round(one, 2) for run, one in each_run.items()},
        "spread": slope and {"min": round(slope.min, 2), "max": round(slope.max, 2)},
        "spread_total": total and {"min": round(total.min, 2), "max": round(total.max, 2)},
        "s3_requests": largest[0]["s3_requests"],
        "validates": validates,
        "failures": [one["failure"] for one in whole if one["failure"]],
        "after_kill": _after_kill([one for one in group if one["killed"]]),
    }


def _after_kill(killed: Sequence[Measurement]) -> dict[str, Any] | None:
    if not killed:
        return None
    return {
        **{name: _worst(killed, name) for name in ERRORS},
        "runs": len(killed),
        "s3": killed[0]["versions"]["s3"],
        "was_killed": all(one["was_killed"] for one in killed),
        "failures": [one["failure"] for one in killed if one["failure"]],
    }


def _worst(measurements: Sequence[Measurement], name: str) -> int | None:
    counts = [one[name] for one in measurements if one[name] is not None]
    return max(counts) if counts else None


def comparisons(made: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Compare ours with each peer of the same codec; a peer measured at one size only is compared by its total."""
    ours = {row["codec"]: row for row in made if row["peer"] == OURS}
    return [_comparison(ours[row["codec"]], row) for row in made if row["peer"] != OURS and row["codec"] in ours]


def _comparison(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, Any]:
    kind = "cpu_seconds_per_gb"
    if ours[kind] is None or peer[kind] is None:
        kind = "cpu_seconds_per_gb_total"
    ratio = ours[kind] / peer[kind]
    each_run = {run: mine / peer["each_run"][run] for run, mine in ours["each_run"].items() if run in peer["each_run"]}
    target = target_of(peer["peer"], peer["codec"])
    return {
        "codec": peer["codec"],
        "peer": peer["peer"],
        "compared": "steady" if kind == "cpu_seconds_per_gb" else "total",
        "ratio": round(ratio, 2),
        "ratio_each_run": {run: round(one, 2) for run, one in each_run.items()},
        "goal": round(target.goal, 2),
        "gate": target.gate,
        "goal_met": ratio <= target.goal,
        "gate_met": ratio <= target.gate,
    }
