"""What was requested and is not built: the memory of a condition, so that one state is not requested for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

ATTEMPTS_MAX = 4
"""Requests of one state of a partition; Dagster retries each run by itself, too."""
_PAUSE = timedelta(minutes=5)
_GROWTH = 4


class Attempt(BaseModel):
    """The requests of one partition for one state of its inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity: str
    count: int
    at: AwareDatetime

    def allows(self, identity: str, now: datetime) -> bool:
        """Return whether a partition may be requested: for another state at once, else after 5, 20 and 80 minutes."""
        if identity != self.identity:
            return True
        return self.count < ATTEMPTS_MAX and now >= self.at + _PAUSE * _GROWTH ** (self.count - 1)


class Memory(BaseModel):
    """The cursor of a condition. Without it, what is due is requested once more at most.

    Args:
        settled: what was compared when nothing was out of date; while it is the same, nothing is compared again.
        attempts: by partition; the empty one for an asset without partitions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    settled: str = ""
    attempts: Mapping[str, Attempt] = {}

    def request(self, partition: str, identity: str, now: datetime) -> Attempt:
        """Return the attempt after one more request."""
        before = self.attempts.get(partition)
        count = before.count + 1 if before and before.identity == identity else 1
        return Attempt(identity=identity, count=count, at=now)


def read_memory(text: str | None) -> Memory:
    """Read a cursor; an absent one, or one of another release, is empty."""
    try:
        return Memory.model_validate_json(text) if text else Memory()
    except ValidationError:
        return Memory()
