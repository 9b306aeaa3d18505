"""The assets that read: dbt projects, BI workspaces, runs and uses of the landed events."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import dagster as dg

from orchestration.metapipeline.definitions.making import WAREHOUSE, Making
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.definitions.values import ASSETS, PROJECTS, RUNS, USAGE, WORKSPACES
from orchestration.metapipeline.graph.assets import AssetFacts, read_assets
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.usage.evidence import LAG_MAX
from orchestration.metapipeline.usage.model_runs import RunState, model_times

EVENTS = (dg.AssetKey("stg_platform_events"), dg.AssetKey("stg_dagster_events"))


AssetsOf = Callable[[dg.AssetExecutionContext], tuple[AssetFacts, ...]]
"""Reads the assets of the code location of a run."""


def assets_of_code_location(context: dg.AssetExecutionContext) -> tuple[AssetFacts, ...]:
    """Read the assets of the code location that this process has loaded."""
    return read_assets(context.repository_def)


def reading_assets(clients: Clients, making: Making, assets_of: AssetsOf) -> list[dg.AssetsDefinition]:
    """Build the assets; a run reads each of them again, and keeps it as a frame."""

    @making.asset(kinds={"dagster"}, frame=ASSETS)
    def dagster_assets(context: dg.AssetExecutionContext) -> dg.Output[Any]:
        """Every asset of this code location, topics and other external ones included."""
        assets = assets_of(context)
        return dg.Output(assets, metadata={"assets": len(assets), "groups": len({one.group for one in assets})})

    tools: set[str] = {bi.tool for bi in clients.document.bi} or {"python"}

    @making.asset(kinds={"dbt"}, frame=PROJECTS)
    def dbt_projects() -> dg.Output[Any]:
        """The graph of each dbt project, from its manifest."""
        projects = steps.read_projects(clients.document)
        counts = {
            kind.value: sum(len(project.of_kind(kind)) for project in projects)
            for kind in NodeKind
            if any(project.of_kind(kind) for project in projects)
        }
        gaps = [gap for project in projects for gap in project.gaps]
        return dg.Output(projects, metadata={**counts, "gaps": table(map(asdict, gaps))})

    @making.asset(kinds=tools, frame=WORKSPACES)
    def bi_workspaces(context: dg.AssetExecutionContext) -> dg.Output[Any]:
        """Collections, reports, owners, counters and queries of the BI tools."""
        workspaces = steps.read_workspaces(clients, context.log.info)
        return dg.Output(
            workspaces,
            metadata={
                "reports": sum(len(one.reports) for one in workspaces),
                "archived": sum(report.archived for one in workspaces for report in one.reports),
                "queries": sum(len(one.queries) for one in workspaces),
                "doubts": table({"workspace": one.name, "doubt": doubt} for one in workspaces for doubt in one.doubts),
            },
        )

    @making.asset(kinds={"snowflake", "python"}, frame=RUNS, deps=EVENTS, pool=WAREHOUSE)
    def model_runs() -> dg.Output[Any]:
        """Every run of a dbt model in the published events, paired from its start and its end."""
        runs = steps.read_model_runs(clients)
        states = [run.state for run in runs]
        return dg.Output(
            runs,
            metadata={
                "models": len({run.model for run in runs}),
                **{state.value: states.count(state) for state in RunState},
                "run_times": table(map(asdict, model_times(runs))),
            },
        )

    @making.asset(
        kinds={"snowflake", "s3", "python"},
        frame=USAGE,
        deps=EVENTS,
        reads={"dbt_projects": PROJECTS, "dagster_assets": ASSETS},
        pool=WAREHOUSE,
    )
    def usage_evidence(
        dbt_projects: tuple[PlatformGraph, ...], dagster_assets: tuple[AssetFacts, ...]
    ) -> dg.Output[Any]:
        """Who used which relation, model or asset, and the hours that this covers."""
        usage = steps.read_usage(clients, dbt_projects, dagster_assets)
        window = usage.window
        return dg.Output(
            usage,
            metadata={
                "uses": table(map(asdict, usage.uses)),
                "window": f"{window.start:%Y-%m-%dT%H} to {window.end:%Y-%m-%dT%H}" if window else "not asked",
                "unsealed_hours": len(window.unsealed) if window else 0,
            },
        )

    return [dagster_assets, dbt_projects, bi_workspaces, model_runs, usage_evidence]


def reading_checks() -> list[dg.AssetChecksDefinition]:
    """Build the checks: what was read is whole."""

    @dg.asset_check(asset="bi_workspaces")
    def bi_reading_is_whole(bi_workspaces: Any) -> dg.AssetCheckResult:
        """A workspace that was read in part archives nothing."""
        doubts = [doubt for one in bi_workspaces for doubt in one.doubts]
        return dg.AssetCheckResult(
            passed=not doubts, severity=dg.AssetCheckSeverity.WARN, description="; ".join(doubts) or None
        )

    @dg.asset_check(asset="usage_evidence")
    def usage_window_is_sealed(usage_evidence: Any) -> dg.AssetCheckResult:
        """Whether something is unused is unknown while an hour of the window is not sealed."""
        unsealed = usage_evidence.window.unsealed if usage_evidence.window else ()
        shown = ", ".join(f"{hour:%Y-%m-%dT%H}" for hour in unsealed[:5])
        return dg.AssetCheckResult(
            passed=not unsealed,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(unsealed):,} hours are not sealed, such as {shown}" if unsealed else None,
            metadata={"lag_max_hours": LAG_MAX.total_seconds() / 3600},
        )

    @dg.asset_check(asset="model_runs")
    def runs_are_known(model_runs: Any) -> dg.AssetCheckResult:
        """Without a run of a model the events say nothing about models."""
        return dg.AssetCheckResult(passed=bool(model_runs), severity=dg.AssetCheckSeverity.WARN)

    return [bi_reading_is_whole, usage_window_is_sealed, runs_are_known]
