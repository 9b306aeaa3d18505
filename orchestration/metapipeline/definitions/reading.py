"""The assets that read: dbt projects, BI workspaces, runs and uses of the landed events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import dagster as dg

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.checks import reading as checks
from orchestration.metapipeline.definitions.making import WAREHOUSE, Made, asset, tools_of
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.graph.assets import AssetFacts, read_assets
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.usage.evidence import LAG_MAX
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, model_times

EVENTS = (dg.AssetKey("stg_platform_events"), dg.AssetKey("stg_dagster_events"))


AssetsOf = Callable[[dg.AssetExecutionContext], tuple[AssetFacts, ...]]
"""Reads the assets of the code location of a run."""


def assets_of_code_location(context: dg.AssetExecutionContext) -> tuple[AssetFacts, ...]:
    """Read the assets of the code location that this process has loaded."""
    return read_assets(context.repository_def)


@asset(kinds={"dagster"}, checks=[checks.other_assets_are_read])
def dagster_assets(context: dg.AssetExecutionContext, assets_of: AssetsOf) -> Made[tuple[AssetFacts, ...]]:
    """Every asset of this code location, topics and other external ones included."""
    assets = assets_of(context)
    return Made(assets, {"assets": len(assets), "groups": len({one.group for one in assets})})


@asset(kinds={"dbt"}, checks=[checks.every_project_has_models, checks.manifests_are_whole])
def dbt_projects(clients: Clients) -> Made[tuple[PlatformGraph, ...]]:
    """The graph of each dbt project, from its manifest."""
    projects = steps.read_projects(clients.document)
    counts = {
        kind.value: sum(len(project.of_kind(kind)) for project in projects)
        for kind in NodeKind
        if any(project.of_kind(kind) for project in projects)
    }
    gaps = [gap for project in projects for gap in project.gaps]
    return Made(projects, {**counts, "gaps": table(map(asdict, gaps))})


@asset(kinds=tools_of, checks=[checks.bi_reading_is_whole])
def bi_workspaces(context: dg.AssetExecutionContext, clients: Clients) -> Made[tuple[Workspace, ...]]:
    """Collections, reports, owners, counters and queries of the BI tools."""
    workspaces = steps.read_workspaces(clients, context.log.info)
    return Made(
        workspaces,
        {
            "reports": sum(len(one.reports) for one in workspaces),
            "archived": sum(report.archived for one in workspaces for report in one.reports),
            "queries": sum(len(one.queries) for one in workspaces),
            "doubts": table({"workspace": one.name, "doubt": doubt} for one in workspaces for doubt in one.doubts),
        },
    )


@asset(
    kinds={"snowflake", "python"},
    checks=[checks.runs_are_known, checks.runs_are_finished],
    deps=EVENTS,
    pool=WAREHOUSE,
)
def model_runs(clients: Clients) -> Made[tuple[ModelRun, ...]]:
    """Every run of a dbt model in the published events, paired from its start and its end."""
    runs = steps.read_model_runs(clients)
    states = [run.state for run in runs]
    return Made(
        runs,
        {
            "models": len({run.model for run in runs}),
            **{state.value: states.count(state) for state in RunState},
            "run_times": table(map(asdict, model_times(runs))),
        },
    )


@asset(
    kinds={"snowflake", "s3", "python"},
    checks=[checks.usage_window_is_sealed, checks.usage_is_read_whole],
    deps=EVENTS,
    pool=WAREHOUSE,
)
def usage_evidence(
    clients: Clients, dbt_projects: tuple[PlatformGraph, ...], dagster_assets: tuple[AssetFacts, ...]
) -> Made[steps.Usage]:
    """Who used which relation, model or asset, and the hours that this covers."""
    usage = steps.read_usage(clients, dbt_projects, dagster_assets)
    window = usage.window
    return Made(
        usage,
        {
            "uses": table(map(asdict, usage.uses)),
            "window": f"{window.start:%Y-%m-%dT%H} to {window.end:%Y-%m-%dT%H}" if window else "not asked",
            "unsealed_hours": len(window.unsealed) if window else 0,
            "lag_max_hours": LAG_MAX.total_seconds() / 3600,
        },
    )


READING = (dagster_assets, dbt_projects, bi_workspaces, model_runs, usage_evidence)
