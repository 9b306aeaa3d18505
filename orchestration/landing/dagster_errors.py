"""Turn errors of a run into what Dagster acts on: a retry, a failure without retries, or a failed check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from flink_jobs.contracts.layout import Hour
from orchestration.landing.errors import LandingError, UnavailableError
from orchestration.landing.proof.checks import Comparison
from snowflake_components.errors import SnowflakeError, SnowflakeUnavailableError

RETRIES_MAX = 4
RETRY_SECONDS = 5


@contextmanager
def retried_or_failed() -> Iterator[None]:
    """Request a retry when a system outside is away; fail without retries on every other error of ours."""
    try:
        yield
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        raise dg.RetryRequested(max_retries=RETRIES_MAX, seconds_to_wait=RETRY_SECONDS) from exc
    except (LandingError, SnowflakeError) as exc:
        raise dg.Failure(str(exc), allow_retries=False) from exc


def check_evaluation(
    context: dg.AssetCheckExecutionContext, key: dg.AssetCheckKey, hour: Hour, compare: Callable[[], Comparison]
) -> dg.AssetCheckEvaluation:
    """Run a comparison as the check of one hour; when it cannot be made, the check fails and is not skipped."""
    try:
        comparison = compare()
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        if context.op_execution_context.retry_number < RETRIES_MAX:
            raise dg.RetryRequested(max_retries=RETRIES_MAX, seconds_to_wait=RETRY_SECONDS) from exc
        comparison = _failed_to_check(exc)
    except Exception as exc:  # noqa: BLE001 - outer edge of a check: after any error the hour must not pass
        comparison = _failed_to_check(exc)
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=comparison.passed,
        description=comparison.sentence,
        metadata=dict(comparison.numbers),
        blocking=True,
        partition=hour.partition_key,
        target_materialization_data=_checked_materialization(context, key.asset_key, hour),
    )


def _checked_materialization(
    context: dg.AssetCheckExecutionContext, asset: dg.AssetKey, hour: Hour
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """Return what Dagster writes into the result of a check of one partition: the materialisation that it is about."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[hour.partition_key])
    found = context.op_execution_context.instance.fetch_materializations(wanted, limit=1).records
    if not found:
        return None
    record = found[0]
    return AssetCheckEvaluationTargetMaterializationData(
        run_id=record.run_id, storage_id=record.storage_id, timestamp=record.timestamp
    )


def _failed_to_check(exc: Exception) -> Comparison:
    return Comparison(False, f"could not be checked: {exc}", {"error": type(exc).__name__})
