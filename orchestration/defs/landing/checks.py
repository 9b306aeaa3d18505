"""The four blocking checks of an hour: produced = landed = registered = queryable."""

import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.defs.landing.assets import require_seal
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.dagster_errors import check_result
from orchestration.landing.partitions import EXTERNAL_TABLE, LANDED_HOUR, hourly_partitions
from orchestration.landing.proof.checks import (
    Comparison,
    compare_objects,
    compare_offsets,
    compare_registered,
    compare_rows,
)
from orchestration.landing.proof.completeness import Open, missing_offsets
from orchestration.landing.proof.evidence import Evidence, Stream, examine, list_hour
from orchestration.landing.proof.seal import Seal


def _blocking(asset: dg.AssetKey) -> Callable[[Callable[..., dg.AssetCheckResult]], dg.AssetChecksDefinition]:
    """Make a function a blocking check of one hour of an asset."""

    def decorate(check: Callable[..., Any]) -> dg.AssetChecksDefinition:
        with warnings.catch_warnings():
            # checks with partitions are a preview in this release of Dagster, which is pinned
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.asset_check(asset=asset, blocking=True, partitions_def=hourly_partitions)(check)

    return decorate


@_blocking(LANDED_HOUR)
def offsets_accounted_for(
    context: dg.AssetCheckExecutionContext, landing: dg.ResourceParam[Stream]
) -> dg.AssetCheckResult:
    """Every offset of the hour is in the ledger once, and the sums of the seal are those of the ledger."""

    def compare() -> Comparison:
        seal = require_seal(landing, _hour(context))
        evidence = _examine_again(landing, seal)
        totals, view = evidence.totals.hours.get(seal.hour), evidence.judgement.view
        faults = list(totals.faults) if totals else []
        if view is None:
            # The broker was not even asked: the topic is another one, or a partition is new.
            faults.append(evidence.verdict.reason if isinstance(evidence.verdict, Open) else "not over yet")
        return compare_offsets(seal, evidence.entries, missing_offsets(evidence.totals, view) if view else [], faults)

    return check_result(context, compare)


@_blocking(LANDED_HOUR)
def objects_present(context: dg.AssetCheckExecutionContext, landing: dg.ResourceParam[Stream]) -> dg.AssetCheckResult:
    """Every sealed object is in the bucket unchanged, and no epoch has a second object."""

    def compare() -> Comparison:
        seal = require_seal(landing, _hour(context))
        return compare_objects(seal, list_hour(landing, seal.hour))

    return check_result(context, compare)


@_blocking(EXTERNAL_TABLE)
def files_registered(
    context: dg.AssetCheckExecutionContext,
    landing: dg.ResourceParam[Stream],
    event_table: dg.ResourceParam[ExternalTable],
) -> dg.AssetCheckResult:
    """The external table has registered exactly the sealed objects of the hour."""

    def compare() -> Comparison:
        seal = require_seal(landing, _hour(context))
        return compare_registered(seal, event_table.registered(seal.hour))

    return check_result(context, compare)


@_blocking(EXTERNAL_TABLE)
def rows_queryable(
    context: dg.AssetCheckExecutionContext,
    landing: dg.ResourceParam[Stream],
    event_table: dg.ResourceParam[ExternalTable],
) -> dg.AssetCheckResult:
    """The external table shows as many rows per object as were sealed, and in total as many as were accepted."""

    def compare() -> Comparison:
        seal = require_seal(landing, _hour(context))
        return compare_rows(seal, event_table.queryable(seal.hour))

    return check_result(context, compare)


def _examine_again(landing: Stream, seal: Seal) -> Evidence:
    """Examine a sealed hour, with the whole ledger where a partition without records of the hour landed before it."""
    evidence = examine(landing, seal.hour, seal.emitted_first, {})
    view = evidence.judgement.view
    if seal.emitted_first is None or view is None or not missing_offsets(evidence.totals, view):
        return evidence
    return examine(landing, seal.hour, None, {})


def _hour(context: dg.AssetCheckExecutionContext) -> Hour:
    return Hour.from_partition_key(context.op_execution_context.partition_key)
