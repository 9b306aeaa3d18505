"""Whether an asset with a deadline is late: what it should hold by now and does not, and which hop keeps it.

Dagster's freshness policies compare the time of the newest materialization. A backfill of an old day makes them pass, a
day without changes makes them fail. Here the data decides: a failed try is nothing while nothing is missing, and a day
that nobody has tried to build is late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from orchestration.alerts.incidents import Incident
from orchestration.landing.comparison.checks import Comparison
from orchestration.proven.standing import Reason, Standing

CHECK = "fresh"
"""The name of the check of an asset with a deadline."""


@dataclass(frozen=True, slots=True)
class Late:
    """A partition that should hold more than it does.

    Args:
        key: the asset.
        partition: of it, the oldest one that is late.
        others: further partitions that are late.
        since: the time of the change that it lacks.
        hop: what keeps it; None when everything that it needs is proven, so that its own run is what is missing.
    """

    key: dg.AssetKey
    partition: str | None
    others: int
    since: datetime
    hop: Reason | None

    def sentence(self, deadline: str) -> str:
        """Return what is late, why, and since when."""
        name = Reason("late", self.key, self.partition).name
        more = f", and {self.others} more partitions" if self.others else ""
        cause = f"it waits, because {self.hop}" if self.hop else "all that it needs is proven, and it was not built"
        return f"{name} is stale: it lacks data of {self.since:%Y-%m-%d %H:%M} UTC, due {deadline}{more}; {cause}"

    @property
    def repair(self) -> str:
        """What to do about the hop."""
        if self.hop is None:
            return f"look at the last runs of {self.key.to_user_string()} in Dagster"
        if self.hop.what == "missing":
            return "hourglass status"
        return f"look at the last runs of {self.hop.name} in Dagster"


def lateness(standing: Standing, key: dg.AssetKey) -> Late | None:
    """Return what is late of an asset with a deadline; None when it holds what it should."""
    policy = standing.graph.policies[key]
    overdue = policy.overdue(standing.graph.now)
    late: list[tuple[str | None, datetime]] = []
    for partition in standing.expected(key):
        since = standing.lacks(key, partition, expecting=True)
        if since is not None and overdue is not None and since <= overdue:
            late.append((partition, since))
    if not late:
        return None
    partition, since = late[0]
    return Late(key, partition, len(late) - 1, since, standing.hop(key, partition))


def compare_freshness(standing: Standing, key: dg.AssetKey) -> Comparison:
    """Compare what an asset holds with what it should hold by now."""
    policy = standing.graph.policies[key]
    found = lateness(standing, key)
    if found is None:
        return Comparison(True, f"holds every change that is due {policy.sentence()}")
    return Comparison(
        False,
        found.sentence(policy.sentence()),
        {"since": found.since.isoformat(), "partition": found.partition or "", "repair": found.repair},
    )


def keys_with_deadline(standing: Standing) -> Iterator[dg.AssetKey]:
    """Yield the assets that can be late."""
    yield from (key for key, policy in standing.graph.policies.items() if policy.has_deadline)


def incident_of(key: dg.AssetKey, comparison: Comparison) -> Incident:
    """Return the incident of an asset that is late."""
    name = key.to_user_string()
    return Incident(
        key=f"fresh/{name}",
        title=f"{name} is stale",
        detail=comparison.sentence,
        repair=str(comparison.numbers["repair"]),
    )
