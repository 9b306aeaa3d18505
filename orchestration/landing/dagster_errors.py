"""Turn errors of a run into what Dagster acts on: a retry, a failure without retries, or a failed check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

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


def check_result(context: dg.AssetCheckExecutionContext, compare: Callable[[], Comparison]) -> dg.AssetCheckResult:
    """Run a comparison as a check; when it cannot be made, the check fails and is not skipped."""
    try:
        comparison = compare()
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        if context.op_execution_context.retry_number < RETRIES_MAX:
            raise dg.RetryRequested(max_retries=RETRIES_MAX, seconds_to_wait=RETRY_SECONDS) from exc
        return _failed_to_check(exc)
    except Exception as exc:  # noqa: BLE001 - outer edge of a check: after any error the hour must not pass
        return _failed_to_check(exc)
    return dg.AssetCheckResult(
        passed=comparison.passed, description=comparison.sentence, metadata=dict(comparison.numbers)
    )


def _failed_to_check(exc: Exception) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False, description=f"could not be checked: {exc}", metadata={"error": type(exc).__name__}
    )
