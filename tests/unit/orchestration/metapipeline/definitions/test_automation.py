from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_runner.build import MANIFEST
from orchestration.metapipeline.definitions.automation import (
    TAG_INPUTS,
    metapipeline_job,
    metapipeline_schedule,
    metapipeline_sensor,
)
from orchestration.metapipeline.pipeline.clients import JOB
from tests.unit.orchestration.metapipeline.pipeline.made import Make

MONDAY, NEXT_MONDAY = datetime(2025, 8, 18, 6, tzinfo=UTC), datetime(2025, 8, 25, 6, tzinfo=UTC)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return Path(copyfile(MANIFEST, tmp_path / "manifest.json"))


def tick(make: Make, manifest: Path, instance: dg.DagsterInstance, at: datetime, **attributes: object) -> Any:
    """Return the request of a tick; None when it is skipped."""
    clients = make(dbt_projects=[{"manifest": manifest}], **attributes)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    requested = metapipeline_schedule(clients, metapipeline_job())(context)
    return requested if isinstance(requested, dg.RunRequest) else None


def succeed(instance: dg.DagsterInstance, inputs: str) -> None:
    run = dg.DagsterRun(JOB, tags={TAG_INPUTS: inputs}, status=dg.DagsterRunStatus.SUCCESS)
    instance.add_run(run)


def test_nothing_runs_when_nothing_changed(make: Make, manifest: Path) -> None:
    """Without a BI tool, a week without a new hour, manifest or document requests no run, and asks no warehouse."""
    with dg.DagsterInstance.local_temp() as instance:
        request = tick(make, manifest, instance, MONDAY, bi=[])
        succeed(instance, request.tags[TAG_INPUTS])
        assert tick(make, manifest, instance, NEXT_MONDAY, bi=[]) is None
        manifest.write_text(manifest.read_text() + "\n")
        assert tick(make, manifest, instance, NEXT_MONDAY, bi=[]) is not None


def test_a_run_that_failed_is_requested_again(make: Make, manifest: Path) -> None:
    """Only a success counts."""
    with dg.DagsterInstance.local_temp() as instance:
        assert tick(make, manifest, instance, MONDAY, bi=[]) is not None
        assert tick(make, manifest, instance, NEXT_MONDAY, bi=[]) is not None


def test_reports_become_stale_by_themselves_so_a_bi_tool_is_read_each_week(make: Make, manifest: Path) -> None:
    """Its counters are known only to it."""
    with dg.DagsterInstance.local_temp() as instance:
        request = tick(make, manifest, instance, MONDAY)
        succeed(instance, request.tags[TAG_INPUTS])
        assert tick(make, manifest, instance, MONDAY) is None
        assert tick(make, manifest, instance, NEXT_MONDAY) is not None


def test_a_changed_manifest_requests_one_run_at_once(make: Make, manifest: Path) -> None:
    """The first look remembers, the change requests, and the next look is quiet again."""
    clients = make(dbt_projects=[{"manifest": manifest}])
    sensor = metapipeline_sensor(clients, metapipeline_job())
    cursor: str | None = None
    requested = []
    for changed in (False, False, True, False):
        if changed:
            manifest.write_text(manifest.read_text() + "\n")
        result: Any = sensor(dg.build_sensor_context(cursor=cursor))
        cursor = result.cursor
        requested.append(len(result.run_requests or ()))
    assert [0, 0, 1, 0] == requested
