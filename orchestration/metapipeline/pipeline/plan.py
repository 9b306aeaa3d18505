"""The plan: what to archive, to deprecate and to flag, and why; nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld, findings_of
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance, measure_importance
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline import steps
from orchestration.metapipeline.pipeline.clients import Clients, Report
from orchestration.metapipeline.text import one_line
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.model_runs import ModelRun

TITLES = {
    FindingKind.STALE_REPORT: "Stale reports: archive",
    FindingKind.DELETABLE_REPORT: "Archived reports: delete",
    FindingKind.UNUSED_MODEL: "Models that nobody uses: deprecate",
    FindingKind.UNUSED_COLUMN: "Columns that nobody reads",
    FindingKind.SLOW_MODEL: "Models that became slow",
    FindingKind.IMPORTANT_MODEL: "Important models that became slow: optimise",
}


@dataclass(frozen=True, slots=True)
class MetaPlan:
    """Everything that one run says before the repositories are asked.

    Args:
        made_at: UTC.
        platform: the graph.
        workspaces: as they were read.
        usage: of the landed events.
        runs: of our models.
        reports: what becomes of the reports of each workspace.
        unused: models that nobody uses.
        columns: columns that nobody reads.
        slow: models that became slow.
        important: the important ones among them.
        importance: of every node, the most important first.
        credits: of our models.
    """

    made_at: datetime
    platform: Platform
    workspaces: tuple[Workspace, ...]
    usage: steps.Usage
    runs: tuple[ModelRun, ...]
    reports: tuple[ReportPlan, ...]
    unused: Found | Withheld
    columns: Found | Withheld
    slow: Found | Withheld
    important: Found | Withheld
    importance: tuple[Importance, ...]
    credits: tuple[ModelCredits, ...]

    @property
    def answers(self) -> tuple[Found | Withheld, ...]:
        """The answers, in the order in which people act on them."""
        reports = (answer for one in self.reports for answer in one.answers)
        return (*reports, self.unused, self.columns, self.slow, self.important)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the answers."""
        return findings_of(self.answers)

    @property
    def graph_for_exposures(self) -> PlatformGraph | None:
        """The graph; None when a workspace was read in part, since exposures would be missing."""
        return steps.graph_for_exposures(self.platform, self.workspaces)


def make_plan(clients: Clients, assets: Sequence[AssetFacts], report: Report) -> MetaPlan:
    """Run every step up to the plan; nothing is changed anywhere.

    Args:
        clients: of the document.
        assets: of Dagster.
        report: takes lines of progress.

    Raises:
        MetapipelineError: an input is missing or refused.
        SnowflakeError: Snowflake did not answer.
        UnavailableError: the bucket did not answer.
    """
    document = clients.document
    report("reading the dbt manifests")
    projects = steps.read_projects(document)
    workspaces = steps.read_workspaces(clients, report)
    runs: tuple[ModelRun, ...] = ()
    usage = steps.Usage()
    if document.unused_models.events:
        report("reading runs and uses from the landed events")
        runs = steps.read_model_runs(clients)
        usage = steps.read_usage(clients, projects, assets)
    report(f"reading the SQL of {sum(len(one.queries) for one in workspaces):,} queries")
    platform = steps.join(document, projects, assets, workspaces, usage.uses)
    graph = platform.graph
    report(f"judging {len(graph.nodes):,} nodes and {len(graph.edges):,} edges")
    ours, owners = steps.our_runs(graph, runs), steps.resolve_owners(document, projects, graph)
    importance, prices = measure_importance(graph, document.importance), steps.price(clients, ours).models
    unused = steps.judge_models(document, graph, ours, usage, workspaces)
    slow, important = steps.judge_times(document, ours, importance, owners)
    return MetaPlan(
        made_at=clients.clock.utc_now(),
        platform=platform,
        workspaces=workspaces,
        usage=usage,
        runs=ours,
        reports=steps.judge_reports(clients, workspaces),
        unused=steps.completed(unused, prices, owners),
        columns=steps.judge_columns(document, graph, workspaces),
        slow=slow,
        important=important,
        importance=importance,
        credits=prices,
    )


def notes(platform: Platform) -> Iterator[str]:
    """Yield what else a reader must know, one sentence each."""
    kinds = [gap.kind for gap in platform.graph.gaps]
    for kind in dict.fromkeys(kinds):
        yield f"{kinds.count(kind):,} gaps of the graph are {kind.value}: see the page, or --json"
    if platform.unmatched:
        yield f"{len(platform.unmatched):,} names in the events are no node of this graph"


def lines(plan: MetaPlan, shown_max: int = 20) -> Iterator[str]:
    """Yield the plan for people; text from the world is shown in one line each."""
    yield from answer_lines(plan.answers, shown_max)
    for one in plan.reports:
        if one.undecided:
            yield f"{one.workspace}: {len(one.undecided):,} reports are undecided, because a value is unknown"
        if one.left_out:
            yield f"{one.workspace}: {one.left_out:,} further reports wait for the next run"
    yield from notes(plan.platform)


def answer_lines(answers: Iterable[Found | Withheld], shown_max: int) -> Iterator[str]:
    """Yield the answers for people: withheld ones first, then the findings of each kind."""
    answers = tuple(answers)
    for answer in answers:
        if isinstance(answer, Withheld):
            yield f"{TITLES[answer.kind]}: no answer; {answer.reason}"
    findings = findings_of(answers)
    for kind, title in TITLES.items():
        found = [finding for finding in findings if finding.kind is kind and _is_said(finding)]
        if found:
            yield f"{title} ({len(found):,})"
            yield from _finding_lines(found[:shown_max])
            if len(found) > shown_max:
                yield f"  and {len(found) - shown_max:,} more"
    if unsure := sum(not _is_said(finding) for finding in findings):
        yield f"{unsure:,} further columns have no known reader, and that is not certain: see --json"


def _is_said(finding: Finding) -> bool:
    """A column is proposed when it is certain; the others are listed in the JSON and on the page."""
    return finding.kind is not FindingKind.UNUSED_COLUMN or finding.removable


def _finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        owners = f" [{', '.join(map(one_line, finding.owners))}]" if finding.owners else ""
        keeps = "" if finding.removable else " (stays)"
        yield f"  {one_line(finding.name or finding.subject)}{keeps}: {one_line(finding.reason)}{owners}"
        yield from (f"    {one_line(fact)}" for fact in finding.evidence)
