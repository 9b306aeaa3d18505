"""Time, passed in as an argument: tests then decide how long a wait is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time of day, elapsed seconds, and sleep."""

    def utc_now(self) -> datetime:
        """Current time, with the zone UTC."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; they never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def utc_now(self) -> datetime:
        """Current time, with the zone UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; they never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def epoch_milliseconds(self) -> int:
        """Milliseconds since 1970, which another machine can compare with its own."""
        return time.time_ns() // 1_000_000
