"""Write the results of a batch: results.json, RESULTS.md and the chart."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.landing.registry import VALIDATES
from benchmarks.landing.reporting.summary import OURS, comparisons, price_of, rows

OUR_COLOUR, PEER_COLOUR = "#1f6f5c", "#b9c2c9"


def write_report(measurements: Sequence[Mapping[str, Any]], loads: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write the three files of a batch into a folder.

    A load that was not measured on this machine keeps its entry in the folder, with the commit of that entry.

    Args:
        measurements: of the batch.
        loads: findings of ours in the order of time; the newest of each load is shown.
        folder: created if it is missing.
    """
    file = folder / "results.json"
    told = json.loads(file.read_text())["loads"] if file.exists() else []
    made = rows(measurements, VALIDATES)
    newest = list({load["load"]: load for load in (*told, *loads)}.values())
    results = {**header(measurements), "rows": made, "comparisons": comparisons(made), "loads": newest}
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    (folder / "RESULTS.md").write_text(markdown(results))
    chart(made).savefig(folder / "results.svg", metadata={"Date": None})


def header(measurements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the circumstances of a batch: versions, machine, days, commits, commands."""
    versions: dict[str, dict[str, str]] = {}
    for measurement in measurements:
        if not measurement["killed"]:
            versions[measurement["peer"]] = measurement["versions"]
    days = sorted(measurement["at"] for measurement in measurements)
    return {
        "from": days[0],
        "until": days[-1],
        "commits": sorted({measurement["commit"] for measurement in measurements}),
        "commands": sorted({measurement["command"] for measurement in measurements}),
        "machine": machine(),
        "corpus": {
            "bytes_per_event": round(measurements[0]["value_bytes"] / measurements[0]["records"]),
            "zlib_6_ratio": measurements[0]["zlib_ratio"],
        },
        "versions": versions,
    }


def machine() -> dict[str, Any]:
    """Describe the machine without naming it."""
    models = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    }
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "cpu": ", ".join(sorted(models)), "memory_gib": round(memory / 2**30)}


def markdown(results: Mapping[str, Any]) -> str:
    """Write the tables."""
    about = results["machine"]
    corpus = results["corpus"]
    loads = [found for found in results["loads"] if "ratio" not in found]
    own = [found for found in results["loads"] if "ratio" in found]
    measured = (
        f"Measured {results['from'][:10]} to {results['until'][:10]} at {', '.join(results['commits'])} on "
        f"{about['cores']} cores ({about['cpu']}), {about['memory_gib']} GiB; events of {corpus['bytes_per_event']} "
        f"bytes, which zlib 6 makes {corpus['zlib_6_ratio']} times smaller. How it is measured, and what each peer "
        "was tuned to: [README.md](README.md). All numbers: [results.json](results.json).\n"
    )
    meaning = (
        "`steady` is what a gigabyte (1e9 bytes of event values) more costs, in CPU-seconds of all processes of the "
        "peer: the median of the runs, with their smallest and largest. `total` is the same with start and stop.\n"
    )
    parts = [
        "# What landing a gigabyte costs\n",
        measured,
        "![CPU-seconds per gigabyte, by codec](results.svg)\n",
        meaning,
        _table(_ROW_TITLES, [_row_cells(row) for row in results["rows"]]),
        "\n## Ours against each peer\n",
        _table(_COMPARISON_TITLES, [_comparison_cells(row) for row in results["comparisons"]]),
        *_section(
            "After one kill -9 half-way",
            _KILL_TITLES,
            [_kill_cells(row) for row in results["rows"] if row["after_kill"]],
        ),
        *_section("Ours under loads that go on", _LOAD_TITLES, [_load_cells(one) for one in loads]),
        *_section("Ours beside itself", _OWN_TITLES, [cells for one in own for cells in _own_cells(one)]),
    ]
    return "\n".join(parts)


def _section(title: str, titles: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Return a table with its heading; nothing if it has no rows."""
    return [f"\n## {title}\n", _table(titles, cells)] if cells else []


_ROW_TITLES = (
    "codec", "peer", "steady CPU-s/GB", "total CPU-s/GB", "records/s", "steady records/s", "RSS MB", "objects",
    "S3 requests", "stored MB", "checks of an event", "errors", "sizes", "runs",
)  # fmt: skip
_COMPARISON_TITLES = ("codec", "peer", "ours / peer", "in each run", "of", "goal", "gate", "met")
_LOAD_TITLES = (
    "load", "records", "minutes", "CPU-ms a second", "peak RSS MB", "last third of RSS / second", "delay s, median",
    "delay s, 95 of 100", "at most", "caught up", "good", "commit",
)  # fmt: skip
_OWN_TITLES = ("by", "value", "steady CPU-s/GB", "each run", "ratio", "at most", "good", "commit")
_KILL_TITLES = ("codec", "peer", "missing", "duplicate", "wrong hour", "unparsable", "ended well", "S3 server")


def _row_cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["codec"],
        f"**{row['peer']}**" if row["peer"] == OURS else row["peer"],
        _with_spread(row["cpu_seconds_per_gb"], row["spread"]),
        _with_spread(row["cpu_seconds_per_gb_total"], row["spread_total"]),
        f"{row['records_per_second']:,}",
        f"{row['records_per_second_steady']:,}" if row["records_per_second_steady"] else "-",
        f"{row['rss_mb']:,}",
        f"{row['objects']:,}",
        f"{sum(row['s3_requests'].values()):,}" if row["s3_requests"] else "-",
        f"{row['stored_bytes'] / 1e6:,.0f}",
        row["validates"],
        _errors(row),
        " to ".join(f"{size:,}" for size in (row["sizes"][0], row["sizes"][-1])),
        str(row["runs"]),
    ]


def _with_spread(value: float | None, spread: Mapping[str, float] | None) -> str:
    if value is None or spread is None:
        return "-"
    return f"{value:.1f} ({spread['min']:.1f}-{spread['max']:.1f})"


def _errors(row: Mapping[str, Any]) -> str:
    names = ("missing", "duplicate", "wrong_hour", "unparsable", "changed")
    told = [f"{row[name]:,} {name.replace('_', ' ')}" for name in names if row[name]]
    return ", ".join([*told, *(["did not end"] if row["failures"] else [])]) or "none"


def _comparison_cells(row: Mapping[str, Any]) -> list[str]:
    met = "goal" if row["goal_met"] else "gate" if row["gate_met"] else "**no**"
    ratios = [f"{row['ratio']:.2f}", ", ".join(f"{one:.2f}" for one in row["ratio_each_run"].values()) or "-"]
    return [row["codec"], row["peer"], *ratios, row["compared"], f"{row['goal']}", f"{row['gate']}", met]


def _kill_cells(row: Mapping[str, Any]) -> list[str]:
    after = row["after_kill"]
    counts = [f"{after[name]:,}" for name in ("missing", "duplicate", "wrong_hour", "unparsable")]
    return [row["codec"], row["peer"], *counts, "**no**" if after["failures"] else "yes", after["s3"]]


def _load_cells(found: Mapping[str, Any]) -> list[str]:
    return [
        found["load"],
        f"{found['records']:,}",
        f"{found['seconds'] / 60:.0f}",
        str(found.get("cpu_milliseconds_per_second", "-")),  # loads from before it was counted
        f"{found['rss_mb_peak']:,}",
        f"{found['rss_growth']:.3f}",
        str(found["delay_seconds_p50"] or "-"),
        str(found["delay_seconds_p95"] or "-"),
        str(found["delay_seconds_p95_max"] or "-"),
        "yes" if found["caught_up"] else "**no**",
        "yes" if found["good"] else "**no**",
        found["commit"],
    ]


def _own_cells(found: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            found["load"],
            side,
            f"{price:.2f}",
            ", ".join(f"{one:.2f}" for one in found["each_run"][side]),
            f"{found['ratio'][side]:.2f}" if side in found["ratio"] else "-",
            f"{found['ratio_max']}",
            "yes" if found["good"] else "**no**",
            found["commit"],
        ]
        for side, price in found["cpu_seconds_per_gb"].items()
    ]


def _table(titles: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def chart(made: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a panel for each codec: bars of the steady price with the spread of the runs, the cheapest on top."""
    codecs = list(dict.fromkeys(row["codec"] for row in made))
    figure = Figure(figsize=(4.6 * len(codecs), 3.2), layout="constrained")
    panels = figure.subplots(1, len(codecs), squeeze=False)[0]
    for panel, codec in zip(panels, codecs, strict=True):
        shown = [row for row in made if row["codec"] == codec]
        _draw(panel, shown)
        panel.set_title(codec, loc="left", fontweight="bold")
    figure.supxlabel("CPU-seconds per gigabyte of events, steady; less is better", fontsize=9)
    return figure


def _draw(panel: Any, shown: Sequence[Mapping[str, Any]]) -> None:
    prices = [price_of(row) for row in shown]
    spreads = [row["spread"] or row["spread_total"] for row in shown]
    errors = [
        [price - spread["min"] for price, spread in zip(prices, spreads, strict=True)],
        [spread["max"] - price for price, spread in zip(prices, spreads, strict=True)],
    ]
    names = [row["peer"] if row["spread"] else f"{row['peer']} (total)" for row in shown]
    colours = [OUR_COLOUR if row["peer"] == OURS else PEER_COLOUR for row in shown]
    panel.barh(names, prices, xerr=errors, color=colours, ecolor="#555555", capsize=3, height=0.65)
    furthest = max(spread["max"] for spread in spreads)
    for position, (price, spread) in enumerate(zip(prices, spreads, strict=True)):
        panel.text(spread["max"] + furthest * 0.03, position, f"{price:.1f}", va="center", fontsize=9)
    panel.set_xlim(0, furthest * 1.18)
    panel.invert_yaxis()
    panel.spines[["top", "right"]].set_visible(False)
