"""A history of assets that a test writes, event by event."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from orchestration.proven.history import Built, Partitions


@dataclass
class FakeHistory:
    """Replaces the event log of an instance."""

    events: dict[dg.AssetKey, dict[str | None, list[Built]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    last: int = 0

    def built(self, key: dg.AssetKey) -> Partitions:
        """Return what was written of an asset."""
        return self.events[key]

    def started(self, run_id: str) -> datetime | None:  # noqa: ARG002 (of the interface)
        """Return None: no run is known."""
        return None

    def publish(self, key: str, partition: str | None, at: datetime, version: str = "1") -> None:
        """Write an event that was reported."""
        self._add(key, partition, Built(self.last + 1, at, version))

    def build(self, key: str, partition: str | None, at: datetime, *reads: str, code: str | None = None) -> None:
        """Write a materialization by a step that began at this moment."""
        seen = {dg.AssetKey(read): self._newest(dg.AssetKey(read)) for read in reads}
        version = f"{key} {sorted(map(str, seen.values()))}"
        self._add(key, partition, Built(self.last + 1, at, version, f"run {self.last + 1}", code, seen))

    def _newest(self, key: dg.AssetKey) -> int | None:
        return max((one.id for its in self.events[key].values() for one in its), default=None)

    def _add(self, key: str, partition: str | None, built: Built) -> None:
        self.last += 1
        self.events[dg.AssetKey(key)][partition].append(built)
