"""The stories by Dagster's own evaluation; `tests/daemon/test_stories.py` tells them to the real daemon."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from infra.local.settings import PROJECT
from tests.automation.stories import STORIES, Story
from tests.automation.story_assets import ALL, CODE, DAYS, days_of, key, story_assets
from tests.automation.table import table

NOW = datetime(2025, 8, 4, 1, 0, tzinfo=UTC)
ROUNDS_MAX = 6


@dataclass
class EvaluatedWorld:
    """Evaluates the conditions, and reports what they request as built."""

    story: Story
    instance: dg.DagsterInstance
    now: datetime = NOW
    is_failing: bool = False
    cursor: Any = None
    days: dict[str, str] = field(default_factory=lambda: days_of(NOW))

    def __post_init__(self) -> None:
        self.defs = dg.Definitions(story_assets(self.story, NOW))

    def publish(self, day: str, hours: Iterable[int], version: str = "1") -> None:
        """Report hours as published."""
        for hour in hours:
            self._report("hours", f"{self.days[day]}-{hour:02}:00", {"dagster/data_version": f"{hour} {version}"})

    def model(self, name: str, day: str, hours: Iterable[int]) -> None:
        """Build an hourly model."""
        for hour in hours:
            self._report(name, f"{self.days[day]}-{hour:02}:00", self._seen("1", "hours"))

    def build(self, day: str, *, code: str = CODE, amended_meanwhile: int | None = None) -> None:
        """Build a day, and the table of all days."""
        read = [*self.story.models, *(["hours"] if self.story.reads_hours or not self.story.models else [])]
        seen = self._seen(code, *read)
        if amended_meanwhile is not None:
            self.publish(day, [amended_meanwhile], "meanwhile")
        for condition, name in DAYS.items():
            self._report(name, self.days[day], seen)
            self._report(ALL[condition], None, self._seen(CODE, name))

    def fail(self, is_failing: bool) -> None:
        """Let builds of a day fail."""
        self.is_failing = is_failing

    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    def settle(self) -> dict[str, list[str]]:
        """Evaluate until nothing is requested; return what was built for each condition."""
        names = {partition: day for day, partition in self.days.items()}
        built: dict[str, list[str]] = {name: [] for name in DAYS}
        for _ in range(ROUNDS_MAX):
            requested = list(self._requested())
            for condition, asset, partition in requested:
                is_day = partition is not None
                if is_day and self.is_failing:
                    continue
                built[condition].append(names[partition] if partition else "all")
                reads = [*self.story.models, "hours"] if is_day else [DAYS[condition]]
                self._report(asset, partition, self._seen(CODE, *reads))
            if not requested:
                return built
        raise AssertionError(f"{self.story.name}: requested again and again: {requested}")

    def _requested(self) -> Iterator[tuple[str, str, str | None]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            found = dg.evaluate_automation_conditions(
                self.defs, self.instance, evaluation_time=self.now, cursor=self.cursor
            )
        self.cursor = found.cursor
        for condition in DAYS:
            for asset in (DAYS[condition], ALL[condition]):
                for partition in sorted(found.get_requested_partitions(key(self.story, asset)), key=str):
                    yield condition, asset, partition

    def _report(self, asset: str, partition: str | None, tags: dict[str, str]) -> None:
        event = dg.AssetMaterialization(key(self.story, asset), partition=partition, tags=tags)
        self.instance.report_runless_asset_event(event)

    def _seen(self, code: str, *reads: str) -> dict[str, str]:
        """Return the tags that Dagster gives to the materialization of a step that begins now."""
        tags = {"dagster/code_version": code}
        versions = []
        for read in reads:
            records = self.instance.fetch_materializations(key(self.story, read), limit=1).records
            newest = str(records[0].storage_id) if records else "NULL"
            tags[f"dagster/input_event_pointer/{key(self.story, read).to_user_string()}"] = newest
            versions.append(newest)
        return tags | {"dagster/data_version": " ".join([code, *versions])}


def told(story: Story) -> dict[str, list[Sequence[str]]]:
    """Tell a story; return what each condition built at each of its moments."""
    with dg.DagsterInstance.ephemeral() as instance:
        world = EvaluatedWorld(story, instance)
        moments = [world.settle() for _ in story.steps(world)]
    return {condition: [moment[condition] for moment in moments] for condition in DAYS}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_ends_right_with_proven_hours(story: Story) -> None:
    """`proven` builds what is right, as often as it is needed; beside it, what `eager()` builds."""
    assert {"proven": list(story.proven), "eager": list(story.eager)} == told(story)


def test_the_documentation_has_the_table_of_the_stories() -> None:
    """`python -m tests.automation.table` prints it."""
    assert table() in (PROJECT / "docs" / "automation.md").read_text()
