"""Try again what failed because Snowflake was away: bounded, with growing and jittered pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from snowflake_components.errors import SnowflakeUnavailableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long.

    Args:
        attempts_max: tries in all, the first included.
        total_seconds: no try starts after this time.
        first_pause_seconds: upper end of the first pause; it doubles from try to try.
        pause_seconds_max: upper end of every pause.
        sleep: waits for a number of seconds.
        monotonic: a clock in seconds that never goes back.
        jitter: a number from 0 to 1; a pause lies between half its upper end and its upper end.
    """

    attempts_max: int = 5
    total_seconds: float = 120.0
    first_pause_seconds: float = 1.0
    pause_seconds_max: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def call(self, work: Callable[[], T], tell: Callable[[str], object] = lambda _: None) -> T:
        """Do the work, again after each `SnowflakeUnavailableError`; the last one is raised.

        Args:
            work: must be safe to repeat from its beginning. Every other error is raised at once.
            tell: hears, before each pause, what failed and how long the pause is.
        """
        started = self.monotonic()
        for attempt in range(1, self.attempts_max + 1):
            try:
                return work()
            except SnowflakeUnavailableError as exc:
                pause = self._pause_seconds(attempt)
                if attempt == self.attempts_max or self.monotonic() - started + pause > self.total_seconds:
                    raise
                tell(f"{exc}; trying again in {pause:.1f} s ({attempt} of {self.attempts_max} tries failed)")
                self.sleep(pause)
        raise AssertionError("attempts_max is at least 1")

    def _pause_seconds(self, attempt: int) -> float:
        upper = min(self.pause_seconds_max, self.first_pause_seconds * 2.0 ** (attempt - 1))
        return upper * (0.5 + 0.5 * self.jitter())
