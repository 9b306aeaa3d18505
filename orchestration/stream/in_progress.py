"""The hours of a stream of which Dagster has a run that is not finished."""

from __future__ import annotations

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.stream.document import StreamDocument

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
PARTITION_TAG = "dagster/partition"
"""The tag with the partition of a run."""


def hours_in_progress(instance: dg.DagsterInstance, document: StreamDocument) -> set[Hour]:
    """Return the hours of which a run of the stream's job is queued or in progress."""
    wanted = dg.RunsFilter(job_name=document.keys.named("publish_hour"), statuses=UNFINISHED)
    keys = [run.tags.get(PARTITION_TAG) for run in instance.get_runs(wanted)]
    return {Hour.from_partition_key(key) for key in keys if key}
