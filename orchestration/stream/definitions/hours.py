"""The job of an hour or of several, and the sensor that requests its runs for the complete hours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flink_jobs.contracts.layout import Hour
from orchestration.landing.errors import UnavailableError
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.ranges import RequestedHours, runs_of
from orchestration.landing.sensor.run_tags import TAG_PRIORITY, run_tags
from orchestration.landing.sensor.selection import AssetsOfOneHour
from orchestration.landing.sensor.tick import Tick, run_tick
from orchestration.proven.history import DATA_VERSION_TAG
from orchestration.stream.cadence import Cadence
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.definitions.attempts import with_unpublished_hours
from orchestration.stream.definitions.in_progress import hours_in_progress
from orchestration.stream.document import StreamDocument


def hour_job(document: StreamDocument) -> UnresolvedAssetJobDefinition:
    """Build the job; a run of it takes one hour, or the consecutive hours of a range."""
    keys = document.keys
    return dg.define_asset_job(
        keys.named("publish_hour"),
        selection=AssetsOfOneHour(keys.landed_hour, keys.published_hour, document.partitions),
        executor_def=dg.in_process_executor,
        description="Seal an hour, register its objects in Snowflake, check it, publish it, build its models. "
        "A run of a backlog takes several hours.",
    )


def hour_sensor(document: StreamDocument, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Build the sensor that requests one run per complete hour, and one per range of a backlog."""

    @dg.sensor(
        name=document.keys.named("landed_hours"),
        job=job,
        minimum_interval_seconds=document.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={document.resource_key},
        description="Request one run per complete hour, or per range of a backlog, oldest first; the skip reason "
        "names what every other hour waits for.",
    )
    def landed_hours(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        bound = bound_stream(context.resources, document)
        before = read_cursor(context.cursor, bound.stream.topics)
        try:
            in_progress = hours_in_progress(context.instance, document)
            tick = run_tick(bound.stream, before, bound.limits, in_progress)
            held, tick = hold_back(tick, before, document.cadence, bound.stream.clock.utc_now())
            tick = with_unpublished_hours(tick, bound, context.instance, in_progress)
        except UnavailableError as exc:
            # a result without a cursor keeps the old one
            return dg.SensorResult(skip_reason=f"{exc}; the next tick tries again")
        tick = limited(tick, before, document)
        for finding in tick.findings:
            context.log.warning(finding)
        if not tick.requests:
            return dg.SensorResult(skip_reason=_sentence(tick, held), cursor=tick.cursor.to_text())
        context.log.info(_sentence(tick, held))
        return dg.SensorResult(
            run_requests=_run_requests(tick, document, bound.stream.clock.utc_now()),
            cursor=tick.cursor.to_text(),
            asset_events=[_writer_progress(document, tick), *_observed_objects(document, tick)],
        )

    return landed_hours


def hold_back(tick: Tick, before: Cursor, cadence: Cadence, now: datetime) -> tuple[int, Tick]:
    """Take out the requests whose hour the cadence does not publish yet, and count them."""
    held = {
        request.hour
        for request in tick.requests
        if not cadence.is_due(request.hour, _newest_entry(tick.cursor, request.hour), now)
    }
    return len(held), without(tick, before, held)


def limited(tick: Tick, before: Cursor, document: StreamDocument) -> Tick:
    """Take out the requests beyond the runs that one tick may request."""
    runs = list(runs_of(tick.requests, tick.reasons, document.hours_per_run_max))
    beyond = {hour for run in runs[document.runs_per_tick_max :] for hour in run.hours}
    return replace(without(tick, before, beyond), behind=tick.behind or bool(beyond))


def without(tick: Tick, before: Cursor, held: Collection[Hour]) -> Tick:
    """Take out the requests of some hours. The cursor forgets them, so the next tick requests them again."""
    if not held:
        return tick
    kept = [pair for pair in zip(tick.requests, tick.reasons, strict=True) if pair[0].hour not in held]
    requested = {hour: run for hour, run in tick.cursor.requested.items() if hour not in held}
    requested |= {hour: before.requested[hour] for hour in held if hour in before.requested}
    newest = [hour for hour in (before.last, *(request.hour for request, _ in kept)) if hour is not None]
    cursor = tick.cursor.model_copy(update={"requested": requested, "last": max(newest, default=None)})
    cursor = _walked_back(cursor, held)
    requests, reasons = tuple(request for request, _ in kept), tuple(reason for _, reason in kept)
    return replace(tick, cursor=cursor, requests=requests, reasons=reasons)


def _walked_back(cursor: Cursor, held: Collection[Hour]) -> Cursor:
    """Let the walk over hours without records begin at the first one that is held back."""
    empty = [hour for hour in held if hour not in cursor.totals.hours]
    if not empty or cursor.walked is None:
        return cursor
    walked = min(*empty, cursor.walked)
    passed = tuple(its for its in cursor.passed if its.last < walked)
    return cursor.model_copy(update={"walked": walked, "passed": passed})


def _newest_entry(cursor: Cursor, hour: Hour) -> Hour:
    """Return the emission hour of the newest ledger entry of an hour; an hour without records is ready at its end."""
    totals = cursor.totals.hours.get(hour)
    return totals.until if totals else hour


def _sentence(tick: Tick, held: int) -> str:
    if not held:
        return tick.sentence()
    return f"{held} complete hours wait for the cadence of the stream; {tick.sentence()}"


def _run_requests(tick: Tick, document: StreamDocument, now: datetime) -> list[dg.RunRequest]:
    return [
        dg.RunRequest(
            run_key=run.run_key,
            partition_key=run.hours[0].partition_key if len(run.hours) == 1 else None,
            tags=run_tags(run.requests, run.reasons) | _priority(run, now - document.lookback),
        )
        for run in runs_of(tick.requests, tick.reasons, document.hours_per_run_max)
    ]


def _priority(run: RequestedHours, recent: datetime) -> dict[str, str]:
    """Let the runs of recent hours overtake those of a long past in the queue."""
    return {TAG_PRIORITY: "-1"} if run.hours[-1].end <= recent else {}


def _writer_progress(document: StreamDocument, tick: Tick) -> dg.AssetMaterialization:
    """Report finished hours on the asset of the landing job, which Dagster does not run itself."""
    totals = tick.cursor.totals
    return dg.AssetMaterialization(
        document.keys.writer,
        metadata={
            "hours": [request.hour.label for request in tick.requests],
            "positions": {str(key): chain.position for key, chain in sorted(totals.chains.items())},
            "findings": list(tick.findings),
        },
    )


def _observed_objects(document: StreamDocument, tick: Tick) -> list[dg.AssetObservation]:
    """Observe the objects of each requested hour: their version changes with their content, and with nothing else.

    Dagster stores the observation before the run begins. So the run reads this version, and an hour that was sealed
    from these objects is not stale.
    """
    return [
        dg.AssetObservation(
            document.keys.landed_objects,
            partition=request.hour.partition_key,
            tags={DATA_VERSION_TAG: request.fingerprint},
        )
        for request in tick.requests
        if request.fingerprint is not None
    ]
