"""A clock that stands still until it is told to move, or is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class FakeClock:
    """Tell the time that was set; waiting moves it."""

    time: datetime
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Tell the time that was set."""
        return self.time

    def wait(self, seconds: float) -> None:
        """Move the clock."""
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)
