"""The code location: five streams over doubles, each with four assets of hourly partitions and three new hours."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.quality.definitions.standing import standing_sensor
from orchestration.stream.definitions.assets import external_assets, landed_hour, published_hour
from orchestration.stream.definitions.checks import hour_checks
from orchestration.stream.definitions.hours import hour_job, hour_sensor
from orchestration.stream.definitions.observing import observing_sensor
from orchestration.stream.document import StreamDocument
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import FakeLanding, minutes
from tests.fakes.streams import bound, document

STREAMS = 5
YEARS_HOURS = 3 * 365 * 24
FIRST = Hour.containing(datetime.now(UTC) - timedelta(hours=YEARS_HOURS))


def stream_document(number: int) -> StreamDocument:
    """Return the document of one stream."""
    return document(
        name=f"stream_{number}",
        bare_keys=False,
        prefix=f"stream-{number}",
        table=f"aws/dev/ext_stream_{number}",
        first_hour=FIRST.label,
        sensor_seconds=5,
        observe_seconds=5,
        alert_seconds=5,
    )


def landing() -> FakeLanding:
    """Return two partitions with records in three hours, all landed."""
    made = FakeLanding(FakeBroker({0: minutes(1, 30, 59, 61, 90, 121, 150), 1: minutes(2, 58, 62, 119, 122)}))
    made.job.land_all(made.clock.utc_now())
    return made


def definitions_of(its: StreamDocument, fake: FakeLanding) -> dg.Definitions:
    """Return assets, checks, job and sensors of one stream; stage and table refresh the double."""
    stage_key = dg.AssetKey(["aws", "dev", f"stage_{its.name}"])

    @dg.asset(key=stage_key, deps=[its.keys.landed_hour], partitions_def=its.partitions)
    def stage() -> None: ...

    @dg.asset(key=its.table, deps=[stage_key], partitions_def=its.partitions)
    def external_table(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            fake.table.refresh(Hour.from_partition_key(key))

    job = hour_job(its)
    return dg.Definitions(
        assets=[*external_assets(its), landed_hour(its), stage, external_table, published_hour(its)],
        asset_checks=hour_checks(its),
        jobs=[job],
        sensors=[hour_sensor(its, job), observing_sensor(its), standing_sensor(its)],
        resources={its.resource_key: bound(fake, its)},
    )


documents = [stream_document(number) for number in range(STREAMS)]
fakes = [landing() for _ in documents]
defs = dg.Definitions.merge(*(definitions_of(its, fake) for its, fake in zip(documents, fakes, strict=True)))
