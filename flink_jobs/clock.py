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


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def epoch_milliseconds(self) -> int:
        """Milliseconds since 1970: for others, who have no other clock in common with us."""
        return time.time_ns() // 1_000_000
