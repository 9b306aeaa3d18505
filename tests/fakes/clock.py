"""A clock that moves only when a test sets it or the code under test sleeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class FakeClock:
    """Returns the time that was set; sleeping moves it."""

    time: datetime
    waits: list[float] = field(default_factory=list)

    def utc_now(self) -> datetime:
        """Return the time that was set."""
        return self.time

    def monotonic(self) -> float:
        """Return the same time in seconds."""
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)
