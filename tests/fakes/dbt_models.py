"""A dbt that builds nothing: it remembers what it was asked and answers with the outcomes that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestration.dbt_runner.build import NodeOutcome


@dataclass
class FakeDbtModels:
    """Stands for `DbtModels`."""

    outcomes: tuple[NodeOutcome, ...]
    asked: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def build(self, hour: str, names: Sequence[str] = ()) -> tuple[NodeOutcome, ...]:
        """Remember the hour and the names."""
        self.asked.append((hour, frozenset(names)))
        return self.outcomes
