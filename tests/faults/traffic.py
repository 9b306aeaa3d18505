"""Continuous traffic while a test injects faults."""

from __future__ import annotations

from datetime import timedelta

from tests.faults.background import Background
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.integration.truth import Position

BATCH = 100
REJECTED_EVERY = 25
HOURS = 3


class Traffic(Background):
    """Sends small batches in a thread from `with` to its end, over three hours and all partitions.

    It waits while the broker is away; every record is acknowledged in the end, or leaving the block raises.
    """

    def __init__(self, stack: LandingStack, partitions: int = 4) -> None:
        super().__init__()
        self.sent: set[Position] = set()
        self.partitions = partitions
        self._stack = stack
        self._count = 0

    def step(self) -> None:
        """Send one batch."""
        self.sent |= self._stack.produce([self._next() for _ in range(BATCH)])

    def _next(self) -> Raw:
        self._count += 1
        value = b"no json" if self._count % REJECTED_EVERY == 0 else event(self._count)
        timestamp = BEGIN + timedelta(hours=self._count // self.partitions % HOURS)
        return Raw(value, partition=self._count % self.partitions, timestamp=timestamp)
