"""Consumers of one parent that may lag behind: how often each is built, and whether it is ever late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.proven.condition import proven
from orchestration.proven.freshness import lateness
from orchestration.proven.graph import Graph
from orchestration.proven.standing import Standing, State
from tests.fakes.history import FakeHistory

START = datetime(2025, 8, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TICK_MINUTES = 5
HOURS = dg.HourlyPartitionsDefinition("2025-08-01-00:00")
PARENT, HOURLY, DAILY = (dg.AssetKey(name) for name in ("parent", "within_an_hour", "within_a_day"))
READS = {PARENT: "hours", HOURLY: "parent", DAILY: "parent"}


def assets() -> dg.Definitions:
    @dg.asset(deps=[dg.AssetSpec("hours", partitions_def=HOURS)], automation_condition=proven(build="lazy"))
    def parent() -> None: ...

    @dg.asset(deps=[parent], automation_condition=proven(lag="60 minutes"))
    def within_an_hour() -> None: ...

    @dg.asset(deps=[parent], automation_condition=proven(lag="24 hours"))
    def within_a_day() -> None: ...

    return dg.Definitions([dg.AssetSpec("hours", partitions_def=HOURS), parent, within_an_hour, within_a_day])


GRAPH = assets().resolve_asset_graph()


def simulate(published: Iterable[int], minutes: int) -> tuple[Counter[str], list[str]]:
    """Publish hours at some minutes, one after the other; tick every 5 minutes; a build is there at the next tick.

    Returns:
        The builds of each asset, and the sentences of what was late.
    """
    history, builds, late = FakeHistory(), Counter[str](), []
    publications = set(published)
    for minute in range(0, minutes, TICK_MINUTES):
        now = START + minute * MINUTE
        for due in sorted(one for one in publications if one <= minute):
            publications.remove(due)
            hour = START + (due // 60 - 1) * timedelta(hours=1)
            history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", START + due * MINUTE, f"at {due}")
        standing = Standing(Graph(GRAPH, now), history)
        late += [found.sentence("") for key in (HOURLY, DAILY) if (found := lateness(standing, key))]
        due_keys = [key for key in READS if standing.decide(key, None).state is State.DUE]
        for key in due_keys:
            history.build(key.path[-1], None, now + MINUTE, READS[key])
            builds[key.path[-1]] += 1
    return builds, late


def fewest(published: Sequence[int], lag: int, lead: int, minutes: int) -> int:
    """Return the fewest ticks of which one is between each publication and the last moment to build it.

    The time of an hour is its end, two minutes before it is published.
    """
    count, last = 0, -1
    for publication in sorted(published):
        if publication <= last:
            continue
        last = -(-(publication - 2 + lag - lead) // TICK_MINUTES) * TICK_MINUTES
        count += last < minutes
    return count


def test_two_consumers_need_the_fewest_runs_of_their_parent() -> None:
    """48 hours, published each hour: the consumer of 24 hours needs no run of the parent beside those of the other."""
    changes = [60 * hour + 2 for hour in range(1, 48)]
    builds, late = simulate(changes, 48 * 60)
    assert [] == late
    assert fewest(changes, 60, 15, 48 * 60) == builds["parent"] == builds["within_an_hour"]
    assert fewest(changes, 24 * 60, 60, 48 * 60) == builds["within_a_day"]


def test_a_parent_nobody_needs_yet_is_not_built() -> None:
    """The one consumer has 24 hours; the parent is built with it."""
    changes = [60 * hour + 2 for hour in range(1, 48)]
    history = FakeHistory()
    for change in changes[:20]:
        hour = START + (change // 60 - 1) * timedelta(hours=1)
        history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", START + change * MINUTE)
    only_daily = dg.Definitions([dg.AssetSpec("hours", partitions_def=HOURS), *lazy_pair()]).resolve_asset_graph()
    standing = Standing(Graph(only_daily, START + timedelta(hours=21)), history)
    assert State.NOT_DUE is standing.decide(PARENT, None).state
    standing = Standing(Graph(only_daily, START + timedelta(hours=24, minutes=5)), history)
    assert State.DUE is standing.decide(PARENT, None).state
    assert State.WAITS is standing.decide(DAILY, None).state


def lazy_pair() -> list[dg.AssetsDefinition]:
    @dg.asset(deps=["hours"], automation_condition=proven(build="lazy"))
    def parent() -> None: ...

    @dg.asset(deps=[parent], automation_condition=proven(lag="24 hours"))
    def within_a_day() -> None: ...

    return [parent, within_a_day]


def test_without_changes_nothing_is_built() -> None:
    """24 hours after everything is built, with a tick every 5 minutes: no build."""
    history = FakeHistory()
    history.publish("hours", "2025-08-01-00:00", START + timedelta(hours=1, minutes=2))
    for key, read in READS.items():
        history.build(key.path[-1], None, START + timedelta(hours=1, minutes=3), read)
    states = {
        Standing(Graph(GRAPH, START + timedelta(hours=2) + minute * MINUTE), history).decide(key, None).state
        for minute in range(0, 24 * 60, TICK_MINUTES)
        for key in READS
    }
    assert {State.UP_TO_DATE} == states


@pytest.mark.parametrize("minutes", [59, 61])
def test_a_consumer_is_late_after_its_lag_and_names_the_hop(minutes: int) -> None:
    """The hour of 01:00 is not published: at 02:59 nothing is late, at 03:01 the consumer is stale."""
    history = FakeHistory()
    history.publish("hours", "2025-08-01-00:00", START + timedelta(hours=1, minutes=2))
    for key, read in READS.items():
        history.build(key.path[-1], None, START + timedelta(hours=1, minutes=3), read)
    found = lateness(Standing(Graph(GRAPH, START + timedelta(hours=2) + minutes * MINUTE), history), HOURLY)
    assert (found is not None) == (minutes > 60)
    if found:
        assert "hours 2025-08-01-01:00 is missing" == str(found.hop)
