"""What the metapipeline shows: the page, the day's row of the history, the data of the notebook, the chart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import replace_file
from orchestration.folders import FolderSettings
from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.errors import StateError
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.lineage import bi_part
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.state import State
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelRun, models_per_day

if TYPE_CHECKING:
    from orchestration.metapipeline.showing.page.document import PageCounts

PAGE = "platform.html"
BI_PART = "bi_part.json"
"""The queries and reports of the last graph, and what they read."""
CHART = "models_run_per_day.png"
_MODELS = "models.json"


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A chart in its file.

    Args:
        path: of the PNG.
        bars: heights of its bars, from the first day to the last.
    """

    path: Path
    bars: tuple[int, ...]


def write_platform_page(
    clients: Clients, graph: PlatformGraph, answers: Iterable[Found | Withheld], path: Path | None = None
) -> str:
    """Write the static page of the graph to a path, or where the metapipeline keeps its files; return its address.

    The reports are kept beside it, so that a lineage is known without a BI tool.
    """
    from orchestration.metapipeline.showing.page.document import page, write_page  # noqa: PLC0415 (reads its assets)

    text = page(graph, answers, "Platform", clients.clock.utc_now())
    if path:
        write_page(path, text)
        return str(path)
    clients.state.write(PAGE, text.encode("ascii"))
    clients.state.write(BI_PART, bi_part(graph))
    return clients.state.address(PAGE)


def read_platform_page(clients: Clients) -> PageCounts:
    """Count what the written page holds.

    Raises:
        StateError: it is missing.
    """
    from orchestration.metapipeline.showing.page.document import page_counts  # noqa: PLC0415 (reads its assets)

    kept = clients.state.read(PAGE)
    if kept is None:
        raise StateError(f"{clients.state.address(PAGE)} is missing after it was written")
    return page_counts(kept.content.decode("ascii"))


def today(  # noqa: PLR0913, PLR0917 (the parts of one day)
    clients: Clients,
    graph: PlatformGraph,
    workspaces: Sequence[Workspace],
    runs: Iterable[ModelRun],
    unused: Found | Withheld,
    prices: Iterable[ModelCredits],
) -> PlatformDay:
    """Count the platform of this day; `removed` are the models that were there at the run before.

    Args:
        clients: of the document.
        graph: of the platform.
        workspaces: as read; without one, reports are unknown.
        runs: of our models.
        unused: the answer about unused models.
        prices: of the runs of the read days.
    """
    day = clients.clock.utc_now().date()
    reports = [report for one in workspaces for report in one.reports]
    archived = sum(report.archived for report in reports)
    known = bool(workspaces)
    seconds = [run.seconds for run in runs if run.seconds is not None and run.hours and run.hours[-1].date() == day]
    return PlatformDay(
        day,
        models=len(graph.of_kind(NodeKind.MODEL)),
        sources=len(graph.of_kind(NodeKind.SOURCE)),
        reports=len(reports) if known else None,
        reports_active=len(reports) - archived if known else None,
        reports_archived=archived if known else None,
        unused=len(unused.findings) if isinstance(unused, Found) else None,
        removed=_removed(clients.state, frozenset(graph.of_kind(NodeKind.MODEL))),
        run_seconds=fsum(seconds),
        credits=fsum(row.credits for row in prices),
    )


def record_today(clients: Clients, day: PlatformDay, graph: PlatformGraph) -> tuple[PlatformDay, ...]:
    """Write the day's row, remember the models of this run, and return the history; empty without a table.

    Raises:
        SnowflakeError: Snowflake did not answer.
    """
    history = clients.history
    days: tuple[PlatformDay, ...] = (day,)
    if history is not None:
        history.record(day)
        days = history.read()
    clients.state.write(_MODELS, json.dumps(list(graph.of_kind(NodeKind.MODEL))).encode())
    return days


def _removed(state: State, models: frozenset[str]) -> int | None:
    kept = state.read(_MODELS)
    try:
        return len(frozenset(json.loads(kept.content)) - models) if kept else None
    except (ValueError, TypeError):
        return None  # like no run before this one: unknown, not 0


def runs_per_day(runs: Iterable[ModelRun]) -> dict[date, int]:
    """Count the distinct models that ran on each day."""
    return {day: len(models) for day, models in models_per_day(runs).items()}


def write_chart(counts: Mapping[date, int]) -> DrawnChart:
    """Draw the distinct models per day as a PNG in the folder of the charts."""
    from orchestration.metapipeline.showing.chart import (  # noqa: PLC0415 (imports matplotlib)
        bars_of,
        models_per_day_figure,
        png_of,
    )

    figure = models_per_day_figure(counts)
    return DrawnChart(replace_file(FolderSettings().charts / CHART, png_of(figure)), bars_of(figure))


def send_chart(clients: Clients, png: bytes, counts: Mapping[date, int]) -> str:
    """Post the chart of distinct models per day, and return one sentence about it.

    Raises:
        SlackError: Slack refused, or did not answer in time.
    """
    from orchestration.metapipeline.slack import Chart  # noqa: PLC0415 (imports requests)

    slack = clients.slack()
    if clients.document.slack is None or slack.settings.dry_run:
        return "not sent: a dry run, or no channel in the document"
    newest = max(counts, default=None)
    text = f"{counts[newest]:,} distinct dbt models ran on {newest}" if newest else "no dbt model ran"
    days = ", ".join(f"{day}: {count}" for day, count in sorted(counts.items()))
    title = "Distinct dbt models run per day (UTC)"
    posted = slack.post(text, chart=Chart(png, CHART, title, days or "no day"))
    return f"sent to {posted.channel}"
