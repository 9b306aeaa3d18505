"""The dbt models of the hours of a run, and their tests as checks."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.attempts import built_before
from orchestration.dbt_runner.automation import days_of
from orchestration.dbt_runner.build import (
    PROJECT_DIR,
    DbtModels,
    NodeOutcome,
    Verdict,
    project_digest,
    require_manifest,
)
from orchestration.dbt_runner.schema_changes import column_changes
from orchestration.dbt_runner.specs import COLUMN_SCHEMA, UNIQUE_ID, Manifest
from orchestration.stream.catalog import read_streams
from orchestration.stream.document import StreamDocument

Streams: TypeAlias = Mapping[dg.AssetKey, StreamDocument]
"""By the external table that each feeds."""


class BuiltBy(StrEnum):
    """Which runs build a model."""

    HOUR = "hour"
    VIEW = "view"
    AUTOMATION = "automation"


def partitioned_models(manifest: Manifest, streams: Streams) -> Iterator[dg.AssetSpec]:
    """Give each model its partitions; those that read a source depend on its `published_hour`.

    So a failed check of the hour stops them. A model has the hours of its stream, of several streams those of the one
    that begins last. A source that Python writes has the hours of the stream that its
    `meta: {hourglass: {stream: NAME}}` names. A model with automation has its days, or is built as a whole. Seeds and
    snapshots have no hours: a snapshot is taken of a table as it is now, whatever hour is built.

    Args:
        manifest: of the dbt project.
        streams: whose hours the models have.
    """
    named = {stream.name: stream for stream in streams.values()}
    for spec in manifest.asset_specs():
        unique_id = spec.metadata[UNIQUE_ID]
        read = [streams[key] for key in sorted(manifest.sources_below(unique_id)) if key in streams]
        gates = {stream.keys.published_hour for stream in read if stream.table in {dep.asset_key for dep in spec.deps}}
        read += [named[name] for name in sorted(manifest.streams_below(unique_id)) if name in named]
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


def specs_of(manifest: Manifest, streams: Streams, builder: BuiltBy) -> list[dg.AssetSpec]:
    """Return the specs of the models that some runs build."""
    return [spec for spec in partitioned_models(manifest, streams) if _builder(spec) is builder]


def _builder(spec: dg.AssetSpec) -> BuiltBy:
    if spec.automation_condition is not None:
        return BuiltBy.AUTOMATION
    return BuiltBy.VIEW if spec.group_name == MARTS else BuiltBy.HOUR


def dbt_assets(name: str, manifest: Manifest, specs: Sequence[dg.AssetSpec]) -> Callable[..., dg.AssetsDefinition]:
    """Return the decorator of a step that builds models and runs their tests, all of them or some."""
    keys = {spec.key for spec in specs}
    checks = [spec for spec in manifest.check_specs() if spec.asset_key in keys]
    return dg.multi_asset(specs=specs, check_specs=checks, name=name, can_subset=True, pool="snowflake")


def models_of(manifest: Manifest, streams: Streams) -> dg.AssetsDefinition:
    """Build the asset `event_models`: the models with hours, and their tests.

    Dagster divides it where an asset of Python stands between two models: a run builds the first ones, then runs the
    asset, then builds the others.
    """

    @dbt_assets("event_models", manifest, specs_of(manifest, streams, BuiltBy.HOUR))
    def event_models(
        context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build the models of the run's hours and report each model and test; fail if one of them failed.

        Several hours are one build: the models are the same as after a build of each hour. A retry of what failed
        leaves the models that were built before as they are.
        """
        hours = [Hour.from_partition_key(key).label for key in context.partition_keys]
        kept = built_before(context.run, context.instance, context.partition_keys)
        for key in sorted(context.selected_asset_keys & kept.keys()):
            yield dg.MaterializeResult(asset_key=key, metadata={"built_by": dg.MetadataValue.dagster_run(kept[key])})
        models = dbt.of_run(context.run.tags)
        left = context.selected_asset_keys - kept.keys()
        if left:
            yield from reported(
                context, manifest, left, lambda selectors: models.build(hours, selectors, context.run.run_id)
            )

    return event_models


def marts_of(manifest: Manifest, streams: Streams) -> dg.AssetsDefinition:
    """Build the asset `event_marts`: the views over all hours, and their tests."""
    code = project_digest()  # macros and configurations change a view as well, so its code is the whole project
    specs = [
        spec.replace_attributes(partitions_def=None, code_version=code, skippable=True)
        for spec in specs_of(manifest, streams, BuiltBy.VIEW)
    ]

    @dbt_assets(MARTS, manifest, specs)
    def event_marts(
        context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build the views that read all hours and that are absent or of another project; fail if one of them failed.

        A view that is there stays, and is neither materialised nor tested: what it preserves depends on its code alone.
        """
        stale = _stale_views(context, manifest, dbt)
        if stale:
            yield from reported(
                context, manifest, stale, lambda selectors: dbt.build_whole(selectors, context.run.run_id)
            )
        else:
            context.log.info("every view is there, built from the dbt project as it is")

    return event_marts


def _stale_views(context: dg.AssetExecutionContext, manifest: Manifest, dbt: DbtModels) -> set[dg.AssetKey]:
    """Return the selected views that Snowflake does not have, or whose last build was of other code."""
    selected, existing = context.selected_asset_keys, dbt.views()
    built = context.instance.get_latest_materialization_code_versions(selected)
    return {
        spec.key
        for spec in context.assets_def.specs
        if spec.key in selected
        and (built[spec.key] != spec.code_version or manifest.stored_name(spec.metadata[UNIQUE_ID]) not in existing)
    }


def reported(
    context: dg.AssetExecutionContext,
    manifest: Manifest,
    keys: Collection[dg.AssetKey],
    build: Callable[[Sequence[str]], Sequence[NodeOutcome]],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build models and their tests, and report each.

    Args:
        context: of the step.
        manifest: of the dbt project.
        keys: of the models; their selected tests are run with them.
        build: runs dbt with selectors.

    Raises:
        dagster.Failure: some of them failed; the others are reported before.
    """
    definitions = context.assets_def
    assets = {spec.metadata[UNIQUE_ID]: spec for spec in definitions.specs if spec.key in keys}
    checks = {
        spec.metadata[UNIQUE_ID]: spec
        for spec in definitions.check_specs
        if spec.key in context.selected_asset_check_keys and spec.asset_key in keys
    }
    outcomes = build([manifest.selector(unique_id) for unique_id in (*assets, *checks)])
    for outcome in outcomes:
        if outcome.unique_id in assets and outcome.verdict is Verdict.DONE:
            yield _materialization(context, assets[outcome.unique_id], outcome)
        elif outcome.unique_id in checks and outcome.verdict is not Verdict.SKIPPED:
            yield _check_result(checks[outcome.unique_id], outcome)
    failed = [f"{outcome.unique_id}: {outcome.message}" for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    if failed:
        raise dg.Failure("; ".join(failed))


def _materialization(
    context: dg.AssetExecutionContext, spec: dg.AssetSpec, outcome: NodeOutcome
) -> dg.MaterializeResult[None]:
    changes = _column_changes(context.instance, spec)
    if changes:
        context.log.warning("%s has other columns than before: %s", spec.key.to_user_string(), ", ".join(changes))
    rows = "dagster/row_count" if spec.metadata["materialized"] == "table" else "rows_written"
    return dg.MaterializeResult(
        asset_key=spec.key,
        metadata={
            # the names that dagster-dbt gives the assets of other projects, so that readers find them here, too
            "unique_id": outcome.unique_id,
            "Execution Duration": outcome.seconds,
            "query_id": outcome.query_id,
            COLUMN_SCHEMA: spec.metadata[COLUMN_SCHEMA],
            **({} if outcome.rows is None else {rows: outcome.rows}),
            **({"column_changes": changes} if changes else {}),
        },
    )


def _column_changes(instance: dg.DagsterInstance, spec: dg.AssetSpec) -> list[str]:
    """Compare the columns of a model with those of its last materialization; Snowflake is not asked."""
    last = instance.get_latest_materialization_event(spec.key)
    known = last.asset_materialization.metadata.get(COLUMN_SCHEMA) if last and last.asset_materialization else None
    if not isinstance(known, dg.TableSchemaMetadataValue):
        return []
    return column_changes(known.schema, spec.metadata[COLUMN_SCHEMA])


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


OF_PROJECT = (
    Manifest.read(require_manifest(), PROJECT_DIR),
    {entry.document.table: entry.document for entry in read_streams()},
)
"""The manifest of the shipped project, and its streams."""
event_models, event_marts = models_of(*OF_PROJECT), marts_of(*OF_PROJECT)
