"""The dbt models of one hour, and their tests as checks."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.build import DbtModels, NodeOutcome, Verdict, require_manifest
from orchestration.landing.partitions import PUBLISHED_HOUR, hourly_partitions

_UNIQUE_ID = "dagster_dbt/unique_id"
"""The metadata of an asset or a check in which dagster-dbt keeps the id of the dbt node."""


class HourlyModels(DagsterDbtTranslator):
    """Give the models hourly partitions, and make those that read a source depend on `published_hour`.

    So a failed check of the hour stops them. The partitions are set here, because with those of the decorator one
    run could build many hours.
    """

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Describe a dbt node as an asset."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        parents = self.get_resource_props(manifest, unique_id).get("depends_on", {}).get("nodes", [])
        if any(parent.startswith("source.") for parent in parents):
            return spec.merge_attributes(deps=[PUBLISHED_HOUR])
        return spec

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition[str]:
        """Return the hourly partitions for every model."""
        del dbt_resource_props
        return hourly_partitions


@dbt_assets(
    manifest=require_manifest(),
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
