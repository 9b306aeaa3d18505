"""The stories told to the real daemon: ticks, queue and runs are Dagster's own processes."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus

from infra.local.dagster_runs import IN_FLIGHT, WAITING
from infra.local.settings import LocalSettings
from tests.automation.definitions import NOW
from tests.automation.stories import STORIES, Story
from tests.automation.story_assets import ALL, CODE, DAYS, FAILING, days_of, key, slug, story_assets
from tests.daemon.daemon import CLOCK
from tests.daemon.station import Station

MODULE = "tests.automation.definitions"
QUIET_TICKS = 3
"""Ticks in a row without a run: nothing is requested any more."""


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """Start the code server of the stories; the test starts the daemon."""
    made = Station(LocalSettings(data_dir=tmp_path))
    failing = tmp_path / "failing"
    failing.mkdir()
    variables = {FAILING: str(failing), NOW: f"{datetime.now(UTC):%Y-%m-%dT00:30}+00:00"}
    try:
        for name, value in (made.environment | variables).items():
            monkeypatch.setenv(name, value)
        made.prepare_dagster()
        made.replace_code_server(module=MODULE, variables=variables)
        yield made
    finally:
        made.stop()


@dataclass
class RunWorld:
    """Reports hours, and builds by hand in this process; the daemon does the rest."""

    story: Story
    station: Station
    now: datetime
    days: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.days = days_of(self.now)

    def publish(self, day: str, hours: Iterable[int], version: str = "1") -> None:
        """Report hours as published."""
        for hour in hours:
            event = dg.AssetMaterialization(
                key(self.story, "hours"),
                partition=f"{self.days[day]}-{hour:02}:00",
                tags={"dagster/data_version": f"{hour} {version}"},
            )
            self.station.instance.report_runless_asset_event(event)

    def model(self, name: str, day: str, hours: Iterable[int]) -> None:
        """Build an hourly model."""
        hours = list(hours)
        if hours == list(range(24)):  # the first hours are reported: only what happens later needs a run
            for hour in hours:
                event = dg.AssetMaterialization(key(self.story, name), partition=f"{self.days[day]}-{hour:02}:00")
                self.station.instance.report_runless_asset_event(event)
            return
        for hour in hours:
            self._materialize(name, f"{self.days[day]}-{hour:02}:00")

    def build(self, day: str, *, code: str = CODE, amended_meanwhile: int | None = None) -> None:
        """Build a day, and the table of all days."""
        for condition, name in DAYS.items():
            self._materialize(name, self.days[day], code, amended_meanwhile)
            self._materialize(ALL[condition], None)

    def fail(self, is_failing: bool) -> None:
        """Let builds of a day fail."""
        file = Path(os.environ[FAILING]) / slug(self.story)
        file.touch() if is_failing else file.unlink()

    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.station.points.advance_clock(CLOCK, minutes * 60)

    def _materialize(self, name: str, partition: str | None, code: str = CODE, amended: int | None = None) -> None:
        assets = [asset for asset in story_assets(self.story, self.now) if isinstance(asset, dg.AssetsDefinition)]
        wanted = next(asset for asset in assets if asset.key == key(self.story, name))
        if (code, amended) != (CODE, None):
            wanted = self._variant(wanted, code, amended)
        specs = [asset for asset in story_assets(self.story, self.now) if isinstance(asset, dg.AssetSpec)]
        others = [asset for asset in assets if asset.key != wanted.key]
        done = dg.materialize(
            [*specs, *others, wanted], instance=self.station.instance, partition_key=partition, selection=[wanted.key]
        )
        assert done.success

    def _variant(self, asset: dg.AssetsDefinition, code: str, amended: int | None) -> dg.AssetsDefinition:
        spec = next(iter(asset.specs))

        @dg.asset(key=spec.key, deps=list(spec.deps), partitions_def=asset.partitions_def, code_version=code)
        def variant(context: dg.AssetExecutionContext) -> None:
            if amended is not None:
                day = next(name for name, partition in self.days.items() if partition == context.partition_key)
                self.publish(day, [amended], "meanwhile")

        return variant


@pytest.mark.long
def test_every_story_ends_right_with_the_real_daemon(station: Station) -> None:
    """All stories go on together; at each of their moments the daemon has built what the table says."""
    now = datetime.fromisoformat(os.environ[NOW])
    worlds = {story.name: RunWorld(story, station, now) for story in STORIES}
    steps = {story.name: story.steps(worlds[story.name]) for story in STORIES}
    told: dict[str, dict[str, list[Sequence[str]]]] = {story.name: {name: [] for name in DAYS} for story in STORIES}
    while steps:
        steps = {name: its for name, its in steps.items() if _goes_on(its)}
        before = _newest_event(station)
        station.start_daemon()
        _settle(station)
        for name in steps:
            for condition in DAYS:
                told[name][condition].append(_built(worlds[name], condition, before))
    expected = {story.name: {"proven": list(story.proven), "eager": list(story.eager)} for story in STORIES}
    assert expected == told


def _goes_on(steps: Iterator[None]) -> bool:
    return next(steps, "over") is None


def _settle(station: Station) -> None:
    """Wait for some ticks in a row after which no run is unfinished, and before which none was requested."""
    while True:
        runs, ticks = _runs(station), _ticks(station)
        station.wait_for(lambda ticks=ticks: _ticks(station) >= ticks + QUIET_TICKS, "ticks of the automation sensor")  # type: ignore[misc]
        while left := _unfinished(station):
            station.wait_for(lambda left=left: _unfinished(station) != left, "a run begins or ends")  # type: ignore[misc]
        if _runs(station) == runs:
            return


def _ticks(station: Station) -> int:
    found = [state for state in station.instance.all_instigator_state() if state.instigator_name == "automation"]
    finished = [TickStatus.SKIPPED, TickStatus.SUCCESS]
    return sum(
        len(station.instance.get_ticks(state.instigator_origin_id, state.selector_id, statuses=finished))
        for state in found
    )


def _unfinished(station: Station) -> set[str]:
    return {run.run_id for run in station.instance.get_runs(dg.RunsFilter(statuses=[*IN_FLIGHT, *WAITING]))}


def _runs(station: Station) -> int:
    return len(station.instance.get_runs())


def _newest_event(station: Station) -> int:
    newest = [
        record.asset_entry.last_materialization_record.storage_id
        for record in station.instance.get_asset_records()
        if record.asset_entry.last_materialization_record
    ]
    return max(newest, default=0)


def _built(world: RunWorld, condition: str, after: int) -> list[str]:
    names = {partition: day for day, partition in world.days.items()}
    found = []
    for asset in (DAYS[condition], ALL[condition]):
        wanted = dg.AssetRecordsFilter(asset_key=key(world.story, asset), after_storage_id=after)
        records = world.station.instance.fetch_materializations(wanted, limit=100, ascending=True).records
        found += [names.get(str(record.partition_key), "all") for record in records]
    return found
