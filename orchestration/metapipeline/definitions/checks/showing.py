"""Whether what is shown equals what was counted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.metapipeline.definitions.checks.check import ERROR, check, listed
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.pipeline.showing import DrawnChart
from orchestration.metapipeline.showing.notebooks.data import AnalysisData
from orchestration.metapipeline.usage.history import PlatformDay

if TYPE_CHECKING:
    from orchestration.metapipeline.showing.page.document import PageCounts


@check(ERROR)
def page_shows_the_graph(platform_page: PageCounts, platform_graph: Platform, findings: int) -> str | None:
    """The written page holds every node, every edge and every finding."""
    graph = platform_graph.graph
    wanted = {"nodes": len(graph.nodes), "edges": len(graph.edges), "findings": findings}
    shown = asdict(platform_page)
    return listed([f"{shown[name]:,} {name} of {count:,}" for name, count in wanted.items() if shown[name] != count])


@check(ERROR)
def history_has_this_day(platform_history: tuple[PlatformDay, ...], today: PlatformDay) -> str | None:
    """The history has one row for the day of the run, with the counts of the run."""
    kept = [day for day in platform_history if day.day == today.day]
    if len(kept) != 1:
        return f"{len(kept)} rows are of {today.day}, and one is expected"
    stored = asdict(kept[0])
    other = {
        name: value for name, value in asdict(today).items() if value is not None and not _same(value, stored[name])
    }
    return listed([f"{name} is {stored[name]}, and {value} was counted" for name, value in other.items()])


@check(ERROR)
def bars_equal_the_counts(models_run_per_day: DrawnChart, counts: Mapping[date, int]) -> str | None:
    """The chart has one bar for each day from the first to the last, as high as the count of the day."""
    span = (max(counts) - min(counts)).days + 1 if counts else 0
    wanted = tuple(counts.get(min(counts) + timedelta(days=number), 0) for number in range(span))
    if models_run_per_day.bars == wanted:
        return None
    return f"the bars are {models_run_per_day.bars}, and the counts {wanted}"


@check(ERROR)
def data_is_as_counted(
    meta_analysis_data: AnalysisData, counts: Mapping[date, int], platform_history: tuple[PlatformDay, ...]
) -> str | None:
    """The stored data of the notebook has each day of the counts and of the history."""
    other = [
        name
        for name, stored, wanted in (
            ("models per day", dict(meta_analysis_data.models_per_day), dict(counts)),
            ("history", meta_analysis_data.history, platform_history),
        )
        if stored != wanted
    ]
    return listed([f"the stored {name} is another one" for name in other])


@check(ERROR)
def notebook_shows_its_charts(meta_analysis: Path) -> str | None:
    """Every cell of the stored notebook was executed, none failed, and a chart was drawn."""
    cells = [cell for cell in json.loads(meta_analysis.read_bytes())["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    if skipped := sum(cell["execution_count"] is None for cell in cells):
        return f"{skipped} of {len(cells)} cells were not executed"
    if failed := [output for output in outputs if output["output_type"] == "error"]:
        return listed([f"{output['ename']}: {output['evalue']}" for output in failed])
    return None if any("image/png" in output.get("data", {}) for output in outputs) else "no cell drew a chart"


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
