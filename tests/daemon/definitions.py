"""The code location of these tests: the first stream's document with another broker and another clock.

It loads the documents of the stream, its stage and its table as production does, and binds the stream to the file of
`world`. Left out are the dbt models, which would double the time of each run, and the sensors and the schedule that
have nothing to do with the hours (observations, alerts, compaction of the ledger).
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from orchestration.stream.binding import BoundStream
from orchestration.stream.catalog import DEFS
from tests.daemon.points import reach
from tests.daemon.world import WorldBroker, WorldClock

RESOURCE = "stream_platform_events"


@dg.definitions
def defs() -> dg.Definitions:
    """Load the documents and replace the clients of broker and time."""
    if multiprocessing.parent_process() is not None:
        reach("WORKER_SPAWNED")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in orchestration.definitions
        tree = dg.ComponentTree.for_project(DEFS.parent)
        loaded = dg.Definitions.merge(*(tree.build_defs(DEFS / name) for name in ("platform_events", "snowflake")))
    return in_the_world(loaded, [sensor for sensor in loaded.sensors or () if sensor.name == "landed_hours"])


def in_the_world(loaded: dg.Definitions, sensors: Sequence[Any]) -> dg.Definitions:
    """Return the assets and the job of an hour with these sensors, and with the broker and the clock of the test."""
    resources = dict(loaded.resources or {})
    bound = resources[RESOURCE]
    assert isinstance(bound, BoundStream)
    stream = replace(bound.stream, broker=WorldBroker(), clock=WorldClock())
    return dg.Definitions(
        assets=loaded.assets,
        asset_checks=loaded.asset_checks,
        jobs=[job for job in loaded.jobs or () if job.name == "publish_hour"],
        sensors=sensors,
        resources=resources | {RESOURCE: replace(bound, stream=stream)},
    )
