"""A dbt that builds nothing: it records the requests and returns the configured outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestration.dbt_runner.build import NodeOutcome


@dataclass
class FakeDbtModels:
    """Replaces `DbtModels`."""

    outcomes: tuple[NodeOutcome, ...]
    asked: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)

    def build(self, hours: Sequence[str], names: Sequence[str] = ()) -> tuple[NodeOutcome, ...]:
        """Record the hours and the names."""
        self.asked.append((tuple(hours), frozenset(names)))
        return self.outcomes
