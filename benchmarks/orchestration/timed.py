"""A measurement of a whole stack in wall seconds, with its gate."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.orchestration.gates import Limit

COLUMNS = ["what", "seconds", "of it", "gate", "goal"]


@dataclass(frozen=True)
class Timed:
    """Wall seconds of one measurement.

    Args:
        what: was measured.
        seconds: from begin to end.
        gate: seconds that it must not exceed.
        goal: seconds that it should not exceed.
        detail: what else is known of it.
    """

    what: str
    seconds: float
    gate: float
    goal: float
    detail: str = ""

    def cells(self) -> list[str]:
        """Return the row of the table."""
        limits = [Limit(limit).cell(self.seconds) for limit in (self.gate, self.goal)]
        return [self.what, f"{self.seconds:.1f} s", self.detail, *limits]

    def document(self) -> dict[str, Any]:
        """Return the numbers for the JSON file."""
        return asdict(self)


def machine(load: float) -> str:
    """Return a sentence about the machine, with its load before the measurement."""
    return f"The machine has {os.cpu_count()} cores; its load before the first row was {load:.1f}."
