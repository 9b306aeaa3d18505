"""The dbt models of the hours of a run, and their tests as checks."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.automation import days_of
from orchestration.dbt_runner.build import DbtModels, NodeOutcome, Verdict, project_digest, require_manifest
from orchestration.dbt_runner.specs import UNIQUE_ID, Manifest
from orchestration.stream.catalog import read_streams
from orchestration.stream.document import StreamDocument


def partitioned_models(manifest: Manifest, streams: Mapping[dg.AssetKey, StreamDocument]) -> Iterator[dg.AssetSpec]:
    """Give each model its partitions; those that read a source depend on its `published_hour`.

    So a failed check of the hour stops them. A model has the hours of its stream, of several streams those of the one
    that begins last. One with automation has its days, or is built as a whole. Seeds and snapshots have no hours: a
    snapshot is taken of a table as it is now, whatever hour is built.

    Args:
        manifest: of the dbt project.
        streams: by the external table that each feeds.
    """
    for spec in manifest.asset_specs():
        unique_id = spec.metadata[UNIQUE_ID]
        read = [streams[key] for key in manifest.sources_below(unique_id) if key in streams]
        gates = [stream.keys.published_hour for stream in read if stream.table in {dep.asset_key for dep in spec.deps}]
        last = max(read, key=lambda stream: stream.first_hour, default=None)
        if last is None or not unique_id.startswith("model."):
            yield spec.merge_attributes(deps=sorted(gates))
        elif spec.automation_condition is None:
            yield spec.replace_attributes(partitions_def=last.partitions).merge_attributes(deps=sorted(gates))
        else:
            days = days_of(manifest.nodes[unique_id], last.first_hour)
            deps = [_of_hours(key, days) for key in sorted({*gates, *(dep.asset_key for dep in spec.deps)})]
            yield spec.replace_attributes(partitions_def=days, deps=deps)


def _of_hours(key: dg.AssetKey, days: dg.DailyPartitionsDefinition | None) -> dg.AssetDep:
    """Return the dependency of a day on an asset.

    Dagster maps the hours of UTC to a day of UTC alone, and has no mapping for others. The condition `proven` knows the
    hours of a local day; Dagster is told that it needs all of them.
    """
    is_local = days is not None and days.timezone != "UTC"
    return dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping() if is_local else None)


MARTS = "event_marts"
"""The group of the views over the models of all hours."""

MODELS = Manifest.read(require_manifest())
"""The models of the project."""


class BuiltBy(StrEnum):
    """Which runs build a model."""

    HOUR = "hour"
    VIEW = "view"
    AUTOMATION = "automation"


def _models(builder: BuiltBy) -> list[dg.AssetSpec]:
    streams = {entry.document.table: entry.document for entry in read_streams()}
    specs = [spec for spec in partitioned_models(MODELS, streams) if _builder(spec) is builder]
    if builder is BuiltBy.VIEW:
        # macros and configurations change a view as well, so its code is the whole project
        code = project_digest()
        return [spec.replace_attributes(partitions_def=None, code_version=code, skippable=True) for spec in specs]
    return specs


def _builder(spec: dg.AssetSpec) -> BuiltBy:
    if spec.automation_condition is not None:
        return BuiltBy.AUTOMATION
    return BuiltBy.VIEW if spec.group_name == MARTS else BuiltBy.HOUR


def described(builder: BuiltBy) -> dict[str, Any]:
    """Return the specs of the models and of their tests; a list in the module would be loaded as assets once more."""
    specs = _models(builder)
    keys = {spec.key for spec in specs}
    return {"specs": specs, "check_specs": [spec for spec in MODELS.check_specs() if spec.asset_key in keys]}


@dg.multi_asset(
    **described(BuiltBy.HOUR),
    name="event_models",
    can_subset=True,
    pool="snowflake",
)
def event_models(
    context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build the models of the run's hours and report each model and test; fail if one of them failed.

    Several hours are one build: the models are the same as after a build of each hour.
    """
    hours = [Hour.from_partition_key(key).label for key in context.partition_keys]
    selected = context.selected_asset_keys
    yield from reported(context, selected, lambda selectors: dbt.build(hours, selectors, context.run.run_id))


@dg.multi_asset(
    **described(BuiltBy.VIEW),
    name=MARTS,
    can_subset=True,
    pool="snowflake",
)
def event_marts(
    context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build the views that read all hours and that are absent or of another project; fail if one of them failed.

    A view that is there stays, and is neither materialised nor tested: what it preserves depends on its code alone.
    """
    stale = _stale_views(context, dbt)
    if stale:
        yield from reported(context, stale, lambda selectors: dbt.build_views(selectors, context.run.run_id))
    else:
        context.log.info("every view is there, built from the dbt project as it is")


def _stale_views(context: dg.AssetExecutionContext, dbt: DbtModels) -> set[dg.AssetKey]:
    """Return the selected views that Snowflake does not have, or whose last build was of other code."""
    selected, existing = context.selected_asset_keys, dbt.views()
    built = context.instance.get_latest_materialization_code_versions(selected)
    return {
        spec.key
        for spec in context.assets_def.specs
        if spec.key in selected
        and (built[spec.key] != spec.code_version or MODELS.stored_name(spec.metadata[UNIQUE_ID]) not in existing)
    }


def reported(
    context: dg.AssetExecutionContext,
    keys: Collection[dg.AssetKey],
    build: Callable[[Sequence[str]], Sequence[NodeOutcome]],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build models with their tests and report each of them; fail if one of them failed."""
    definitions = context.assets_def
    assets = {spec.metadata[UNIQUE_ID]: spec for spec in definitions.specs if spec.key in keys}
    checks = {
        spec.metadata[UNIQUE_ID]: spec
        for spec in definitions.check_specs
        if spec.key in context.selected_asset_check_keys and spec.asset_key in keys
    }
    outcomes = build([MODELS.selector(unique_id) for unique_id in (*assets, *checks)])
    for outcome in outcomes:
        if outcome.unique_id in assets and outcome.verdict is Verdict.DONE:
            yield _materialization(assets[outcome.unique_id], outcome)
        elif outcome.unique_id in checks and outcome.verdict is not Verdict.SKIPPED:
            yield _check_result(checks[outcome.unique_id], outcome)
    failed = [f"{outcome.unique_id}: {outcome.message}" for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    if failed:
        raise dg.Failure("; ".join(failed))


def _materialization(spec: dg.AssetSpec, outcome: NodeOutcome) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        asset_key=spec.key,
        metadata={
            # the names that dagster-dbt gives the assets of other projects, so that readers find them here, too
            "unique_id": outcome.unique_id,
            "Execution Duration": outcome.seconds,
            "query_id": outcome.query_id,
        },
    )


def _check_result(spec: dg.AssetCheckSpec, outcome: NodeOutcome) -> dg.AssetCheckResult:
    warned = outcome.verdict is Verdict.WARNED
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=outcome.verdict is Verdict.DONE,
        severity=dg.AssetCheckSeverity.WARN if warned else dg.AssetCheckSeverity.ERROR,
        description=outcome.message or None,
        metadata={"rows_found": outcome.failures, "seconds": outcome.seconds, "query_id": outcome.query_id},
    )
