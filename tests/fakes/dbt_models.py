"""A dbt that builds nothing: it records the requests and returns the configured outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.dbt_runner.build import NodeOutcome


@dataclass
class FakeDbtModels:
    """Replaces `DbtModels`."""

    outcomes: tuple[NodeOutcome, ...]
    existing: frozenset[str] = frozenset()
    asked: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)

    def of_run(self, tags: Mapping[str, str]) -> FakeDbtModels:
        """Build every run alike."""
        assert tags is not None
        return self

    def build(
        self, hours: Sequence[str], selectors: Sequence[str], run_id: str | None = None
    ) -> tuple[NodeOutcome, ...]:
        """Record the hours and the names of the selected nodes."""
        assert run_id
        self.asked.append((tuple(hours), frozenset(selector.rpartition(".")[2] for selector in selectors)))
        return self.outcomes

    def build_whole(self, selectors: Sequence[str], run_id: str | None = None) -> tuple[NodeOutcome, ...]:
        """Record the names alone."""
        return self.build((), selectors, run_id)

    def views(self) -> frozenset[str]:
        """Return the configured names."""
        return self.existing
