"""The steps, in the order in which they run; each is a function from values to a value.

1. read: dbt projects, BI workspaces, model runs and uses of the landed events
2. join: the platform graph
3. judge: stale reports, unused models, importance, slow models, credits, owners
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.findings import Found, Withheld, findings_of
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.manifest import load_manifest, read_manifest
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.graph.platform import Platform, WorkspaceReads, platform_graph, warehouse_graph
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.judging.stale.history_file import HistoryFile
from orchestration.metapipeline.judging.stale.plan import ReportPlan, plan_reports
from orchestration.metapipeline.judging.stale.source import shrunk
from orchestration.metapipeline.judging.unused import UnusedRules, find_unused
from orchestration.metapipeline.owners.codeowners import Codeowners, read_codeowners
from orchestration.metapipeline.owners.resolution import Ownership
from orchestration.metapipeline.pipeline.clients import Clients, Report
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.state import State
from orchestration.metapipeline.usage.credits import Bill, ModelCredits, bill, credit_rows
from orchestration.metapipeline.usage.evidence import LAG_MAX, Evidence, Use, Window, proven_hours, window_of
from orchestration.metapipeline.usage.model_runs import ModelRun, pair_runs
from orchestration.metapipeline.usage.ours import Ours, project_of
from orchestration.metapipeline.usage.slow import SlowRule, find_slow, important_and_slow

OWN_GROUP = "metapipeline"
"""The group of this pipeline's assets, which are no consumers of what they measure."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the landed events say about use.

    Args:
        evidence: who used what in the window; None when the document does not ask the events.
        window: that it covers; likewise.
    """

    evidence: Evidence | None = None
    window: Window | None = None

    @property
    def uses(self) -> tuple[Use, ...]:
        """Who used what; empty when the events were not asked."""
        return self.evidence.uses if self.evidence else ()


# 1. read


def read_projects(document: MetapipelineDocument) -> tuple[PlatformGraph, ...]:
    """Read the manifest of each dbt project.

    Raises:
        ManifestError: a file is no manifest, or its schema is unknown.
        GraphError: a project has a cycle.
    """
    return tuple(read_manifest(project.manifest) for project in document.dbt_projects)


def read_workspaces(clients: Clients, report: Report) -> tuple[Workspace, ...]:
    """Read every BI workspace of the document; one that lost half of what it had is in doubt.

    Raises:
        BiError: a tool did not answer, or refused, or the record of its reports is damaged.
    """
    with clients.tools(report) as tools:
        return tuple(_compared(clients, tool.read()) for tool in tools)


def _compared(clients: Clients, workspace: Workspace) -> Workspace:
    """Doubt a reading that is much smaller than the last one: what it lacks would look unused."""
    last = history_file(clients.state, workspace).load(workspace).counts
    lost = shrunk(workspace, last, clients.document.stale_reports)
    if lost is None:
        return workspace
    doubt = f"it {lost}: check the rights of the token, or record the new counts if the workspace did shrink"
    return replace(workspace, doubts=(*workspace.doubts, doubt))


def read_model_runs(clients: Clients) -> tuple[ModelRun, ...]:
    """Read the runs of dbt models, of all organizations, in the newest days.

    Raises:
        SnowflakeError: Snowflake did not answer, or no staging model exists yet.
    """
    return pair_runs(clients.events.about_models(clients.document.runs_days))


def read_usage(clients: Clients, projects: Sequence[PlatformGraph], assets: Iterable[AssetFacts]) -> Usage:
    """Read who used what in the window of the document; nothing is asked when it does not want events.

    Raises:
        SnowflakeError: Snowflake did not answer, or no staging model exists yet.
        UnavailableError: the bucket did not answer.
    """
    unused = clients.document.unused_models
    if not unused.events:
        return Usage()
    now, span = clients.clock.utc_now(), timedelta(hours=unused.window_hours)
    tables = clients.uses.tables
    staged = dict(zip((table.name.name for table in tables), clients.uses.hours(now - span - 2 * LAG_MAX), strict=True))
    sealed = [proven_hours(hours, staged.get(model, frozenset())) for model, hours in clients.published().items()]
    window = window_of(sealed, span, now)
    own = replace(
        clients.uses.own,
        assets=tuple(sorted(asset.key for asset in assets if asset.group == OWN_GROUP)),
        projects=tuple(sorted({name for project in projects for name in own_projects(project)})),
    )
    return Usage(replace(clients.uses, own=own).since(window.start), window)


def own_projects(project: PlatformGraph) -> frozenset[str]:
    """Return the names of the dbt projects whose models a graph holds, without installed packages."""
    models = (project.by_id[unique_id] for unique_id in project.of_kind(NodeKind.MODEL))
    return frozenset(node.project for node in models if node.facts.get("origin") in (None, "own"))


# 2. join


def join(
    document: MetapipelineDocument,
    projects: Sequence[PlatformGraph],
    assets: Iterable[AssetFacts],
    workspaces: Iterable[Workspace],
    uses: Iterable[Use],
) -> Platform:
    """Build the platform graph; the SQL of each query, and of what dbt runs, is read here.

    Raises:
        ManifestError: a manifest is gone since the projects were read.
        GraphError: two manifests are of one project, or the graph has a cycle.
    """
    from orchestration.metapipeline.sql.resolution import Catalog, resolve_queries  # noqa: PLC0415 (imports sqlglot)
    from orchestration.metapipeline.sql.undeclared import add_undeclared_reads  # noqa: PLC0415

    manifests = (load_manifest(project.manifest) for project in document.dbt_projects)
    warehouse = add_undeclared_reads(warehouse_graph(projects, assets), manifests)
    catalog = Catalog.of(warehouse)
    reads = [WorkspaceReads(one, tuple(resolve_queries(one, catalog))) for one in workspaces]
    return platform_graph(warehouse, reads, uses)


# 3. judge


def judge_reports(clients: Clients, workspaces: Iterable[Workspace]) -> tuple[ReportPlan, ...]:
    """Plan what becomes of the reports of each workspace.

    Raises:
        BiError: a history is damaged.
    """
    rules, now = clients.document.stale_reports, clients.clock.utc_now()
    return tuple(
        plan_reports(workspace, history_file(clients.state, workspace).load(workspace), rules, now)
        for workspace in workspaces
    )


def history_file(state: State, workspace: Workspace) -> HistoryFile:
    """Return the file with our record of the reports of a workspace."""
    name = "".join(character if character.isalnum() else "-" for character in f"{workspace.tool}-{workspace.name}")
    return HistoryFile(state, f"reports/{name}.json")


def judge_models(
    document: MetapipelineDocument,
    graph: PlatformGraph,
    runs: Iterable[ModelRun],
    usage: Usage,
    workspaces: Iterable[Workspace],
) -> Found | Withheld:
    """List the models that nobody uses.

    Raises:
        ConsumerError: a configured consumer is not in the graph.
    """
    doubts = _doubts(workspaces)
    if usage.evidence is not None and not usage.evidence.complete:
        doubts.append("the events name more than can be read")
    rules = UnusedRules(
        frozenset(document.unused_models.consumers),
        document.unused_models.plausible_share,
        frozenset({OWN_GROUP}),
        events=document.unused_models.events,
    )
    return find_unused(graph, runs, rules, window=usage.window, doubts=doubts)


def _doubts(workspaces: Iterable[Workspace]) -> list[str]:
    return [f"{one.tool} {one.name}: {doubt}" for one in workspaces for doubt in one.doubts]


def judge_columns(
    document: MetapipelineDocument, graph: PlatformGraph, workspaces: Sequence[Workspace]
) -> Found | Withheld:
    """List the columns of models that no reader needs; the manifests hold the compiled SQL after `dbt compile`."""
    from orchestration.metapipeline.sql.columns import Sources, unused_columns  # noqa: PLC0415 (imports sqlglot)
    from orchestration.metapipeline.sql.resolution import Catalog, resolve_queries  # noqa: PLC0415

    catalog = Catalog.of(graph)
    queries = tuple(read for one in workspaces for read in resolve_queries(one, catalog))
    definitions = tuple(text for one in workspaces for text in one.definitions.values())
    manifests = [load_manifest(project.manifest) for project in document.dbt_projects]
    doubts = _doubts(workspaces)
    answers = [unused_columns(Sources(graph, manifest, queries, definitions, doubts=doubts)) for manifest in manifests]
    found = [answer for answer in answers if isinstance(answer, Found)]
    if not found:
        return answers[0]
    # the certain ones first
    return Found(tuple(sorted(findings_of(found), key=lambda one: not one.removable)))


def graph_for_exposures(platform: Platform, workspaces: Iterable[Workspace]) -> PlatformGraph | None:
    """Return the graph; None when a workspace was read in part, since exposures would be missing."""
    return None if any(one.doubts for one in workspaces) else platform.graph


def our_runs(graph: PlatformGraph, runs: Iterable[ModelRun]) -> tuple[ModelRun, ...]:
    """Return the runs of the models of this graph; the events hold those of every organization."""
    models = frozenset(graph.of_kind(NodeKind.MODEL))
    ours, _ = Ours(frozenset(map(project_of, models))).split(runs)
    return tuple(run for run in ours if run.model in models)


def judge_times(
    document: MetapipelineDocument,
    runs: Sequence[ModelRun],
    importance: Iterable[Importance],
    owners: Mapping[str, tuple[str, ...]],
) -> tuple[Found | Withheld, Found | Withheld]:
    """List the models that became slow, and the important ones among them.

    Args:
        document: thresholds.
        runs: of our models.
        importance: of all nodes.
        owners: by node.
    """
    slow = document.slow_models
    rule = SlowRule(recent_days=slow.recent_days, ratio_min=slow.ratio_min, seconds_min=slow.seconds_min)
    found = find_slow(runs, rule, owners)
    scores = {row.unique_id: row.score for row in importance if row.kind is NodeKind.MODEL}
    return found, important_and_slow(found, scores, slow.important_share)


def price(clients: Clients, runs: Sequence[ModelRun]) -> Bill:
    """Divide the credits of the document's warehouse among our models; estimates where nothing is metered.

    Raises:
        SnowflakeError: Snowflake did not answer.
    """
    wanted = clients.document.credits
    hours = [hour for run in runs for hour in run.hours]
    read = clients.metering.since(min(hours)) if hours else None
    metered = None if read is None else [one for one in read if one.warehouse == wanted.warehouse]
    rates = {wanted.warehouse: wanted.size.credits_per_hour}
    return bill(credit_rows(runs, lambda _: wanted.warehouse, rates, metered or ()), metered)


def resolve_owners(
    document: MetapipelineDocument, projects: Sequence[PlatformGraph], graph: PlatformGraph
) -> dict[str, tuple[str, ...]]:
    """Return whom to tell about each node; nodes that nobody owns are left out."""
    owned = Ownership(fallback=document.owners.fallback).of_all(graph.nodes)
    for project, found in zip(document.dbt_projects, projects, strict=True):
        rules = read_codeowners(project.codeowners) if project.codeowners else Codeowners()
        folder = project.repository.project_folder if project.repository else ""
        names = own_projects(found)
        ownership = Ownership(rules, dict.fromkeys(names, folder), document.owners.fallback)
        owned |= ownership.of_all(node for node in graph.nodes if node.project in names)
    return owned


def completed(
    answer: Found | Withheld, prices: Iterable[ModelCredits], owners: Mapping[str, tuple[str, ...]]
) -> Found | Withheld:
    """Give each finding about a model its credits, None when no run of it was timed, and its owners."""
    if isinstance(answer, Withheld):
        return answer
    by_model = {row.model: round(row.credits, 6) for row in prices}
    return Found(
        tuple(
            replace(
                one,
                numbers={**one.numbers, "credits": by_model.get(one.subject)},
                owners=owners.get(one.subject, one.owners),
            )
            for one in answer.findings
        )
    )
