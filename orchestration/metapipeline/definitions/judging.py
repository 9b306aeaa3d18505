"""The assets that join and judge: the platform graph, and what is said about its nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.checks import judging as checks
from orchestration.metapipeline.definitions.making import WAREHOUSE, Made, asset
from orchestration.metapipeline.definitions.shown import answer, table
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.clients import Clients
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.model_runs import ModelRun


@asset(
    kinds={"networkx", "dbt"},
    checks=[checks.every_model_is_in_the_graph, checks.every_query_is_understood, checks.gaps_are_few],
)
def platform_graph(
    clients: Clients,
    dagster_assets: tuple[AssetFacts, ...],
    dbt_projects: tuple[PlatformGraph, ...],
    bi_workspaces: tuple[Workspace, ...],
    usage_evidence: steps.Usage,
) -> Made[Platform]:
    """dbt, Dagster, BI and uses in one graph; what is no edge for certain is a gap with its reason."""
    platform = steps.join(clients.document, dbt_projects, dagster_assets, bi_workspaces, usage_evidence.uses)
    counts = Counter(node.kind.value for node in platform.graph.nodes)
    return Made(
        platform,
        {
            "nodes": len(platform.graph.nodes),
            "edges": len(platform.graph.edges),
            **counts,
            "gaps": table(map(asdict, platform.graph.gaps)),
            "names_of_no_node": len(platform.unmatched),
        },
    )


@asset(kinds={"networkx"}, checks=[checks.importance_covers_every_model])
def model_importance(clients: Clients, platform_graph: Platform) -> Made[tuple[Importance, ...]]:
    """Each node with six centralities and one score, the most important first."""
    from orchestration.metapipeline.judging.importance import measure_importance  # noqa: PLC0415 (imports numpy)

    rows = measure_importance(platform_graph.graph, clients.document.importance)
    most = next((row.unique_id for row in rows if row.kind is NodeKind.MODEL), "none")
    return Made(rows, {"most_important_model": most, "importance": table(map(asdict, rows))})


@asset(
    kinds={"snowflake", "python"},
    checks=[checks.credits_add_up, checks.the_rest_is_small],
    pool=WAREHOUSE,
)
def model_credits(
    clients: Clients, platform_graph: Platform, model_runs: tuple[ModelRun, ...]
) -> Made[tuple[ModelCredits, ...]]:
    """Credits of each model: runs x run time x rate, adding up to the metered credits where they are read."""
    bill = steps.price(clients, steps.our_runs(platform_graph.graph, model_runs))
    metered = {} if bill.metered is None else {"metered": bill.metered, "rest": bill.rest}
    credits_ = sum(row.credits for row in bill.models)
    return Made(
        bill.models, {"credits": credits_, **metered, "models": table(map(asdict, bill.models))}, {"bill": bill}
    )


@asset(kinds={"python"}, checks=[checks.stale_reports_are_answered])
def stale_reports(clients: Clients, bi_workspaces: tuple[Workspace, ...]) -> Made[tuple[ReportPlan, ...]]:
    """Reports that nobody runs or views, and what becomes of them."""
    plans = steps.judge_reports(clients, bi_workspaces)
    shown = {f"{one.workspace}.{name}": value for one in plans for name, value in answer(one.stale).items()}
    undecided = sum(len(one.undecided) for one in plans)
    return Made(plans, {**shown, "undecided": undecided, "steps": sum(len(p.steps) for p in plans)})


@asset(kinds={"networkx"}, checks=[checks.unused_models_are_answered, checks.models_have_owners])
def unused_models(  # noqa: PLR0913, PLR0917 (the inputs of an asset)
    clients: Clients,
    dbt_projects: tuple[PlatformGraph, ...],
    platform_graph: Platform,
    model_runs: tuple[ModelRun, ...],
    usage_evidence: steps.Usage,
    bi_workspaces: tuple[Workspace, ...],
    model_credits: tuple[ModelCredits, ...],
) -> Made[Found | Withheld]:
    """Models from which no path leads to a consumer; withheld when an input does not carry the answer."""
    document, graph = clients.document, platform_graph.graph
    runs = steps.our_runs(graph, model_runs)
    found = steps.judge_models(document, graph, runs, usage_evidence, bi_workspaces)
    owners = steps.resolve_owners(document, dbt_projects, graph)
    found = steps.completed(found, model_credits, owners)
    return Made(found, answer(found), {"owners": owners})


@asset(kinds={"python"}, checks=[checks.unused_columns_are_answered, checks.columns_are_certain])
def unused_columns(
    clients: Clients, platform_graph: Platform, bi_workspaces: tuple[Workspace, ...]
) -> Made[Found | Withheld]:
    """Columns that no query, model or use names; certain ones are marked."""
    found = steps.judge_columns(clients.document, platform_graph.graph, bi_workspaces)
    return Made(found, answer(found))


@asset(kinds={"python"}, checks=[checks.slow_models_have_owners])
def slow_models(
    clients: Clients,
    dbt_projects: tuple[PlatformGraph, ...],
    platform_graph: Platform,
    model_runs: tuple[ModelRun, ...],
    model_importance: tuple[Importance, ...],
) -> Made[tuple[Found | Withheld, ...]]:
    """Models that became slow, and the important ones among them."""
    document, graph = clients.document, platform_graph.graph
    owners = steps.resolve_owners(document, dbt_projects, graph)
    slow, important = steps.judge_times(document, steps.our_runs(graph, model_runs), model_importance, owners)
    shown = {f"important_{name}": value for name, value in answer(important).items()}
    return Made((slow, important), {**answer(slow), **shown})


JUDGING = (
    platform_graph,
    model_importance,
    model_credits,
    stale_reports,
    unused_models,
    unused_columns,
    slow_models,
)
