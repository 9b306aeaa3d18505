"""The dbt models of the hours of a run, and their tests as checks."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels, NodeOutcome, Verdict, project_digest, require_manifest
from orchestration.dbt_runner.specs import UNIQUE_ID, Manifest
from orchestration.stream.catalog import read_streams
from orchestration.stream.document import StreamDocument


def hourly_models(manifest: Manifest, streams: Mapping[dg.AssetKey, StreamDocument]) -> Iterator[dg.AssetSpec]:
    """Give each model the hours of its stream; those that read a source depend on its `published_hour`.

    So a failed check of the hour stops them. A model of several streams has the hours of the one that begins last.
    Seeds and snapshots have no hours: a snapshot is taken of a table as it is now, whatever hour is built.

    Args:
        manifest: of the dbt project.
        streams: by the external table that each feeds.
    """
    for spec in manifest.asset_specs():
        read = [streams[key] for key in manifest.sources_below(spec.metadata[UNIQUE_ID]) if key in streams]
        gates = [stream.keys.published_hour for stream in read if stream.table in {dep.asset_key for dep in spec.deps}]
        hourly = read if spec.metadata[UNIQUE_ID].startswith("model.") else []
        partitions = max(hourly, key=lambda stream: stream.first_hour).partitions if hourly else None
        yield spec.replace_attributes(partitions_def=partitions).merge_attributes(deps=sorted(gates))


MARTS = "event_marts"
"""The group of the views over the models of all hours."""

_manifest = Manifest.read(require_manifest())


def _models(*, marts: bool) -> list[dg.AssetSpec]:
    streams = {entry.document.table: entry.document for entry in read_streams()}
    specs = hourly_models(_manifest, streams)
    if marts:
        # macros and configurations change a view as well, so its code is the whole project
        code = project_digest()
        return [
            spec.replace_attributes(partitions_def=None, code_version=code, skippable=True)
            for spec in specs
            if spec.group_name == MARTS
        ]
    return [spec for spec in specs if spec.group_name != MARTS]


def _described(*, marts: bool) -> dict[str, Any]:
    """Return the specs of the models and of their tests; a list in the module would be loaded as assets once more."""
    specs = _models(marts=marts)
    keys = {spec.key for spec in specs}
    return {"specs": specs, "check_specs": [spec for spec in _manifest.check_specs() if spec.asset_key in keys]}


@dg.multi_asset(
    **_described(marts=False),
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
    yield from _reported(context, selected, lambda selectors: dbt.build(hours, selectors, context.run.run_id))


@dg.multi_asset(
    **_described(marts=True),
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
        yield from _reported(context, stale, lambda selectors: dbt.build_views(selectors, context.run.run_id))
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
        and (built[spec.key] != spec.code_version or _manifest.stored_name(spec.metadata[UNIQUE_ID]) not in existing)
    }


def _reported(
    context: dg.AssetExecutionContext,
    keys: Collection[dg.AssetKey],
    build: Callable[[Sequence[str]], Sequence[NodeOutcome]],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    definitions = context.assets_def
    assets = {spec.metadata[UNIQUE_ID]: spec for spec in definitions.specs if spec.key in keys}
    checks = {
        spec.metadata[UNIQUE_ID]: spec
        for spec in definitions.check_specs
        if spec.key in context.selected_asset_check_keys and spec.asset_key in keys
    }
    outcomes = build([_manifest.selector(unique_id) for unique_id in (*assets, *checks)])
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
