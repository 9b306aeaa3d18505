"""The types of the values that the assets hand to each other."""

from __future__ import annotations

from orchestration.frames.types import FrameType
from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.assets import AssetFacts
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.graph.platform import Platform
from orchestration.metapipeline.judging.importance import Importance
from orchestration.metapipeline.judging.stale.plan import ReportPlan
from orchestration.metapipeline.pipeline.change import Change
from orchestration.metapipeline.pipeline.steps import Usage
from orchestration.metapipeline.usage.credits import ModelCredits
from orchestration.metapipeline.usage.history import PlatformDay
from orchestration.metapipeline.usage.model_runs import ModelRun

ASSETS = FrameType(tuple[AssetFacts, ...], "DagsterAssets")
PROJECTS = FrameType(tuple[PlatformGraph, ...], "DbtProjects")
WORKSPACES = FrameType(tuple[Workspace, ...], "BiWorkspaces")
RUNS = FrameType(tuple[ModelRun, ...], "ModelRuns")
USAGE = FrameType(Usage, "Usage")
PLATFORM = FrameType(Platform, "Platform")
REPORT_PLANS = FrameType(tuple[ReportPlan, ...], "ReportPlans")
IMPORTANCE = FrameType(tuple[Importance, ...], "Nodes")
CREDITS = FrameType(tuple[ModelCredits, ...], "ModelCredits")
ANSWER = FrameType(Found | Withheld, "Answer")
ANSWERS = FrameType(tuple[Found | Withheld, ...], "Answers")
DAYS = FrameType(tuple[PlatformDay, ...], "PlatformDays")
CHANGES = FrameType(tuple[Change, ...], "Changes")

FRAMES = {
    "dagster_assets": ASSETS,
    "dbt_projects": PROJECTS,
    "bi_workspaces": WORKSPACES,
    "model_runs": RUNS,
    "usage_evidence": USAGE,
    "platform_graph": PLATFORM,
    "model_importance": IMPORTANCE,
    "model_credits": CREDITS,
    "stale_reports": REPORT_PLANS,
    "unused_models": ANSWER,
    "unused_columns": ANSWER,
    "slow_models": ANSWERS,
    "archived_reports": CHANGES,
    "pull_requests": CHANGES,
    "owner_messages": CHANGES,
    "platform_history": DAYS,
}
"""The type of the value of each asset that has one."""
