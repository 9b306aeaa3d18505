"""The code location of a project to which an analyst has added two files: everything of production, another clock."""

from __future__ import annotations

import warnings

import dagster as dg

from orchestration.proven.definitions import automation_sensor, with_automation
from orchestration.stream.catalog import DEFS
from tests.daemon.definitions import in_the_world
from tests.daemon.world import WorldClock

SENSORS = frozenset({"landed_hours", "freshness"})


@dg.definitions
def defs() -> dg.Definitions:
    """Load the project that is the working directory's, with the broker and the clock of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in orchestration.definitions
        tree = dg.ComponentTree.for_project(DEFS.parent)
        folders = ("platform_events", "dagster_events", "snowflake", "dbt")
        built = dg.Definitions.merge(*(tree.build_defs(DEFS / name) for name in folders))
    loaded = with_automation(built, WorldClock())
    sensors = [sensor for sensor in loaded.sensors or () if sensor.name in SENSORS]
    return in_the_world(loaded, [*sensors, automation_sensor(seconds=1)])
