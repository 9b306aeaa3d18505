"""The sensor and runs that failed, were cancelled or are unfinished, over fakes and Dagster's own run storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from flink_jobs.contracts.layout import Hour
from orchestration.landing.publication import published_revisions
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import DOCUMENT, publish_range, with_fake_table

MINUTE = timedelta(minutes=1)


class Daemon:
    """A sensor with its cursor, and the runs that it requests, executed in this process."""

    def __init__(self, fake: FakeLanding, instance: dg.DagsterInstance, **changes: Any) -> None:
        self.fake, self.instance = fake, instance
        self.document = DOCUMENT.model_copy(update=changes)
        self.defs = with_fake_table(fake)
        self.cursor: str | None = None
        self.found: SensorExecutionData | None = None

    def tick(self, after: timedelta = timedelta(0)) -> list[dg.RunRequest]:
        """Evaluate the sensor after some time, and keep its cursor."""
        self.fake.clock.time += after
        its = (self.defs.resources or {})[DOCUMENT.resource_key]
        limits = replace(its.limits, amend_rest=self.document.amend_rest)
        resources = {DOCUMENT.resource_key: replace(its, document=self.document, limits=limits)}
        context = dg.build_sensor_context(self.instance, self.cursor, definitions=self.defs, resources=resources)
        self.found = hour_sensor(self.document, hour_job(self.document)).evaluate_tick(context)
        self.cursor = self.found.cursor
        return list(self.found.run_requests or [])

    def run(self, request: dg.RunRequest) -> bool:
        """Execute a run; return whether it succeeded."""
        if request.partition_key:
            job = self.defs.resolve_job_def("publish_hour")
            return job.execute_in_process(
                instance=self.instance,
                partition_key=request.partition_key,
                tags=dict(request.tags),
                raise_on_error=False,
            ).success
        return publish_range(self.defs, self.instance, request).success

    def published(self) -> set[Hour]:
        """Return the hours with a publication."""
        return set(published_revisions(self.fake.bucket, self.fake.stream.layout))

    def keep(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        """Store the run of a request without executing it."""
        partition = {"dagster/partition": request.partition_key} if request.partition_key else {}
        tags = {**request.tags, **partition, "dagster/run_key": str(request.run_key)}
        return self.instance.add_run(dg.DagsterRun("publish_hour", status=status, tags=tags))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def keys(requests: list[dg.RunRequest]) -> list[str]:
    """Return hour and attempt of each run key; the fingerprint is left out."""
    return [
        ":".join((str(request.run_key).split(":")[0], *str(request.run_key).split(":")[2:])) for request in requests
    ]


def test_a_run_that_failed_is_requested_again_when_its_cause_is_gone(
    fake: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """Not before the pause is over; afterwards the hour is published and never requested again."""
    daemon = Daemon(fake, instance)
    fake.table.refuses = 1
    first = daemon.tick()
    assert [False] * 3 == [daemon.run(request) for request in first]
    fake.table.refuses = 0
    assert [] == daemon.tick(4 * MINUTE)
    again = daemon.tick(MINUTE)
    assert ["2025-08-01T01:2", "2025-08-01T02:2", "2025-08-01T03:2"] == keys(again)
    assert {"failed"} == {request.tags["hourglass/reason"] for request in again}
    assert [True] * 3 == [daemon.run(request) for request in again]
    assert [] == daemon.tick(20 * MINUTE)
    assert {H1, H1.plus(1), H1.plus(2)} == daemon.published()


def test_an_hour_is_given_up_after_its_last_attempt_and_named(fake: FakeLanding, instance: dg.DagsterInstance) -> None:
    """The pauses grow: 5 minutes, then 20."""
    daemon = Daemon(fake, instance, attempts_max=2)
    fake.table.refuses = 1
    for pause, attempt in ((0, ""), (5, ":2"), (20, ":3")):
        requests = daemon.tick(pause * MINUTE)
        assert f"2025-08-01T01{attempt}" == keys(requests)[0]
        for request in requests:
            daemon.run(request)
        assert [] == daemon.tick()
    assert "2025-08-01T01 is not published after 3 runs" in str(daemon.found and daemon.found.skip_message)
    later = {request.partition_key for request in daemon.tick(90 * MINUTE)}
    assert set() == later & {hour.partition_key for hour in (H1, H1.plus(1), H1.plus(2))}


def test_a_lost_cursor_knows_what_is_published_and_how_often_an_hour_failed(
    fake: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """Only the hour that failed is requested, as its second attempt."""
    daemon = Daemon(fake, instance)
    one, two, three = daemon.tick()
    assert [True, True] == [daemon.run(one), daemon.run(two)]
    daemon.keep(three, dg.DagsterRunStatus.CANCELED)
    daemon.cursor = None
    assert ["2025-08-01T03:2"] == keys(daemon.tick())
    assert [] == daemon.tick()


def test_a_run_whose_record_was_deleted_is_requested_again(fake: FakeLanding, instance: dg.DagsterInstance) -> None:
    """Nothing knows of it but the cursor; the key of the first attempt is free again."""
    daemon = Daemon(fake, instance)
    first = daemon.tick()
    assert keys(first) == keys(daemon.tick(5 * MINUTE))


def test_an_hour_with_an_unfinished_run_is_not_requested(fake: FakeLanding, instance: dg.DagsterInstance) -> None:
    """Neither after a lost cursor nor when a record lands, also where the run is of a range."""
    daemon = Daemon(fake, instance, amend_rest_seconds=0)
    run = daemon.keep(daemon.tick()[0], dg.DagsterRunStatus.STARTED)
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    assert [] == daemon.tick(MINUTE)
    daemon.cursor = None
    assert ["2025-08-01T02", "2025-08-01T03"] == keys(daemon.tick())
    instance.report_run_canceled(run)
    assert ["2025-08-01T01"] == keys(daemon.tick())


@pytest.mark.parametrize(("run_seconds", "pause_seconds"), [(120, 120), (10, 60)])
def test_late_records_at_every_tick_make_one_queued_run_an_hour(
    fake: FakeLanding, instance: dg.DagsterInstance, run_seconds: int, pause_seconds: int
) -> None:
    """Records of hour 01 land for 5 minutes: 1 unfinished run at most, and a rest of 60 s between short ones."""
    daemon = Daemon(fake, instance, amend_rest_seconds=60)
    unfinished: list[tuple[dg.DagsterRun, int]] = []
    started = []
    for second in range(0, 300, 10):
        fake.broker.records[0] += minutes(40)
        last = len(fake.broker.records[0]) - 1
        fake.job.land(0, last, last, fake.clock.utc_now())
        for run, ends in [one for one in unfinished if one[1] <= second]:
            instance.report_run_canceled(run)
            unfinished.remove((run, ends))
        for request in daemon.tick(timedelta(seconds=10)):
            if request.partition_key == H1.partition_key:
                assert [] == unfinished
                unfinished.append((daemon.keep(request, dg.DagsterRunStatus.STARTED), second + run_seconds))
                started.append(second)
    assert list(range(0, 300, pause_seconds)) == started


def test_the_hours_of_a_range_that_are_not_to_blame_are_requested_at_once(
    fake: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """Hour 03 lost an object: the other hours are published by the next runs, hour 03 after its repair, alone."""
    fake.clock.time = H1.plus(7).end + 10 * MINUTE
    fake.broker.records[0] += minutes(200, 260, 320, 380, 440, 481)
    fake.broker.records[1] += minutes(482)
    fake.job.land(0, 7, 12, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())
    daemon = Daemon(fake, instance)
    (together,) = daemon.tick()
    lost = next(iter(fake.bucket.list(f"platform-events/landing/{H1.plus(2).path}"))).key
    body = fake.bucket.objects.pop(lost)
    assert not daemon.run(together)
    others = daemon.tick(timedelta(seconds=30))
    assert ["2025-08-01T01:2", "2025-08-01T02:2", "2025-08-01T04..2025-08-01T08"] == keys(others)
    assert [True] * 3 == [daemon.run(request) for request in others]
    assert {H1.plus(n) for n in (0, 1, 3, 4, 5, 6, 7)} == daemon.published()
    fake.bucket.objects[lost] = body
    alone = daemon.tick(5 * MINUTE)
    assert ["2025-08-01T03:2"] == keys(alone)
    assert daemon.run(alone[0])
