"""What would be built and why: the decisions of the automation condition, before anything runs.

It asks the same `Standing` as the condition does, and decides nothing of its own. With the definitions of a checkout
and the event log of production it shows what a change of code would build once it is deployed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from orchestration.proven.standing import Reason, Standing

FOLLOWS = "follows"
"""The state of partitions that are up to date, until what they are built from is built again."""
AUTOMATION, HOUR, HAND = "automation", "the run of its hour", "a person"

Stale = Mapping[dg.AssetKey, set[str | None]]
"""The partitions of assets that are planned so far."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Partitions of one asset that are built for the same reason.

    Args:
        key: the asset.
        state: what automation does about them, a `State` or `FOLLOWS`.
        partitions: of it, the oldest first; empty for an asset without.
        because: what they are out of date for; several partitions of one input are one reason.
        waits_for: what keeps the first of them from being built.
        built_by: who builds them.
    """

    key: dg.AssetKey
    state: str
    partitions: tuple[str, ...]
    because: tuple[str, ...]
    waits_for: str
    built_by: str

    def as_row(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "asset": self.key.to_user_string(),
            "state": self.state,
            "partitions": list(self.partitions),
            "because": list(self.because),
            "waits_for": self.waits_for,
            "built_by": self.built_by,
        }


def plan(standing: Standing) -> list[Planned]:
    """Return what is out of date, and what is built of it afterwards, in the order in which it is built."""
    graph = standing.graph
    followed = {key for key in graph.keys if not graph.is_root(key)}
    found: list[Planned] = []
    stale: dict[dg.AssetKey, set[str | None]] = {}
    for key in sorted(followed, key=lambda key: (len(graph.upstream(key) & followed), key)):
        rows = list(_plan_of(standing, key, stale))
        stale[key] = {partition for row in rows for partition in row.partitions or (None,)}
        found += rows
    return found


def _plan_of(standing: Standing, key: dg.AssetKey, stale: Stale) -> Iterator[Planned]:
    groups: dict[tuple[str, tuple[str, ...], str], list[str | None]] = {}
    for partition in standing.expected(key):
        decision = standing.decide(key, partition)
        because = tuple(dict.fromkeys(_of_asset(reason) for reason in decision.because))
        if decision.because and decision.since is None and standing.newest(key, partition) is None:
            continue  # its hours are not published: there is nothing to build yet
        waits_for = "; ".join(map(str, decision.waits_for[:1]))
        state = decision.state.value
        if not because:
            because, waits_for, state = tuple(_follows(standing, key, partition, stale)), "", FOLLOWS
        if because:
            groups.setdefault((state, because, waits_for), []).append(partition)
    for (state, because, waits_for), partitions in groups.items():
        yield Planned(
            key=key,
            state=state,
            partitions=tuple(partition for partition in partitions if partition is not None),
            because=because,
            waits_for=waits_for,
            built_by=_builder(standing, key, because),
        )


def _follows(standing: Standing, key: dg.AssetKey, partition: str | None, stale: Stale) -> Iterator[str]:
    """Yield the inputs of a partition that are planned."""
    read = {read: None for read, its in standing.needed(key, partition) if its in stale.get(read, ())}
    yield from (f"{one.to_user_string()} is built first" for one in read)


def _builder(standing: Standing, key: dg.AssetKey, because: tuple[str, ...]) -> str:
    """Return who builds an asset: no run of an hour starts because code changed."""
    if key in standing.graph.policies:
        return AUTOMATION
    return HAND if any(reason.endswith("other code") for reason in because) else HOUR


def _of_asset(reason: Reason) -> str:
    """Return a reason without the partition: the hours of a day are one reason together."""
    return str(Reason(reason.what, reason.key))
