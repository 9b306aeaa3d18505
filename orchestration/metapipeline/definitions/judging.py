"""The assets that join and judge: the platform graph, and what is said about its nodes."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import dagster as dg

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.making import WAREHOUSE, Making
from orchestration.metapipeline.definitions.shown import answer, table
from orchestration.metapipeline.definitions.values import (
    ANSWER,
    ANSWERS,
    ASSETS,
    CREDITS,
    IMPORTANCE,
    PLATFORM,
    PROJECTS,
    REPORT_PLANS,
    RUNS,
    USAGE,
    WORKSPACES,
)
from orchestration.metapipeline.findings import Withheld
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.model_runs import ModelRun


def judging_assets(clients: Clients, making: Making) -> list[dg.AssetsDefinition]:
    """Build the assets."""
    document = clients.document

    @making.asset(
        kinds={"networkx", "dbt"},
        frame=PLATFORM,
        reads={
            "dagster_assets": ASSETS,
            "dbt_projects": PROJECTS,
            "bi_workspaces": WORKSPACES,
            "usage_evidence": USAGE,
        },
    )
    def platform_graph(
        dagster_assets: tuple[AssetFacts, ...],
        dbt_projects: tuple[PlatformGraph, ...],
        bi_workspaces: tuple[Workspace, ...],
        usage_evidence: steps.Usage,
    ) -> dg.Output[Any]:
        """dbt, Dagster, BI and uses in one graph; what is no edge for certain is a gap with its reason."""
        platform = steps.join(dbt_projects, dagster_assets, bi_workspaces, usage_evidence.uses)
        counts = Counter(node.kind.value for node in platform.graph.nodes)
        return dg.Output(
            platform,
            metadata={
                "nodes": len(platform.graph.nodes),
                "edges": len(platform.graph.edges),
                **counts,
                "gaps": table(map(asdict, platform.graph.gaps)),
                "names_of_no_node": len(platform.unmatched),
            },
        )

    @making.asset(kinds={"networkx"}, frame=IMPORTANCE, reads={"platform_graph": PLATFORM})
    def model_importance(platform_graph: Platform) -> dg.Output[Any]:
        """Each node with six centralities and one score, the most important first."""
        from orchestration.metapipeline.judging.importance import measure_importance  # noqa: PLC0415 (imports numpy)

        rows = measure_importance(platform_graph.graph, document.importance)
        most = next((row.unique_id for row in rows if row.kind is NodeKind.MODEL), "none")
        return dg.Output(rows, metadata={"most_important_model": most, "importance": table(map(asdict, rows))})

    @making.asset(
        kinds={"snowflake", "python"},
        frame=CREDITS,
        reads={"platform_graph": PLATFORM, "model_runs": RUNS},
        pool=WAREHOUSE,
    )
    def model_credits(platform_graph: Platform, model_runs: tuple[ModelRun, ...]) -> dg.Output[Any]:
        """Credits of each model: runs x run time x rate, adding up to the metered credits where they are read."""
        rows = steps.price(clients, steps.our_runs(platform_graph.graph, model_runs))
        return dg.Output(
            rows, metadata={"credits": sum(row.credits for row in rows), "models": table(map(asdict, rows))}
        )

    @making.asset(kinds={"python"}, frame=REPORT_PLANS, reads={"bi_workspaces": WORKSPACES})
    def stale_reports(bi_workspaces: tuple[Workspace, ...]) -> dg.Output[Any]:
        """Reports that nobody runs or views, and what becomes of them."""
        plans = steps.judge_reports(clients, bi_workspaces)
        shown = {f"{one.workspace}.{name}": value for one in plans for name, value in answer(one.stale).items()}
        undecided = sum(len(one.undecided) for one in plans)
        return dg.Output(plans, metadata={**shown, "undecided": undecided, "steps": sum(len(p.steps) for p in plans)})

    @making.asset(
        kinds={"networkx"},
        frame=ANSWER,
        reads={
            "dbt_projects": PROJECTS,
            "platform_graph": PLATFORM,
            "model_runs": RUNS,
            "usage_evidence": USAGE,
            "bi_workspaces": WORKSPACES,
            "model_credits": CREDITS,
        },
    )
    def unused_models(  # noqa: PLR0913, PLR0917 (the inputs of an asset)
        dbt_projects: tuple[PlatformGraph, ...],
        platform_graph: Platform,
        model_runs: tuple[ModelRun, ...],
        usage_evidence: steps.Usage,
        bi_workspaces: tuple[Workspace, ...],
        model_credits: tuple[ModelCredits, ...],
    ) -> dg.Output[Any]:
        """Models from which no path leads to a consumer; withheld when an input does not carry the answer."""
        graph = platform_graph.graph
        runs = steps.our_runs(graph, model_runs)
        found = steps.judge_models(document, graph, runs, usage_evidence, bi_workspaces)
        found = steps.completed(found, model_credits, steps.resolve_owners(document, dbt_projects, graph))
        return dg.Output(found, metadata=answer(found))

    @making.asset(
        kinds={"python"},
        frame=ANSWER,
        reads={"platform_graph": PLATFORM, "bi_workspaces": WORKSPACES},
    )
    def unused_columns(platform_graph: Platform, bi_workspaces: tuple[Workspace, ...]) -> dg.Output[Any]:
        """Columns that no query, model or use names; certain ones are marked."""
        found = steps.judge_columns(document, platform_graph.graph, bi_workspaces)
        return dg.Output(found, metadata=answer(found))

    @making.asset(
        kinds={"python"},
        frame=ANSWERS,
        reads={
            "dbt_projects": PROJECTS,
            "platform_graph": PLATFORM,
            "model_runs": RUNS,
            "model_importance": IMPORTANCE,
        },
    )
    def slow_models(
        dbt_projects: tuple[PlatformGraph, ...],
        platform_graph: Platform,
        model_runs: tuple[ModelRun, ...],
        model_importance: tuple[Importance, ...],
    ) -> dg.Output[Any]:
        """Models that became slow, and the important ones among them."""
        graph = platform_graph.graph
        owners = steps.resolve_owners(document, dbt_projects, graph)
        slow, important = steps.judge_times(document, steps.our_runs(graph, model_runs), model_importance, owners)
        shown = {f"important_{name}": value for name, value in answer(important).items()}
        return dg.Output((slow, important), metadata={**answer(slow), **shown})

    return [
        platform_graph,
        model_importance,
        model_credits,
        stale_reports,
        unused_models,
        unused_columns,
        slow_models,
    ]


def judging_checks() -> list[dg.AssetChecksDefinition]:
    """Build the checks: an answer is given, and every query is understood."""

    @dg.asset_check(asset="unused_models")
    def unused_models_are_answered(unused_models: Any) -> dg.AssetCheckResult:
        """A withheld answer is no answer: somebody has to give what it lacks."""
        reason = unused_models.reason if isinstance(unused_models, Withheld) else None
        return dg.AssetCheckResult(passed=reason is None, severity=dg.AssetCheckSeverity.WARN, description=reason)

    @dg.asset_check(asset="stale_reports")
    def stale_reports_are_answered(stale_reports: Any) -> dg.AssetCheckResult:
        """An empty, partial or suddenly halved workspace stops everything."""
        reasons = [plan.stale.reason for plan in stale_reports if isinstance(plan.stale, Withheld)]
        return dg.AssetCheckResult(
            passed=not reasons, severity=dg.AssetCheckSeverity.WARN, description="; ".join(reasons) or None
        )

    @dg.asset_check(asset="platform_graph")
    def every_query_is_understood(platform_graph: Any) -> dg.AssetCheckResult:
        """A query that is not understood may read anything that looks unused."""
        unread = [gap for gap in platform_graph.graph.gaps if gap.kind in {GapKind.DYNAMIC, GapKind.UNPARSABLE}]
        return dg.AssetCheckResult(
            passed=not unread,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(unread):,} queries, such as {unread[0].reader}: {unread[0].reason}" if unread else None,
        )

    return [unused_models_are_answered, stale_reports_are_answered, every_query_is_understood]
