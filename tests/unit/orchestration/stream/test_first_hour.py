"""Records with old times are published by setting `first_hour`, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import RecordTime
from orchestration.stream.definitions.assets import external_assets, landed_hour, published_hour
from orchestration.stream.definitions.checks import hour_checks
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from orchestration.stream.document import StreamDocument
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import FakeLanding
from tests.fakes.streams import bound, document

OLD = Hour.from_label("2015-06-01T05")


@pytest.fixture
def replayed() -> FakeLanding:
    """Edits of 2015 in two hours, sent with their own times and landed in August 2025."""
    times = [OLD.start + timedelta(minutes=minute) for minute in (1, 30, 59, 61, 90)]
    fake = FakeLanding(
        FakeBroker({0: times, 1: times[1:4]}, RecordTime.CREATE), datetime(2025, 8, 1, 4, 10, tzinfo=UTC)
    )
    fake.job.land_all(fake.clock.utc_now())
    return fake


def definitions_of(fake: FakeLanding, its: StreamDocument) -> dg.Definitions:
    @dg.asset(key=its.table, deps=[its.keys.landed_hour], partitions_def=its.partitions)
    def table(context) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - Dagster resolves no late annotation
        fake.table.refresh(Hour.from_partition_key(context.partition_key))

    job = hour_job(its)
    return dg.Definitions(
        assets=[*external_assets(its), landed_hour(its), table, published_hour(its)],
        asset_checks=hour_checks(its),
        jobs=[job],
        sensors=[hour_sensor(its, job)],
        resources={its.resource_key: bound(fake, its)},
    )


def tick(defs: dg.Definitions, its: StreamDocument, cursor: str | None) -> SensorExecutionData:
    resources = {its.resource_key: (defs.resources or {})[its.resource_key]}
    (sensor,) = defs.sensors or []
    assert isinstance(sensor, dg.SensorDefinition)
    with dg.DagsterInstance.ephemeral() as instance:
        return sensor.evaluate_tick(dg.build_sensor_context(instance, cursor, definitions=defs, resources=resources))


def two_ticks(fake: FakeLanding, its: StreamDocument) -> tuple[list[dg.RunRequest], str | None]:
    """Tick, and tick again after the grace: the last partition must be idle, because record time is the producer's.

    Return all requests, and the last skip reason.
    """
    defs = definitions_of(fake, its)
    first = tick(defs, its, None)
    fake.clock.time += timedelta(seconds=31)
    second = tick(defs, its, first.cursor)
    return [*(first.run_requests or []), *(second.run_requests or [])], second.skip_message


def test_hours_before_the_first_one_are_reported_and_not_requested(replayed: FakeLanding) -> None:
    """The reason names the first hour of the stream."""
    requests, skipped = two_ticks(replayed, document())
    assert [] == requests
    assert "2015-06-01T05 lies before the first hour of the stream, 2025-01-01T00" in str(skipped)


def test_an_earlier_first_hour_publishes_them(replayed: FakeLanding) -> None:
    """The sensor requests their partitions, and each run seals, checks and publishes its hour."""
    its = document(first_hour="2015-06-01T00")
    requests, _ = two_ticks(replayed, its)
    assert ["2015-06-01-05:00", "2015-06-01-06:00"] == [request.partition_key for request in requests]
    job = definitions_of(replayed, its).resolve_job_def("publish_hour")
    with dg.DagsterInstance.ephemeral() as instance:
        for request in requests:
            result = job.execute_in_process(
                instance=instance, partition_key=request.partition_key, tags=dict(request.tags)
            )
            assert all(check.passed for check in result.get_asset_check_evaluations())
        published = instance.get_materialized_partitions(its.keys.published_hour)
    assert {"2015-06-01-05:00", "2015-06-01-06:00"} == published
