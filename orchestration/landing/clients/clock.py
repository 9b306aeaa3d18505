"""Time as an input: the only place of this package that asks the machine what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tell the time in UTC, and let it pass."""

    def now(self) -> datetime:
        """Tell the time, with the zone UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


class SystemClock:
    """The clock of this machine, which is assumed to differ from the broker's by less than the grace."""

    def now(self) -> datetime:
        """Tell the machine's time."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)
