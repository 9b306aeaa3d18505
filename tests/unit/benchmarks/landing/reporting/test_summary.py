from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.landing.reporting.report import chart, markdown, write_report
from benchmarks.landing.reporting.summary import comparisons, rows, slopes, steady_rates

VALIDATES = {"hourglass": "the contract", "tuned": "nothing", "spark": "nothing"}
LOAD = {
    "load": "soak", "records": 9_000, "seconds": 1800.0, "rss_mb_peak": 400, "rss_growth": 1.01, "commit": "abc",
    "delay_seconds_p50": 6.0, "delay_seconds_p95": 9.0, "delay_seconds_p95_max": None,
    "cpu_milliseconds_per_second": 55.5, "caught_up": True, "good": True,
}  # fmt: skip


def measurement(peer: str, records: int, cpu_seconds: float, **changes: Any) -> dict[str, Any]:
    made = {
        "peer": peer, "codec": "zstd-1", "records": records, "run": 0, "killed": False, "parallelism": 1,
        "cpu_seconds": cpu_seconds, "wall_seconds": records / 1000, "rss_mb": 100.0, "value_bytes": records * 1000,
        "objects": 3, "stored_bytes": 10, "s3_requests": {}, "versions": {"s3": "s3proxy"}, "failure": None,
        "was_killed": False, "missing": 0, "duplicate": 0, "wrong_hour": 0, "unparsable": 0, "changed": 0,
        "missing_positions": None, "duplicate_positions": None,
    }  # fmt: skip
    return made | changes


def run_of(peer: str, run: int, start: float, price: float, **changes: Any) -> list[dict[str, Any]]:
    """Two sizes, 1 and 5 GB, of a peer with a price per gigabyte and a price of its start."""
    return [measurement(peer, size * 1_000_000, start + size * price, run=run, **changes) for size in (1, 5)]


def test_the_start_is_not_part_of_the_slope() -> None:
    """The steady price is the same for a peer that starts at once and for one that starts slowly."""
    assert {0: 7.0} == slopes(run_of("tuned", 0, 0.0, 7.0))
    assert {0: 7.0} == slopes(run_of("spark", 0, 40.0, 7.0))


def test_each_run_has_its_own_slope() -> None:
    """Sizes of different runs are never mixed, and a run with one size has no slope."""
    runs = [*run_of("tuned", 0, 1.0, 6.0), *run_of("tuned", 1, 9.0, 8.0), measurement("tuned", 1_000_000, 99.0, run=2)]
    assert {0: 6.0, 1: 8.0} == slopes(runs)


def test_a_rate_needs_time_that_passed() -> None:
    """If the larger topic took no longer, there is no rate."""
    small, large = run_of("tuned", 0, 1.0, 6.0)
    assert [1000.0] == steady_rates([small, large])
    assert [] == steady_rates([small, large | {"wall_seconds": small["wall_seconds"]}])


def test_a_row_has_median_spread_and_total() -> None:
    """A row has the median of three runs with their smallest and largest; the total includes the start."""
    runs = [one for run, price in enumerate((9.0, 6.0, 7.0)) for one in run_of("spark", run, 20.0, price)]
    [row] = rows(runs, VALIDATES)
    assert 7.0 == row["cpu_seconds_per_gb"]
    assert {"min": 6.0, "max": 9.0} == row["spread"]
    assert 11.0 == row["cpu_seconds_per_gb_total"]
    assert ([1_000_000, 5_000_000], 3) == (row["sizes"], row["runs"])


def test_errors_of_any_run_stay() -> None:
    """A clean run does not hide the errors of another run, of either size."""
    runs = [*run_of("tuned", 0, 1.0, 6.0), *run_of("tuned", 1, 1.0, 6.0)]
    runs[0]["duplicate"] = 5
    [row] = rows(runs, VALIDATES)
    assert 5 == row["duplicate"]


def test_a_killed_run_is_told_apart() -> None:
    """A killed run does not change a price; its errors are listed separately."""
    killed = measurement("tuned", 5_000_000, 500.0, killed=True, was_killed=True, duplicate=700)
    [row] = rows([*run_of("tuned", 0, 1.0, 6.0), killed], VALIDATES)
    assert (6.0, 0) == (row["cpu_seconds_per_gb"], row["duplicate"])
    assert (700, True) == (row["after_kill"]["duplicate"], row["after_kill"]["was_killed"])


@pytest.mark.parametrize(
    ("peer", "price", "met"),
    [
        ("tuned", 10.0, (True, True)),
        ("tuned", 8.0, (False, True)),
        ("tuned", 7.0, (False, False)),
        ("spark", 30.0, (True, True)),
        ("spark", 20.0, (False, True)),
        ("spark", 19.0, (False, False)),
    ],
)
def test_ours_is_held_against_its_targets(peer: str, price: float, met: tuple[bool, bool]) -> None:
    """Goal and gate are 1.0 and 1.3 of the tuned consumer's price, and a third and a half of every other peer's."""
    made = rows([*run_of("hourglass", 0, 20.0, 10.0), *run_of(peer, 0, 5.0, price)], VALIDATES)
    [compared] = comparisons(made)
    assert met == (compared["goal_met"], compared["gate_met"])
    assert "steady" == compared["compared"]


def test_runs_are_compared_one_by_one_too() -> None:
    """Each run's own ratio is shown, because the other load of the machine changes from run to run.

    A run in which one side has only one size has no ratio, and does not shift those of other runs.
    """
    ours = [*run_of("hourglass", 1, 20.0, 12.0), *run_of("hourglass", 0, 20.0, 10.0)]
    peer = [*run_of("tuned", 0, 1.0, 5.0), *run_of("tuned", 1, 1.0, 4.0)]
    [compared] = comparisons(rows([*ours, *peer], VALIDATES))
    assert {"1": 2.0, "2": 3.0} == compared["ratio_each_run"]
    assert compared["ratio"] == round(11.0 / 4.5, 2)
    unfinished = [one for one in ours if (one["run"], one["records"]) != (0, 1_000_000)]
    [compared] = comparisons(rows([*unfinished, *peer], VALIDATES))
    assert {"2": 3.0} == compared["ratio_each_run"]


def test_the_report_shows_every_row_and_every_error() -> None:
    """A peer with errors keeps its speed, with the errors beside it; the chart has a bar for each row."""
    wrong = run_of("tuned", 0, 1.0, 6.0, missing=3)
    made = rows([*run_of("hourglass", 0, 20.0, 10.0), *wrong], VALIDATES)
    about = {
        "from": "2025-08-01T00:00:00Z", "until": "2025-08-01T00:00:00Z", "commits": ["abc"],
        "machine": {"cores": 2, "cpu": "a model", "memory_gib": 8},
        "corpus": {"bytes_per_event": 900, "zlib_6_ratio": 6},
    }  # fmt: skip
    wide = {
        "load": "parallelism", "cpu_seconds_per_gb": {"1": 4.0, "2": 4.8}, "each_run": {"1": [4.0], "2": [4.8]},
        "ratio": {"2": 1.2}, "ratio_max": 1.1, "good": False, "commit": "abc",
    }  # fmt: skip
    text = markdown({**about, "rows": made, "comparisons": comparisons(made), "loads": [LOAD, wide]})
    assert "3 missing" in text
    assert "| soak | 9,000 | 30 | 55.5 | 400 | 1.010 | 6.0 | 9.0 | - | yes | yes | abc |" in text
    assert "| parallelism | 2 | 4.80 | 4.80 | 1.20 | 1.1 | **no** | abc |" in text
    assert "| zstd-1 | **hourglass** | 10.0 (10.0-10.0) |" in text
    [panel] = chart(made).axes
    assert ["tuned", "hourglass"] == [label.get_text() for label in panel.get_yticklabels()]


def test_a_load_of_another_machine_stays_until_it_is_measured_anew(tmp_path: Path) -> None:
    """The report of a machine that measured one load keeps the folder's entries of the others."""
    measured = [
        one | {"at": "2025-08-01T00:00:00Z", "commit": "abc", "command": "run", "zlib_ratio": 6}
        for one in run_of("hourglass", 0, 20.0, 10.0)
    ]
    soak, latency = ({**LOAD, "load": name, "commit": "old"} for name in ("soak", "latency"))
    write_report(measured, [soak, latency], tmp_path)
    write_report(measured, [latency | {"commit": "new"}], tmp_path)
    loads = json.loads((tmp_path / "results.json").read_text())["loads"]
    assert {"soak": "old", "latency": "new"} == {load["load"]: load["commit"] for load in loads}
