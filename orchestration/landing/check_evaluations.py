"""Make the comparisons of checks, and Dagster's evaluations of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckedMaterialization,
)

from flink_jobs.contracts.layout import Hour
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.dagster_errors import RETRIES_MAX, retry_later
from orchestration.landing.errors import UnavailableError
from snowflake_components.errors import SnowflakeUnavailableError


@contextmanager
def checks_with_partitions() -> Iterator[None]:
    """Ignore the warning that they are a preview in this release of Dagster, which is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield


@dataclass(frozen=True, slots=True)
class CheckedHour:
    """The partition that a check is about, and its materialisation; None where it was never materialised."""

    partition_key: str
    materialization: CheckedMaterialization | None


def compared(context: dg.AssetCheckExecutionContext, compare: Callable[[], Comparison]) -> Comparison:
    """Make a comparison; one that cannot be made fails and is not skipped.

    Raises:
        RetryRequested: a system outside is away, and the step has retries left.
    """
    try:
        return compare()
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        if context.op_execution_context.retry_number < RETRIES_MAX:
            raise retry_later() from exc
        return _failed_to_check(exc)
    except Exception as exc:  # noqa: BLE001 - outer edge of a check: nothing passes after an error
        return _failed_to_check(exc)


def evaluation(
    key: dg.AssetCheckKey,
    comparison: Comparison,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    checked: CheckedHour | None = None,
    *,
    blocking: bool = False,
) -> dg.AssetCheckEvaluation:
    """Return the evaluation of a check, of one hour or of none."""
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=comparison.passed,
        severity=severity,
        description=comparison.sentence,
        metadata=dict(comparison.numbers),
        blocking=blocking,
        partition=checked.partition_key if checked else None,
        target_materialization_data=checked.materialization if checked else None,
    )


def checked_hour(context: dg.AssetCheckExecutionContext, asset: dg.AssetKey, hour: Hour) -> CheckedHour:
    """Return the hour with the newest materialisation of its partition, which Dagster writes into the result."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[hour.partition_key])
    found = context.op_execution_context.instance.fetch_materializations(wanted, limit=1).records
    if not found:
        return CheckedHour(hour.partition_key, None)
    record = found[0]
    return CheckedHour(
        hour.partition_key,
        CheckedMaterialization(run_id=record.run_id, storage_id=record.storage_id, timestamp=record.timestamp),
    )


def _failed_to_check(exc: Exception) -> Comparison:
    return Comparison(False, f"could not be checked: {exc}", {"error": type(exc).__name__})
