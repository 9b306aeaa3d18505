"""When complete hours are published: as they arrive, every few hours, or at the times of a cron expression."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Self

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flink_jobs.contracts.layout import Hour

_HOURS_OF_A_DAY = 24
_ANY_TIME = datetime(2025, 1, 1, tzinfo=UTC)


class Cadence(BaseModel):
    """The moments at which complete hours are published, in UTC. An hour is published at the earliest of them.

    The sensor applies it, so an hour is requested once whatever the document names: by arrival and by cron is one
    request. A new revision of an hour waits for a moment after its newest ledger entry.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_arrival: bool = Field(default=False, description="Publish each hour when it is complete; the default.")
    every_hours: int | None = Field(
        None, ge=1, le=24, description="Publish every N hours from midnight, a divisor of 24."
    )
    cron: str | None = Field(None, description="Publish at these times, five fields in UTC.")

    @model_validator(mode="before")
    @classmethod
    def _arrival(cls, value: object) -> object:
        return {"on_arrival": True} if value == "on_arrival" else value

    @model_validator(mode="after")
    def _has_moments(self) -> Self:
        if self.every_hours and _HOURS_OF_A_DAY % self.every_hours:
            raise ValueError(f"every_hours is {self.every_hours}: write a divisor of 24")
        if self.cron is not None:
            _next_time(self.cron, _ANY_TIME)
        return self

    def is_due(self, hour: Hour, newest_entry: Hour, now: datetime) -> bool:
        """Return whether a complete hour is published by now.

        Args:
            hour: is over.
            newest_entry: emission hour of its newest ledger entry.
            now: the time of the tick.
        """
        ready = max(hour.end, newest_entry.start)
        return any(moment <= now for moment in self._moments(ready))

    def _moments(self, ready: datetime) -> Iterator[datetime]:
        """Yield the first moment of each kind at or after `ready`."""
        if self.on_arrival or not (self.every_hours or self.cron):
            yield ready
        if self.every_hours:
            midnight = ready.replace(hour=0, minute=0, second=0, microsecond=0)
            step = timedelta(hours=self.every_hours)
            yield midnight + -(-(ready - midnight) // step) * step
        if self.cron:
            yield _next_time(self.cron, ready)


@cache
def _times_of(cron: str) -> dg.TimeWindowPartitionsDefinition:
    return dg.TimeWindowPartitionsDefinition(start=_ANY_TIME, fmt="%Y-%m-%dT%H:%M", cron_schedule=cron)


def _next_time(cron: str, begin: datetime) -> datetime:
    """Return the first time of a cron expression at or after `begin`.

    Raises:
        ValueError: it is none, or has no time.
    """
    try:
        window = _times_of(cron).get_next_partition_window(begin, respect_bounds=False)
    except Exception as exc:  # Dagster documents no error for it
        raise ValueError(f"not a cron expression of five fields: {cron!r}") from exc
    if window is None:
        raise ValueError(f"the cron expression has no time: {cron!r}")
    return window.start.astimezone(UTC)
