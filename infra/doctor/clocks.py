"""How far the clock of a server differs from that of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Asked:
    """The times of this machine between which a server was asked for its time."""

    before: datetime
    after: datetime

    def skew(self, shown: datetime, resolution: timedelta = timedelta()) -> timedelta:
        """Return by how much a server is ahead, below zero behind; zero where its time may be ours.

        Args:
            shown: the time that it gave.
            resolution: of that time, which was cut to it.
        """
        behind, ahead = self.before - (shown + resolution), shown - self.after
        return max(ahead, timedelta()) - max(behind, timedelta())
