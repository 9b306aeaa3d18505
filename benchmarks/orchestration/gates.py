"""One measurement, and the gate that stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limit:
    """Seconds, and requests where they are limited."""

    seconds: float
    requests: int | None = None

    def __str__(self) -> str:
        requests = "" if self.requests is None else f", {self.requests} requests"
        return f"{self.seconds:g} s{requests}"

    def holds(self, seconds: float, requests: int = 0) -> bool:
        """Return whether a measurement is within the limit."""
        return seconds <= self.seconds and (self.requests is None or requests <= self.requests)

    def cell(self, seconds: float, requests: int = 0) -> str:
        """Return the limit, and whether a measurement is within it."""
        return f"{self}: {'holds' if self.holds(seconds, requests) else '**missed**'}"


@dataclass(frozen=True)
class Gate:
    """What a measurement must reach, and what it should."""

    must: Limit
    goal: Limit


TICK = Gate(Limit(2, 30), Limit(1, 15))
STATUS = Gate(Limit(2), Limit(1))

COLUMNS = ["what", "seconds", "CPU", "requests", "by kind", "gate", "goal"]


@dataclass(frozen=True)
class Result:
    """The seconds of one measurement, the CPU-seconds of this process in it, and its requests by kind."""

    what: str
    seconds: float
    cpu_seconds: float
    requests: Mapping[str, int]
    gate: Gate | None = None

    @property
    def total(self) -> int:
        """All requests together."""
        return sum(self.requests.values())

    def cells(self) -> list[str]:
        """Return the row of the table."""
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.requests.items())
        seconds = [f"{self.seconds:.2f} s", f"{self.cpu_seconds:.2f} s"]
        return [self.what, *seconds, f"{self.total:,}", kinds, *self._gates()]

    def document(self) -> dict[str, Any]:
        """Return the numbers for the JSON file."""
        found: dict[str, Any] = {"what": self.what, "seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        found["requests"] = dict(self.requests)
        if self.gate is None:
            return found
        for name, limit in (("gate", self.gate.must), ("goal", self.gate.goal)):
            found[name] = {"limit": str(limit), "holds": limit.holds(self.seconds, self.total)}
        return found

    def _gates(self) -> list[str]:
        if self.gate is None:
            return ["", ""]
        limits = (self.gate.must, self.gate.goal)
        return [limit.cell(self.seconds, self.total) for limit in limits]
