"""A run of several hours, by Dagster in this process over fakes: each hour is sealed, checked and published alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from flink_jobs.contracts.layout import Hour
from orchestration.landing.proof.seal import latest_seal
from orchestration.landing.publication import published_revisions
from orchestration.landing.sensor.run_tags import TAG_FAILED_HOURS
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.unit.orchestration.landing.hour_job import DOCUMENT, publish_range, with_fake_table

HOURS = [H1.plus(back) for back in range(6)]
CHECKS = {"offsets_accounted_for", "objects_present", "files_registered", "rows_queryable"}


@pytest.fixture(autouse=True)
def _backlog(fake: FakeLanding) -> None:
    """Six hours with records are complete."""
    fake.clock.time = HOURS[-1].end + timedelta(minutes=10)
    fake.broker.records[0] += minutes(200, 260, 320, 361)
    fake.broker.records[1] += minutes(362)
    fake.job.land(0, 7, 10, fake.clock.utc_now())
    fake.job.land(1, 5, 5, fake.clock.utc_now())


@pytest.fixture
def defs(fake: FakeLanding) -> dg.Definitions:
    return with_fake_table(fake)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def tick(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None = None) -> SensorExecutionData:
    resources = {DOCUMENT.resource_key: (defs.resources or {})[DOCUMENT.resource_key]}
    context = dg.build_sensor_context(instance, cursor, definitions=defs, resources=resources)
    return hour_sensor(DOCUMENT, hour_job(DOCUMENT)).evaluate_tick(context)


def only_request(defs: dg.Definitions, instance: dg.DagsterInstance) -> dg.RunRequest:
    (request,) = tick(defs, instance).run_requests or []
    return request


def published(fake: FakeLanding) -> set[Hour]:
    return set(published_revisions(fake.bucket, fake.stream.layout))


def test_the_runs_of_a_long_past_yield_to_those_of_recent_hours(
    fake: FakeLanding, defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """Dagster starts queued runs by priority; a run with an hour within the look-back has none."""
    assert "dagster/priority" not in only_request(defs, instance).tags
    fake.clock.time += timedelta(days=7)
    first, *_ = tick(defs, instance).run_requests or []
    assert "-1" == first.tags["dagster/priority"]


def test_a_backlog_is_one_run_and_is_requested_once(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """The run has the range of the partitions; the same tick gives the same key, and the next one requests nothing."""
    first, again = tick(defs, instance), tick(defs, instance)
    (request,), (same,) = first.run_requests or [], again.run_requests or []
    assert (None, "2025-08-01-01:00", "2025-08-01-06:00") == (
        request.partition_key,
        request.tags["dagster/asset_partition_range_start"],
        request.tags["dagster/asset_partition_range_end"],
    )
    assert str(request.run_key).startswith("2025-08-01T01..2025-08-01T06:")
    assert request.run_key == same.run_key
    assert [] == tick(defs, instance, first.cursor).run_requests


def test_each_hour_of_a_range_is_sealed_checked_published_and_materialised(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Dagster has an event of its own for each hour, with the numbers of that hour."""
    result = publish_range(defs, instance, only_request(defs, instance))
    assert result.success
    assert set(HOURS) == published(fake)
    keys = {hour.partition_key for hour in HOURS}
    found = result.get_asset_check_evaluations()
    assert {(name, key, True) for name in CHECKS for key in keys} == {
        (c.check_name, c.partition, c.passed) for c in found
    }
    shown = {
        (event.asset_key, event.partition): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    for key in (DOCUMENT.keys.landed_hour, DOCUMENT.keys.published_hour):
        for hour in HOURS:
            seal = latest_seal(fake.bucket, fake.stream.layout, hour)
            assert seal is not None
            its = shown[key, hour.partition_key]
            assert (hour.label, seal.accepted, seal.fingerprint) == (
                its["hour"].value,
                its["rows"].value,
                its["fingerprint"].value,
            )


def test_a_publication_of_a_range_has_the_checks_of_its_own_hour(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """Hours 01 and 04 have different numbers of rows."""
    publish_range(defs, instance, only_request(defs, instance))
    sentences = [
        fake.bucket.objects[found.key].decode()
        for hour in (H1, H1.plus(3))
        for found in fake.bucket.list(f"platform-events/published/{hour.path}")
    ]
    assert ["4 rows are queryable" in sentences[0], "1 rows are queryable" in sentences[1]] == [True, True]


def test_an_hour_that_fails_a_check_is_red_alone_and_is_named(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object of hour 03 is lost: only its evaluation is red, nothing of this run is published, the tag names it."""
    request = only_request(defs, instance)
    publish_range(defs, instance, request)
    lost = next(found.key for found in fake.bucket.list(f"platform-events/landing/{H1.plus(2).path}"))
    fake.table.registered.pop(lost)
    for key in [key for key in fake.bucket.objects if "/published/" in key]:
        del fake.bucket.objects[key]
    monkeypatch.setattr(fake.table, "refresh", lambda _: None)
    result = publish_range(defs, instance, request)
    red = {(found.check_name, found.partition) for found in result.get_asset_check_evaluations() if not found.passed}
    assert {(name, "2025-08-01-03:00") for name in ("files_registered", "rows_queryable")} == red
    assert set() == published(fake)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert ("2025-08-01T03", "0") == (run.tags[TAG_FAILED_HOURS], run.tags["dagster/max_retries"])


def test_an_hour_that_cannot_be_sealed_does_not_keep_the_others_from_their_seals(
    defs: dg.Definitions, instance: dg.DagsterInstance, fake: FakeLanding
) -> None:
    """A promised object of hour 02 is gone; the run fails, and its tag names the hour."""
    request = only_request(defs, instance)
    del fake.bucket.objects[next(fake.bucket.list(f"platform-events/landing/{H1.plus(1).path}")).key]
    result = publish_range(defs, instance, request)
    assert not result.success
    sealed = {hour for hour in HOURS if latest_seal(fake.bucket, fake.stream.layout, hour)}
    assert set(HOURS) - {H1.plus(1)} == sealed
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert "2025-08-01T02" == run.tags[TAG_FAILED_HOURS]


@pytest.mark.parametrize(("hours_max", "expected"), [(1, 6), (4, 2), (5, 2), (24, 1)])
def test_a_range_has_at_most_the_hours_of_the_document(
    fake: FakeLanding, instance: dg.DagsterInstance, hours_max: int, expected: int
) -> None:
    """With 1 every hour has its own run."""
    defs, changed = with_fake_table(fake), DOCUMENT.model_copy(update={"hours_per_run_max": hours_max})
    its = replace((defs.resources or {})[DOCUMENT.resource_key], document=changed)
    context = dg.build_sensor_context(instance, None, definitions=defs, resources={DOCUMENT.resource_key: its})
    found = hour_sensor(changed, hour_job(changed)).evaluate_tick(context)
    assert expected == len(found.run_requests or [])
