"""The dbt models of one hour, and their tests as checks."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels, NodeOutcome, Verdict, require_manifest
from orchestration.stream.catalog import read_streams
from orchestration.stream.document import StreamDocument

_UNIQUE_ID = "dagster_dbt/unique_id"
"""The metadata of an asset or a check in which dagster-dbt keeps the id of the dbt node."""


_MANIFEST = require_manifest()


@cache
def _streams() -> Mapping[dg.AssetKey, StreamDocument]:
    """Return the streams of the project by the external table that each feeds."""
    return {entry.document.table: entry.document for entry in read_streams()}


@cache
def _nodes() -> Mapping[str, Mapping[str, Any]]:
    manifest = json.loads(_MANIFEST.read_bytes())
    return {**manifest["nodes"], **manifest["sources"]}


@cache
def _streams_of(unique_id: str) -> frozenset[StreamDocument]:
    """Return the streams whose tables a node reads, directly or through other models."""
    node = _nodes()[unique_id]
    if unique_id.startswith("source."):
        key = dg.AssetKey(node["meta"]["dagster"]["asset_key"])
        return frozenset({_streams()[key]}) if key in _streams() else frozenset()
    return frozenset(stream for parent in _parents(unique_id) for stream in _streams_of(parent))


def _parents(unique_id: str) -> list[str]:
    return [parent for parent in _nodes()[unique_id].get("depends_on", {}).get("nodes", []) if parent in _nodes()]


class HourlyModels(DagsterDbtTranslator):
    """Give each model the hours of its stream, and make those that read a source depend on its `published_hour`.

    So a failed check of the hour stops them. The partitions are set here, because with those of the decorator one
    run could build many hours.
    """

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Describe a dbt node as an asset."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        sources = [parent for parent in _parents(unique_id) if parent.startswith("source.")]
        gates = {stream.keys.published_hour for source in sources for stream in _streams_of(source)}
        return spec.merge_attributes(deps=sorted(gates)) if gates else spec

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition[str] | None:
        """Return the hours of the stream; of several streams, those of the one that begins last."""
        streams = _streams_of(dbt_resource_props["unique_id"])
        return max(streams, key=lambda stream: stream.first_hour).partitions if streams else None


@dbt_assets(
    manifest=_MANIFEST,
    dagster_dbt_translator=HourlyModels(),
    name="event_models",
    pool="snowflake",
)
def event_models(
    context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtModels]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Build the models of one hour and report each model and test; fail if one of them failed."""
    definitions = context.assets_def
    assets = {spec.metadata[_UNIQUE_ID]: spec for spec in definitions.specs if spec.key in context.selected_asset_keys}
    checks = {
        spec.metadata[_UNIQUE_ID]: spec
        for spec in definitions.check_specs
        if spec.key in context.selected_asset_check_keys
    }
    hour = Hour.from_partition_key(context.partition_key).label
    outcomes = dbt.build(hour, [_name_of(unique_id) for unique_id in (*assets, *checks)])
    for outcome in outcomes:
        if outcome.unique_id in assets and outcome.verdict is Verdict.DONE:
            yield _materialization(assets[outcome.unique_id], outcome)
        elif outcome.unique_id in checks and outcome.verdict is not Verdict.SKIPPED:
            yield _check_result(checks[outcome.unique_id], outcome)
    failed = [f"{outcome.unique_id}: {outcome.message}" for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    if failed:
        raise dg.Failure("; ".join(failed))


def _name_of(unique_id: str) -> str:
    """Return `stg_platform_events` for `model.hourglass.stg_platform_events`; dbt selects by it."""
    return unique_id.split(".")[2]


def _materialization(spec: dg.AssetSpec, outcome: NodeOutcome) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        asset_key=spec.key,
        metadata={
            # the names that dagster-dbt uses, so that readers of any dbt asset find them
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
