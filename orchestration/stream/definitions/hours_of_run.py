"""The hours of one run: each of them fails alone, and the run names those that failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.dagster_errors import retry_later
from orchestration.landing.errors import LandingError, UnavailableError
from orchestration.landing.sensor.run_tags import TAG_FAILED_HOURS, TAG_HOURS, TAG_MAX_RETRIES
from snowflake_components.errors import SnowflakeError, SnowflakeUnavailableError


class HoursOfRun:
    """The hours of a run, each of which fails alone: `raise_failures` ends the run after the last one.

    Dagster has one result for a step: if an hour fails, the run publishes none of its hours. The tag of the run names
    the hours that failed, and the sensor requests the others again without them.
    """

    def __init__(self, run: dg.DagsterRun, instance: dg.DagsterInstance) -> None:
        self._run = run
        self._instance = instance
        self._failures: dict[Hour, Exception] = {}

    @contextmanager
    def each(self, hour: Hour) -> Iterator[None]:
        """Keep an error of one hour for `raise_failures`; request a retry of all when a system outside is away."""
        with self.together([hour]):
            yield

    @contextmanager
    def together(self, hours: Iterable[Hour]) -> Iterator[None]:
        """Keep an error of several hours at once, as `each` does of one."""
        try:
            yield
        except (UnavailableError, SnowflakeUnavailableError) as exc:
            raise retry_later() from exc
        except (LandingError, SnowflakeError) as exc:
            self._failures |= dict.fromkeys(hours, exc)

    def raise_failures(self) -> None:
        """Fail without retries if an hour failed."""
        if not self._failures:
            return
        name_failed_hours(self._run, self._instance, self._failures)
        errors = list(dict.fromkeys(self._failures.values()))  # an error of several hours is named once
        raise dg.Failure("; ".join(map(str, errors)), allow_retries=False) from errors[0]


def name_failed_hours(run: dg.DagsterRun, instance: dg.DagsterInstance, hours: Collection[Hour]) -> None:
    """Write into the tags of a run which of its hours failed; Dagster does not retry it as a whole then."""
    if not hours or not instance.has_run(run.run_id):
        return
    known = instance.get_run_by_id(run.run_id)
    named = {label for label in (known.tags.get(TAG_FAILED_HOURS, "") if known else "").split(",") if label}
    labels = sorted(named | {hour.label for hour in hours})
    tags = {TAG_FAILED_HOURS: ",".join(labels)}
    if TAG_HOURS in run.tags:
        tags[TAG_MAX_RETRIES] = "0"
    instance.add_run_tags(run.run_id, tags)
