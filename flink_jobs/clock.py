"""Time, passed in: waiting is then an input of the code that waits."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Measures and waits, in seconds."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops CLOCK_MONOTONIC while it is suspended."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back, and counts the time while the machine is suspended."""
        return time.clock_gettime(_CLOCK)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def epoch_milliseconds(self) -> int:
        """Milliseconds since 1970: for others, who have no other clock in common with us."""
        return time.time_ns() // 1_000_000
