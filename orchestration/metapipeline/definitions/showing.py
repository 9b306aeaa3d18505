"""The assets that show: the page of the graph, the history of the platform, the chart and the notebook."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.checks import showing as checks
from orchestration.metapipeline.definitions.making import WAREHOUSE, Made, asset
from orchestration.metapipeline.definitions.processes import NOTEBOOK
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.findings import Found, Withheld, findings_of
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import showing, steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.showing.notebooks.data import AnalysisData, read_data, write_data
from orchestration.metapipeline.showing.notebooks.process import NotebookProcess, executed_notebook
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelRun

if TYPE_CHECKING:
    from orchestration.metapipeline.showing.page.document import PageCounts

FIRST, LAST = 1, -1
"""Priorities: the notebook begins as soon as it can, and is waited for at the end."""


@asset(kinds={"html"}, checks=[checks.page_shows_the_graph])
def platform_page(  # noqa: PLR0913, PLR0917 (the inputs of an asset)
    clients: Clients,
    platform_graph: Platform,
    stale_reports: tuple[ReportPlan, ...],
    unused_models: Found | Withheld,
    unused_columns: Found | Withheld,
    slow_models: tuple[Found | Withheld, ...],
) -> Made[PageCounts]:
    """One static page: search, owners, findings, and the path from a topic to a report."""
    reports = (answer for plan in stale_reports for answer in plan.answers)
    answers = (*reports, unused_models, unused_columns, *slow_models)
    address = showing.write_platform_page(clients, platform_graph.graph, answers)
    shown = showing.read_platform_page(clients)
    metadata = {"page": dg.MetadataValue.path(address), **asdict(shown)}
    return Made(shown, metadata, {"findings": len(findings_of(answers))})


@asset(kinds={"snowflake"}, checks=[checks.history_has_this_day], pool=WAREHOUSE, priority=FIRST)
def platform_history(  # noqa: PLR0913, PLR0917 (the inputs of an asset)
    clients: Clients,
    platform_graph: Platform,
    bi_workspaces: tuple[Workspace, ...],
    model_runs: tuple[ModelRun, ...],
    unused_models: Found | Withheld,
    model_credits: tuple[ModelCredits, ...],
) -> Made[tuple[PlatformDay, ...]]:
    """One row per day: models, sources, reports, removals, seconds and credits, kept in Snowflake."""
    graph = platform_graph.graph
    runs = steps.our_runs(graph, model_runs)
    today = showing.today(clients, graph, bi_workspaces, runs, unused_models, model_credits)
    days = showing.record_today(clients, today, graph)
    return Made(days, {"days": len(days), "newest": table(map(asdict, reversed(days)))}, {"today": today})


@asset(kinds={"matplotlib", "slack"}, checks=[checks.bars_equal_the_counts])
def models_run_per_day(clients: Clients, model_runs: tuple[ModelRun, ...]) -> Made[showing.DrawnChart]:
    """How many distinct dbt models ran on each day, as a chart; it goes to Slack when there is a channel."""
    counts = showing.runs_per_day(model_runs)
    drawn = showing.write_chart(counts)
    png = drawn.path.read_bytes()
    sent = showing.send_chart(clients, png, counts)
    metadata = {
        "chart": dg.MetadataValue.md(f"![models per day](data:image/png;base64,{b64encode(png).decode()})"),
        "file": dg.MetadataValue.path(drawn.path),
        "slack": sent,
        "days": table({"day": str(day), "models": count} for day, count in counts.items()),
    }
    return Made(drawn, metadata, {"counts": counts})


@asset(kinds={"json"}, checks=[checks.data_is_as_counted], resources=[NOTEBOOK], priority=FIRST)
def meta_analysis_data(
    notebook: NotebookProcess, model_runs: tuple[ModelRun, ...], platform_history: tuple[PlatformDay, ...]
) -> Made[AnalysisData]:
    """The file that the notebook draws; a process executes the notebook while the other assets are made."""
    counts = showing.runs_per_day(model_runs)
    path = write_data(FolderSettings().notebooks, AnalysisData(models_per_day=counts, history=platform_history))
    notebook.start()
    return Made(
        read_data(path), {"data": dg.MetadataValue.path(path), "days": len(platform_history)}, {"counts": counts}
    )


@asset(
    kinds={"jupyter"},
    checks=[checks.notebook_shows_its_charts],
    deps=[dg.AssetKey("meta_analysis_data")],
    resources=[NOTEBOOK],
    priority=LAST,
)
def meta_analysis(notebook: NotebookProcess) -> Made[Path]:
    """The notebook over the history: size of the platform, removals and their effect; a run of its own."""
    notebook.require_success()
    path = executed_notebook()
    return Made(path, {"notebook": dg.MetadataValue.notebook(path)})


SHOWING = (platform_page, platform_history, models_run_per_day, meta_analysis_data, meta_analysis)
