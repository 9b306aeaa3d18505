"""A number of a measurement, beside the one that it must reach."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

COLUMNS = ["what", "measured", "of it", "goal"]


@dataclass(frozen=True)
class Reached:
    """One row.

    Args:
        what: was measured.
        value: measured.
        unit: of value and goal.
        goal: that the value must not exceed; None for a row without one.
        detail: what else is known of it.
    """

    what: str
    value: float
    unit: str
    goal: float | None = None
    detail: str = ""

    def holds(self) -> bool:
        """Return whether the value reaches its goal."""
        return self.goal is None or self.value <= self.goal

    def cells(self) -> list[str]:
        """Return the row of the table."""
        goal = "" if self.goal is None else f"{self.goal:,g} {self.unit}: {'holds' if self.holds() else '**missed**'}"
        return [self.what, f"{self.value:,.6g} {self.unit}", self.detail, goal]

    def document(self) -> dict[str, Any]:
        """Return the numbers for the JSON file."""
        return {**asdict(self), "holds": self.holds()}
