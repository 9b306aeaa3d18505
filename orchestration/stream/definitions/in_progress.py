"""The hours of a stream of which Dagster has a run that is not finished."""

from __future__ import annotations

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.sensor.run_tags import hours_of
from orchestration.stream.document import StreamDocument

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def hours_in_progress(instance: dg.DagsterInstance, document: StreamDocument) -> set[Hour]:
    """Return the hours of which a run of the stream's job is queued or in progress, alone or in a range."""
    wanted = dg.RunsFilter(job_name=document.keys.named("publish_hour"), statuses=UNFINISHED)
    return {hour for run in instance.get_runs(wanted) for hour in hours_of(run.tags)}
