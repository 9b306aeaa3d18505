"""When a request to Mode is sent again, and how many are sent in a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flink_jobs.contracts.clock import Clock

FIRST_WAIT_SECONDS = 1.0
WAIT_MAX_SECONDS = 30.0
RETRY_AFTER_FLOOR_SECONDS = 1.0
"""Some servers send `Retry-After: 0`."""


@dataclass(frozen=True, slots=True)
class Transient:
    """A failure that may be gone on the next attempt.

    Args:
        reason: for people.
        wait_seconds: that the server asked for; None when it did not.
    """

    reason: str
    wait_seconds: float | None = None


def wait_seconds(failed: int, failure: Transient, longest: float, random: Callable[[], float]) -> float:
    """Return the wait after the attempt `failed` (1 is the first).

    The wait of the server is obeyed between a floor and `longest`. Jitter keeps several clients from retrying together.
    """
    if failure.wait_seconds is not None:
        asked = min(max(failure.wait_seconds, RETRY_AFTER_FLOOR_SECONDS), longest)
        return asked + random()
    # the exponent is bounded: 2.0**1024 overflows
    growing = min(FIRST_WAIT_SECONDS * 2.0 ** min(failed - 1, 32), WAIT_MAX_SECONDS)
    return growing * (0.5 + random() / 2)


@dataclass
class Pace:
    """Spreads requests evenly, so that Mode's own limit is rarely met."""

    per_second: float
    clock: Clock
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Sleep until the next request may be sent."""
        now = self.clock.monotonic()
        if self._next > now:
            self.clock.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.per_second
