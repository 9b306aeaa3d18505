"""The assets of a story: published hours, hourly models, and a day with what reads it, once for each condition."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.proven.condition import proven
from tests.automation.stories import LAST, OLD, Story

CODE = "1"
"""The code version of the days as they are defined."""
FAILING = "HOURGLASS_TEST_FAILING"
"""Names a folder; a file in it that is called as a story lets the builds of its days fail."""
DAYS: Mapping[str, str] = {"proven": "day", "eager": "eager_day"}
ALL: Mapping[str, str] = {"proven": "all", "eager": "eager_all"}


def days_of(now: datetime) -> dict[str, str]:
    """Return the partitions of a story's days."""
    return {OLD: f"{now - timedelta(days=3):%Y-%m-%d}", LAST: f"{now - timedelta(days=1):%Y-%m-%d}"}


def slug(story: Story) -> str:
    """Return the first part of the keys of a story's assets."""
    return story.name.replace(" ", "_")


def key(story: Story, name: str) -> dg.AssetKey:
    """Return the key of an asset of a story."""
    return dg.AssetKey([slug(story), name])


def story_assets(story: Story, now: datetime) -> list[Any]:
    """Build the assets of a story whose LAST day is the day before `now`."""
    days = days_of(now)
    begin = f"{days[OLD]}-00:00" if story.first_hour is None else f"{days[LAST]}-{story.first_hour:02}:00"
    hours = dg.HourlyPartitionsDefinition(begin)
    daily = dg.DailyPartitionsDefinition(begin[:10])
    root = dg.AssetSpec(key(story, "hours"), partitions_def=hours)
    models = [_model(story, name, hours) for name in story.models]
    read = [key(story, name) for name in story.models]
    read += [root.key] if story.reads_hours or not read else []
    made = [root, *models]
    for name, condition in (("proven", proven()), ("eager", dg.AutomationCondition.eager())):
        day = _day(story, DAYS[name], read, daily, condition)
        made += [day, _whole(story, ALL[name], day.key, condition)]
    return made


def _model(story: Story, name: str, hours: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    @dg.asset(key=key(story, name), deps=[key(story, "hours")], partitions_def=hours, code_version="1")
    def model() -> None: ...

    return model


def _day(
    story: Story,
    name: str,
    read: list[dg.AssetKey],
    days: dg.PartitionsDefinition[str],
    condition: dg.AutomationCondition[Any],
) -> dg.AssetsDefinition:
    deps = [dg.AssetDep(one, partition_mapping=_mapping(story)) for one in read]

    @dg.asset(key=key(story, name), deps=deps, partitions_def=days, automation_condition=condition, code_version=CODE)
    def day() -> None:
        if (Path(os.environ[FAILING]) / slug(story)).exists():
            raise dg.Failure("the story says so")

    return day


def _mapping(story: Story) -> dg.PartitionMapping | None:
    """Let a run take place although hours do not exist: Dagster's own answer would be an error in its step."""
    if story.first_hour is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def _whole(story: Story, name: str, day: dg.AssetKey, condition: dg.AutomationCondition[Any]) -> dg.AssetsDefinition:
    @dg.asset(key=key(story, name), deps=[day], automation_condition=condition, code_version="1")
    def whole() -> None: ...

    return whole
