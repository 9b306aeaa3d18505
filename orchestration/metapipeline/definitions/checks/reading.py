"""Whether what was read is whole."""

from __future__ import annotations

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.definitions.checks.check import ERROR, WARN, check, listed
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import GapKind, NodeKind, PlatformGraph
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.pipeline.steps import OWN_GROUP, Usage
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState


@check(WARN)
def other_assets_are_read(dagster_assets: tuple[AssetFacts, ...]) -> str | None:
    """A code location with the metapipeline alone hides the assets that read models."""
    if any(one.group != OWN_GROUP for one in dagster_assets):
        return None
    return "the code location has no asset beside the metapipeline: load it where the assets of the platform are"


@check(ERROR)
def every_project_has_models(dbt_projects: tuple[PlatformGraph, ...], document: MetapipelineDocument) -> str | None:
    """An empty manifest makes everything that its project reads look unused."""
    read = zip(document.dbt_projects, dbt_projects, strict=True)
    empty = [str(project.manifest) for project, graph in read if not graph.of_kind(NodeKind.MODEL)]
    return f"no model in {', '.join(empty)}: parse the project again" if empty else None


@check(WARN)
def manifests_are_whole(dbt_projects: tuple[PlatformGraph, ...]) -> str | None:
    """A partly parsed manifest refers to nodes that it does not have."""
    kinds = {GapKind.DISABLED, GapKind.MISSING}
    return listed([gap.reason for graph in dbt_projects for gap in graph.gaps if gap.kind in kinds])


@check(WARN)
def bi_reading_is_whole(bi_workspaces: tuple[Workspace, ...]) -> str | None:
    """A workspace that was read in part, or lost half of what it had, archives nothing and makes nothing unused."""
    return listed([f"{one.tool} {one.name}: {doubt}" for one in bi_workspaces for doubt in one.doubts])


@check(WARN)
def runs_are_known(model_runs: tuple[ModelRun, ...]) -> str | None:
    """Without a run of a model the events say nothing about models."""
    return None if model_runs else "no published event is about a run of a model: publish hours first"


@check(WARN)
def runs_are_finished(model_runs: tuple[ModelRun, ...], document: MetapipelineDocument) -> str | None:
    """A run without an end has no time and no credits: its events were lost, or its process was killed."""
    unfinished, share = sum(run.state is RunState.UNFINISHED for run in model_runs), document.checks.unfinished_share
    if unfinished <= share * len(model_runs):
        return None
    return f"{unfinished:,} of {len(model_runs):,} runs have no end, more than {share:.0%}"


@check(WARN)
def usage_window_is_sealed(usage_evidence: Usage) -> str | None:
    """Whether something is unused is unknown while an hour of the window is not sealed."""
    unsealed = usage_evidence.window.unsealed if usage_evidence.window else ()
    shown = ", ".join(f"{hour:%Y-%m-%dT%H}" for hour in unsealed[:5])
    return f"{len(unsealed):,} hours are not sealed, such as {shown}" if unsealed else None


@check(WARN)
def usage_is_read_whole(usage_evidence: Usage) -> str | None:
    """Whether something is unused is unknown when the events name more than is read."""
    evidence = usage_evidence.evidence
    if evidence is None or evidence.complete:
        return None
    return f"the events name more than can be read; {len(evidence.uses):,} uses were read"
