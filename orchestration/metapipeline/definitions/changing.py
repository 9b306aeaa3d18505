"""The assets that change something: reports, repositories, and the owners' inboxes; dry until the document says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import dagster as dg

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.checks import changing as checks
from orchestration.metapipeline.definitions.making import Made, asset, tools_of
from orchestration.metapipeline.definitions.processes import GATE, Gate
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.clients import Clients


@asset(kinds=tools_of, checks=[checks.no_report_failed])
def archived_reports(
    context: dg.AssetExecutionContext,
    clients: Clients,
    bi_workspaces: tuple[Workspace, ...],
    stale_reports: tuple[ReportPlan, ...],
) -> Made[tuple[Change, ...]]:
    """Stale reports archived, and deletable ones deleted; a report that was used since the plan is left alone."""
    from orchestration.metapipeline.pipeline.reports import change_reports  # noqa: PLC0415 (imports clients)

    with clients.tools(context.log.info) as opened:
        return _listed(change_reports(clients, opened, bi_workspaces, stale_reports), clients)


@asset(kinds={"git", "github"}, checks=[checks.no_pull_request_failed], resources=[GATE])
def pull_requests(  # noqa: PLR0913, PLR0917 (the inputs of an asset)
    context: dg.AssetExecutionContext,
    clients: Clients,
    gate: Gate,
    unused_models: Found | Withheld,
    unused_columns: Found | Withheld,
    usage_evidence: steps.Usage,
    platform_graph: Platform,
    bi_workspaces: tuple[Workspace, ...],
) -> Made[tuple[Change, ...]]:
    """One pull request per unused model, one per certain column if wanted, one for the exposures; never doubled."""
    from orchestration.metapipeline.pipeline.repositories import Repositories  # noqa: PLC0415 (imports PyGithub)

    graph = steps.graph_for_exposures(platform_graph, bi_workspaces)
    parsed = gate.parsed.result()
    repositories = Repositories(clients, gate.dbt, context.log.info)
    proposals = repositories.propose(unused_models, unused_columns, usage_evidence, graph, parsed)
    for one in proposals:
        if one.reason:
            context.log.warning("no pull requests for %s: %s", one.manifest, one.reason)
    return _listed(repositories.change(proposals), clients)


@asset(kinds={"slack"}, checks=[checks.no_message_failed])
def owner_messages(
    clients: Clients,
    stale_reports: tuple[ReportPlan, ...],
    unused_models: Found | Withheld,
    slow_models: tuple[Found | Withheld, ...],
) -> Made[tuple[Change, ...]]:
    """One message per owner with the findings of the period."""
    from orchestration.metapipeline.pipeline.reports import inform_owners  # noqa: PLC0415 (imports clients)

    reports = (answer for plan in stale_reports for answer in plan.answers)
    return _listed(inform_owners(clients, (*reports, unused_models, *slow_models)), clients)


CHANGING = (archived_reports, pull_requests, owner_messages)


def _listed(changes: Iterable[Change], clients: Clients) -> Made[tuple[Change, ...]]:
    found = tuple(changes)
    results = [change.result for change in found]
    return Made(
        found,
        {
            "dry_run": not clients.document.apply,
            **{result: results.count(result) for result in sorted(set(results))},
            "changes": table(map(asdict, found)),
        },
    )
