"""Turn errors of a run into what Dagster acts on: a retry, or a failure without retries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.landing.errors import LandingError, UnavailableError
from snowflake_components.errors import SnowflakeError, SnowflakeUnavailableError

RETRIES_MAX = 4
RETRY_SECONDS = 5


def retry_later() -> dg.RetryRequested:
    """Return what a step raises while a system outside is away."""
    return dg.RetryRequested(max_retries=RETRIES_MAX, seconds_to_wait=RETRY_SECONDS)


@contextmanager
def retried_or_failed() -> Iterator[None]:
    """Request a retry when a system outside is away; fail without retries on every other error of ours."""
    try:
        yield
    except (UnavailableError, SnowflakeUnavailableError) as exc:
        raise retry_later() from exc
    except (LandingError, SnowflakeError) as exc:
        raise dg.Failure(str(exc), allow_retries=False) from exc
