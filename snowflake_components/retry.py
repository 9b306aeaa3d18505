"""Retry while Snowflake is away, with a limit and with growing, jittered pauses."""

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
    """Limits of the retries.

    Args:
        attempts_max: attempts, the first included.
        total_seconds: no attempt starts after this time.
        first_pause_seconds: upper end of the first pause; it doubles with each attempt.
        pause_seconds_max: upper end of every pause.
        sleep: waits for a number of seconds.
        monotonic: seconds that never go back.
        jitter: returns a number from 0 to 1; a pause is between half its upper end and its upper end.
    """

    attempts_max: int = 5
    total_seconds: float = 120.0
    first_pause_seconds: float = 1.0
    pause_seconds_max: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def call(self, work: Callable[[], T], warn: Callable[[str], object] = lambda _: None) -> T:
        """Call `work`, and retry after each `SnowflakeUnavailableError`; raise the last one.

        Args:
            work: must be safe to repeat from its beginning. Every other error of it is raised at once.
            warn: called before each pause with the error and the length of the pause.
        """
        started = self.monotonic()
        for attempt in range(1, self.attempts_max + 1):
            try:
                return work()
            except SnowflakeUnavailableError as exc:
                pause = self._pause_seconds(attempt)
                if attempt == self.attempts_max or self.monotonic() - started + pause > self.total_seconds:
                    raise
                warn(f"{exc}; retry in {pause:.1f} s ({attempt} of {self.attempts_max} attempts failed)")
                self.sleep(pause)
        raise AssertionError("attempts_max is at least 1")

    def _pause_seconds(self, attempt: int) -> float:
        upper = min(self.pause_seconds_max, self.first_pause_seconds * 2.0 ** (attempt - 1))
        return upper * (0.5 + 0.5 * self.jitter())
