from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._daemon.types import DaemonHeartbeat

from infra.local import dagster_runs


@dg.job
def nothing() -> None:
    """A job for recorded runs only."""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with DagsterInstance.get() as instance:
        yield instance


def test_runs_that_a_crash_cut_off_are_failed_so_that_they_are_retried(instance: DagsterInstance) -> None:
    """A run in flight cannot be alive before the daemon is, so it is failed; queued and finished runs are unchanged."""
    statuses = (
        DagsterRunStatus.STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.SUCCESS,
    )
    runs = {status: instance.create_run_for_job(nothing, status=status).run_id for status in statuses}
    told: list[str] = []

    dagster_runs.fail_abandoned(told.append)

    after = {status: instance.get_run_by_id(run_id) for status, run_id in runs.items()}
    assert {
        DagsterRunStatus.STARTED: DagsterRunStatus.FAILURE,
        DagsterRunStatus.STARTING: DagsterRunStatus.FAILURE,
        DagsterRunStatus.NOT_STARTED: DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.SUCCESS: DagsterRunStatus.SUCCESS,
    } == {status: run.status for status, run in after.items() if run}
    assert len(told) == 2


def test_waiting_and_running_are_unfinished_and_an_end_is_not(instance: DagsterInstance) -> None:
    """The demo waits while a run is queued or in flight."""
    run = instance.create_run_for_job(nothing, status=DagsterRunStatus.NOT_STARTED)
    assert dagster_runs.unfinished()
    instance.report_run_failed(run)

    assert not dagster_runs.unfinished()


def test_a_daemon_serves_when_each_of_its_daemons_has_sent_a_heartbeat_since_the_start(
    instance: DagsterInstance,
) -> None:
    """Heartbeats of a stopped daemon stay in the storage, and one heartbeat of the new daemon is not enough."""
    started = datetime(2025, 8, 1, 3, tzinfo=UTC)
    needed = instance.get_required_daemon_types()

    def beat(daemon: str, seconds: float) -> None:
        instance.add_daemon_heartbeat(DaemonHeartbeat(started.timestamp() + seconds, daemon, "one"))

    assert not dagster_runs.daemons_beat_since(started)
    for daemon in needed:
        beat(daemon, -1)
    beat(needed[0], 1)
    assert not dagster_runs.daemons_beat_since(started)
    for daemon in needed[1:]:
        beat(daemon, 1)
    assert dagster_runs.daemons_beat_since(started)
