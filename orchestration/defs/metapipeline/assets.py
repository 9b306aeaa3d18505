"""The assets of the metapipeline: model runs, the dbt graph, importance, unused models, chart."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg
from pydantic import Field

from orchestration.dbt_runner.build import require_manifest
from orchestration.folders import FolderSettings
from orchestration.metapipeline.findings import Answer, Withheld
from orchestration.metapipeline.graph.manifest import read_manifest
from orchestration.metapipeline.graph.nodes import NodeKind, PlatformGraph
from orchestration.metapipeline.importance import measure_importance
from orchestration.metapipeline.unused import UnusedRules, find_unused
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, model_times, models_per_day, pair_runs
from orchestration.metapipeline.usage.reading import StagedEvents

_GROUP = "metapipeline"
_OWNERS = ["team:data-platform"]
_ROWS_SHOWN = 50


class ModelRunsConfig(dg.Config):
    """How far back model runs are read."""

    days: int = Field(default=30, ge=1, description="days before the newest published hour")


@dg.asset(
    deps=["stg_platform_events", "stg_dagster_events"],
    group_name=_GROUP,
    owners=_OWNERS,
    kinds={"snowflake", "python"},
    pool="snowflake",
)
def model_runs(config: ModelRunsConfig, staged_events: dg.ResourceParam[StagedEvents]) -> dg.Output[list[ModelRun]]:
    """Every run of a dbt model in the published events, paired from its start and its end."""
    events = staged_events.about_models(config.days)
    runs = list(pair_runs(events))
    states = [run.state for run in runs]
    return dg.Output(
        runs,
        metadata={
            "events": len(events),
            "models": len({run.model for run in runs}),
            **{state.value: states.count(state) for state in RunState},
            "run_times": _table(map(asdict, model_times(runs))),
        },
    )


@dg.asset(group_name=_GROUP, owners=_OWNERS, kinds={"dbt"})
def dbt_graph() -> dg.Output[PlatformGraph]:
    """The graph of the dbt project: models, sources, seeds, snapshots and exposures."""
    graph = read_manifest(require_manifest())
    counts = {kind.value: len(graph.of_kind(kind)) for kind in NodeKind}
    return dg.Output(graph, metadata={"nodes": len(graph.nodes), "edges": len(graph.edges), **counts})


class ImportanceConfig(dg.Config):
    """The weight of each centrality in the score; only their proportions count."""

    degree: float = Field(default=1, ge=0)
    in_degree: float = Field(default=1, ge=0)
    out_degree: float = Field(default=2, ge=0, description="models that read it")
    closeness: float = Field(default=1, ge=0)
    betweenness: float = Field(default=3, ge=0, description="shortest paths through it: a bottleneck")
    pagerank: float = Field(default=2, ge=0)


@dg.asset(group_name=_GROUP, owners=_OWNERS, kinds={"python"})
def model_importance(config: ImportanceConfig, dbt_graph: PlatformGraph) -> dg.Output[list[dict[str, Any]]]:
    """Each node of the dbt graph with six centralities and one score, the most important first."""
    rows = [asdict(row) for row in measure_importance(dbt_graph, config.model_dump())]
    most = next((row["unique_id"] for row in rows if row["kind"] == NodeKind.MODEL), "none")
    return dg.Output(rows, metadata={"most_important_model": most, "importance": _table(rows)})


class UnusedModelsConfig(dg.Config):
    """Consumers that dbt does not know as exposures."""

    consumers: list[str] = Field(default=[], description="unique ids of dbt nodes that are read outside of dbt")


@dg.asset(group_name=_GROUP, owners=_OWNERS, kinds={"python"})
def unused_models(
    config: UnusedModelsConfig, dbt_graph: PlatformGraph, model_runs: list[ModelRun]
) -> dg.Output[Answer]:
    """Models from which no path leads to a consumer; withheld when there are no exposures or no events at all."""
    answer = find_unused(dbt_graph, model_runs, UnusedRules(frozenset(config.consumers)))
    if isinstance(answer, Withheld):
        return dg.Output(answer, metadata={"withheld": answer.reason})
    rows = [{"unique_id": finding.subject, **finding.numbers} for finding in answer.findings]
    return dg.Output(answer, metadata={"models": len(rows), "unused": _table(rows)})


@dg.asset(group_name=_GROUP, owners=_OWNERS, kinds={"matplotlib"})
def models_run_per_day(
    model_runs: list[ModelRun], folders: dg.ResourceParam[FolderSettings]
) -> dg.MaterializeResult[None]:
    """How many distinct dbt models ran on each day, as a chart."""
    from orchestration.metapipeline.chart import models_per_day_png  # noqa: PLC0415 (imports matplotlib)

    counts = {day: len(models) for day, models in models_per_day(model_runs).items()}
    png = models_per_day_png(counts)
    path = folders.charts / "models_run_per_day.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    return dg.MaterializeResult(
        metadata={
            "chart": dg.MetadataValue.md(f"![models per day](data:image/png;base64,{b64encode(png).decode()})"),
            "file": dg.MetadataValue.path(path),
            "days": _table({"day": str(day), "models": count} for day, count in counts.items()),
        }
    )


def _table(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """Return the first rows as a table, or a text for none: a table of Dagster needs at least one."""
    shown = [
        dg.TableRecord({name: value if value is None else _plain(value) for name, value in row.items()})
        for row, _ in zip(rows, range(_ROWS_SHOWN), strict=False)
    ]
    return dg.MetadataValue.table(shown) if shown else dg.MetadataValue.text("no rows")


def _plain(value: Any) -> str | int | float:
    return round(value, 6) if isinstance(value, float) else value if isinstance(value, int) else str(value)
