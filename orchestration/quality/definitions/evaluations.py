"""Make comparisons and evaluations of them that do not block."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckedMaterialization,
)

from orchestration.landing.dagster_errors import RETRIES_MAX, RETRY_SECONDS
from orchestration.landing.errors import UnavailableError
from orchestration.landing.proof.checks import Comparison
from snowflake_components.errors import SnowflakeUnavailableError


def compared(context: dg.AssetCheckExecutionContext, compare: Callable[[], Comparison]) -> Comparison:
    """Make a comparison; one that cannot be made fails and is not skipped.

    Raises:
        RetryRequested: a system outside is away, and the step has retries left.
    """
    try:
        return compare()
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        if context.op_execution_context.retry_number < RETRIES_MAX:
            raise dg.RetryRequested(max_retries=RETRIES_MAX, seconds_to_wait=RETRY_SECONDS) from exc
        return _failed_to_check(exc)
    except Exception as exc:  # noqa: BLE001 - outer edge of a check: nothing passes after an error
        return _failed_to_check(exc)


def evaluation(
    key: dg.AssetCheckKey,
    comparison: Comparison,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    partition: str | None = None,
    target: CheckedMaterialization | None = None,
) -> dg.AssetCheckEvaluation:
    """Return the evaluation of a check, of one partition or of none."""
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=comparison.passed,
        severity=severity,
        description=comparison.sentence,
        metadata=dict(comparison.numbers),
        blocking=False,
        partition=partition,
        target_materialization_data=target,
    )


def newest_materialization(
    context: dg.AssetCheckExecutionContext, asset: dg.AssetKey, partition_key: str
) -> CheckedMaterialization | None:
    """Return what Dagster writes into the result of a check of one partition: the materialisation that it is about."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition_key])
    found = context.op_execution_context.instance.fetch_materializations(wanted, limit=1).records
    if not found:
        return None
    return CheckedMaterialization(run_id=found[0].run_id, storage_id=found[0].storage_id, timestamp=found[0].timestamp)


def _failed_to_check(exc: Exception) -> Comparison:
    return Comparison(False, f"could not be checked: {exc}", {"error": type(exc).__name__})
