"""The job of the metapipeline, its schedule, and the sensor that runs it when an input changed."""

from collections.abc import Iterator
from hashlib import sha256

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.metapipeline.pipeline.clients import JOB, Clients
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.pipeline.steps import OWN_GROUP

MARTS = "event_marts"
TAG_INPUTS = "hourglass/metapipeline_inputs"
"""The fingerprint of the inputs of a run."""
_SENSOR_SECONDS = 600


def metapipeline_job() -> UnresolvedAssetJobDefinition:
    """Build the job: the views that reports read, then every asset of the metapipeline."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(MARTS, OWN_GROUP),
        executor_def=dg.in_process_executor,
        description="Read dbt, BI and the landed events, judge what is stale, unused or slow, and propose changes.",
    )


def metapipeline_schedule(clients: Clients, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Build the weekly schedule; a tick without a changed input and without a BI tool requests nothing."""

    @dg.schedule(
        name="metapipeline_schedule",
        job=job,
        cron_schedule=clients.document.schedule,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        # a report becomes stale by itself, and its counters are known only to its tool
        moving = f"{context.scheduled_execution_time:%Y-%m-%d}" if clients.document.bi else ""
        inputs = fingerprint(clients.document, *_newest_hours(clients), moving)
        if _was_run(context.instance, inputs):
            return dg.SkipReason("no input changed since the last run: manifests, document, published hours")
        return dg.RunRequest(tags={TAG_INPUTS: inputs})

    return scheduled


def metapipeline_sensor(clients: Clients, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Build the sensor: a changed manifest or document is judged at once, and not only next week."""

    @dg.sensor(
        name="metapipeline_inputs",
        job=job,
        minimum_interval_seconds=_SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Request a run when a manifest or the document changed; published hours wait for the schedule.",
    )
    def changed(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        inputs = fingerprint(clients.document)
        if context.cursor is None:
            return dg.SensorResult(skip_reason="first look: the schedule runs what is there", cursor=inputs)
        if inputs == context.cursor:
            return dg.SensorResult(skip_reason="no manifest and no document changed", cursor=inputs)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=inputs, tags={TAG_INPUTS: inputs})], cursor=inputs)

    return changed


def fingerprint(document: MetapipelineDocument, *moving: str) -> str:
    """Return a digest of the inputs that a process can see without asking a server, and of some more texts."""
    digest = sha256(document.model_dump_json().encode())
    for project in document.dbt_projects:
        try:
            digest.update(sha256(project.manifest.read_bytes()).digest())
        except OSError:
            digest.update(b"missing")  # the run says so, and one that is there again changes the digest
    for text in moving:
        digest.update(text.encode())
    return digest.hexdigest()[:32]


def _newest_hours(clients: Clients) -> Iterator[str]:
    for model, hours in clients.published().items():
        yield f"{model} {max(hours):%Y-%m-%dT%H}" if hours else model


def _was_run(instance: dg.DagsterInstance, inputs: str) -> bool:
    succeeded = dg.RunsFilter(job_name=JOB, tags={TAG_INPUTS: inputs}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return bool(instance.get_run_records(succeeded, limit=1))
