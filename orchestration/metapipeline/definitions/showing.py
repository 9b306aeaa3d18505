"""The assets that show: the page of the graph, the history of the platform, the chart and the notebook."""

from base64 import b64encode
from dataclasses import asdict
from typing import Any

import dagster as dg

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.making import WAREHOUSE, Making
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.definitions.values import (
    ANSWER,
    ANSWERS,
    CREDITS,
    DAYS,
    PLATFORM,
    REPORT_PLANS,
    RUNS,
    WORKSPACES,
)
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import showing, steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelRun


def showing_assets(clients: Clients, making: Making) -> list[dg.AssetsDefinition]:
    """Build the assets."""

    @making.asset(
        kinds={"html"},
        reads={
            "platform_graph": PLATFORM,
            "stale_reports": REPORT_PLANS,
            "unused_models": ANSWER,
            "unused_columns": ANSWER,
            "slow_models": ANSWERS,
        },
    )
    def platform_page(
        platform_graph: Platform,
        stale_reports: tuple[ReportPlan, ...],
        unused_models: Found | Withheld,
        unused_columns: Found | Withheld,
        slow_models: tuple[Found | Withheld, ...],
    ) -> dg.MaterializeResult[None]:
        """One static page: search, owners, findings, and the path from a topic to a report."""
        reports = (answer for plan in stale_reports for answer in plan.answers)
        answers = (*reports, unused_models, unused_columns, *slow_models)
        path = showing.write_platform_page(clients, platform_graph.graph, answers)
        return dg.MaterializeResult(
            metadata={"page": dg.MetadataValue.path(path), "bytes": path.stat().st_size},
        )

    @making.asset(
        kinds={"snowflake"},
        frame=DAYS,
        reads={
            "platform_graph": PLATFORM,
            "bi_workspaces": WORKSPACES,
            "model_runs": RUNS,
            "unused_models": ANSWER,
            "model_credits": CREDITS,
        },
        pool=WAREHOUSE,
    )
    def platform_history(
        platform_graph: Platform,
        bi_workspaces: tuple[Workspace, ...],
        model_runs: tuple[ModelRun, ...],
        unused_models: Found | Withheld,
        model_credits: tuple[ModelCredits, ...],
    ) -> dg.Output[Any]:
        """One row per day: models, sources, reports, removals, seconds and credits, kept in Snowflake."""
        graph = platform_graph.graph
        runs = steps.our_runs(graph, model_runs)
        day = showing.today(clients, graph, bi_workspaces, runs, unused_models, model_credits)
        days = showing.record_today(clients, day, graph)
        return dg.Output(days, metadata={"days": len(days), "newest": table(map(asdict, reversed(days)))})

    @making.asset(kinds={"matplotlib", "slack"}, reads={"model_runs": RUNS})
    def models_run_per_day(model_runs: tuple[ModelRun, ...]) -> dg.MaterializeResult[None]:
        """How many distinct dbt models ran on each day, as a chart; it goes to Slack when there is a channel."""
        counts = showing.runs_per_day(model_runs)
        path = showing.write_chart(counts)
        png = path.read_bytes()
        sent = showing.send_chart(clients, png, counts)
        return dg.MaterializeResult(
            metadata={
                "chart": dg.MetadataValue.md(f"![models per day](data:image/png;base64,{b64encode(png).decode()})"),
                "file": dg.MetadataValue.path(path),
                "slack": sent,
                "days": table({"day": str(day), "models": count} for day, count in counts.items()),
            }
        )

    @making.asset(kinds={"jupyter"}, reads={"model_runs": RUNS, "platform_history": DAYS})
    def meta_analysis(
        context: dg.AssetExecutionContext, model_runs: tuple[ModelRun, ...], platform_history: tuple[PlatformDay, ...]
    ) -> dg.MaterializeResult[None]:
        """The notebook over the history: size of the platform, removals and their effect; a run of its own."""
        from orchestration.metapipeline.showing.notebooks.job import run_notebook  # noqa: PLC0415 (imports Dagstermill)

        path = run_notebook(context.instance, showing.runs_per_day(model_runs), platform_history)
        return dg.MaterializeResult(metadata={"notebook": dg.MetadataValue.notebook(path)})

    return [platform_page, platform_history, models_run_per_day, meta_analysis]
