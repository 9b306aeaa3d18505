"""The assets that change something: reports, repositories, and the owners' inboxes; dry until the document says so."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import dagster as dg

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.definitions.making import Making
from orchestration.metapipeline.definitions.shown import table
from orchestration.metapipeline.definitions.values import (
    ANSWER,
    ANSWERS,
    CHANGES,
    PLATFORM,
    REPORT_PLANS,
    USAGE,
    WORKSPACES,
)
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.clients import Clients


def changing_assets(clients: Clients, making: Making) -> list[dg.AssetsDefinition]:
    """Build the assets; each lists what it did, or would do."""
    tools: set[str] = {bi.tool for bi in clients.document.bi} or {"python"}

    @making.asset(kinds=tools, frame=CHANGES, reads={"bi_workspaces": WORKSPACES, "stale_reports": REPORT_PLANS})
    def archived_reports(
        context: dg.AssetExecutionContext,
        bi_workspaces: tuple[Workspace, ...],
        stale_reports: tuple[ReportPlan, ...],
    ) -> dg.Output[Any]:
        """Stale reports archived, and deletable ones deleted; a report that was used since the plan is left alone."""
        from orchestration.metapipeline.pipeline.reports import change_reports  # noqa: PLC0415 (imports clients)

        with clients.tools(context.log.info) as opened:
            return _listed(change_reports(clients, opened, bi_workspaces, stale_reports), clients)

    @making.asset(
        kinds={"git", "github"},
        frame=CHANGES,
        reads={
            "unused_models": ANSWER,
            "usage_evidence": USAGE,
            "platform_graph": PLATFORM,
            "bi_workspaces": WORKSPACES,
        },
    )
    def pull_requests(
        context: dg.AssetExecutionContext,
        unused_models: Found | Withheld,
        usage_evidence: steps.Usage,
        platform_graph: Platform,
        bi_workspaces: tuple[Workspace, ...],
    ) -> dg.Output[Any]:
        """One pull request per unused model and one for the exposures; updated, never doubled."""
        from orchestration.metapipeline.pipeline.repositories import Repositories  # noqa: PLC0415 (imports PyGithub)

        graph = steps.graph_for_exposures(platform_graph, bi_workspaces)
        with DbtProcess() as dbt:
            repositories = Repositories(clients, dbt, context.log.info)
            proposals = repositories.propose(unused_models, usage_evidence, graph)
            for one in proposals:
                if one.reason:
                    context.log.warning("no pull requests for %s: %s", one.manifest, one.reason)
            return _listed(repositories.change(proposals), clients)

    @making.asset(
        kinds={"slack"},
        frame=CHANGES,
        reads={"stale_reports": REPORT_PLANS, "unused_models": ANSWER, "slow_models": ANSWERS},
    )
    def owner_messages(
        stale_reports: tuple[ReportPlan, ...],
        unused_models: Found | Withheld,
        slow_models: tuple[Found | Withheld, ...],
    ) -> dg.Output[Any]:
        """One message per owner with the findings of the period."""
        from orchestration.metapipeline.pipeline.reports import inform_owners  # noqa: PLC0415 (imports clients)

        reports = (answer for plan in stale_reports for answer in plan.answers)
        return _listed(inform_owners(clients, (*reports, unused_models, *slow_models)), clients)

    return [archived_reports, pull_requests, owner_messages]


def changing_checks() -> list[dg.AssetChecksDefinition]:
    """Build the checks: a change that failed needs somebody; the host refused, or the project does not parse."""

    @dg.asset_check(asset="archived_reports")
    def no_report_failed(archived_reports: Any) -> dg.AssetCheckResult:
        """Every report was changed, or left alone for a reason that needs nobody."""
        return _judged(archived_reports)

    @dg.asset_check(asset="pull_requests")
    def no_pull_request_failed(pull_requests: Any) -> dg.AssetCheckResult:
        """Every plan has its pull request, or waits for a reason that needs nobody."""
        return _judged(pull_requests)

    @dg.asset_check(asset="owner_messages")
    def no_message_failed(owner_messages: Any) -> dg.AssetCheckResult:
        """Every owner was told."""
        return _judged(owner_messages)

    return [no_report_failed, no_pull_request_failed, no_message_failed]


def _judged(changes: tuple[Change, ...]) -> dg.AssetCheckResult:
    failed = [change.line() for change in changes if change.failed]
    return dg.AssetCheckResult(passed=not failed, description="; ".join(failed) or None)


def _listed(changes: Iterable[Change], clients: Clients) -> dg.Output[Any]:
    found = tuple(changes)
    results = [change.result for change in found]
    return dg.Output(
        found,
        metadata={
            "dry_run": not clients.document.apply,
            **{result: results.count(result) for result in sorted(set(results))},
            "changes": table(map(asdict, found)),
        },
    )
