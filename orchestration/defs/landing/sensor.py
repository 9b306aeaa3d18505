"""The sensor that requests one run for each complete hour, and the job of such a run."""

import dagster as dg

from orchestration.landing.errors import UnavailableError
from orchestration.landing.partitions import WRITER
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.run_tags import run_key, run_tags
from orchestration.landing.sensor.selection import assets_of_one_hour
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from orchestration.settings import SensorSettings

publish_hour = dg.define_asset_job(
    "publish_hour",
    selection=assets_of_one_hour(),
    executor_def=dg.in_process_executor,
    description="Seal one hour, register its objects in Snowflake, check it, publish it, build its models.",
)


@dg.sensor(
    job=publish_hour,
    minimum_interval_seconds=SensorSettings().sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def landed_hours(
    context: dg.SensorEvaluationContext,
    landing: dg.ResourceParam[Stream],
    tick_limits: dg.ResourceParam[Limits],
) -> dg.SensorResult:
    """Request one run per complete hour, oldest first; the skip reason names what every other hour waits for."""
    cursor = read_cursor(context.cursor, landing.topics)
    try:
        tick = run_tick(landing, cursor, tick_limits)
    except UnavailableError as exc:
        # a result without a cursor keeps the old one
        return dg.SensorResult(skip_reason=f"{exc}; the next tick tries again")
    for finding in tick.findings:
        context.log.warning(finding)
    if not tick.requests:
        return dg.SensorResult(skip_reason=tick.sentence(), cursor=tick.cursor.to_text())
    context.log.info(tick.sentence())
    runs = [
        dg.RunRequest(
            run_key=run_key(request),
            partition_key=request.hour.partition_key,
            tags=run_tags(request, reason),
        )
        for request, reason in zip(tick.requests, tick.reasons, strict=True)
    ]
    return dg.SensorResult(run_requests=runs, cursor=tick.cursor.to_text(), asset_events=[_writer_progress(tick)])


def _writer_progress(tick: Tick) -> dg.AssetMaterialization:
    """Report finished hours on the asset of the landing job, which Dagster does not run itself."""
    totals = tick.cursor.totals
    return dg.AssetMaterialization(
        WRITER,
        metadata={
            "hours": [request.hour.label for request in tick.requests],
            "positions": {str(key): chain.position for key, chain in sorted(totals.chains.items())},
            "findings": list(tick.findings),
        },
    )
