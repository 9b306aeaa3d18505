"""The job that compacts the ledger of a stream, and its schedule."""

import dagster as dg

from orchestration.landing.dagster_errors import retried_or_failed
from orchestration.landing.proof.compaction import compact_ledger
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.document import StreamDocument

CRON = "0 3-21/6 * * *"
"""In UTC: the day before is closed at 3, unless the job lags. The other runs write the closed hours of the day: readers
then fetch the objects of a few hours, and a day has five snapshots to list."""


def compaction_job(document: StreamDocument) -> dg.JobDefinition:
    """Build the job; it writes only what is closed, so it can run at any time and as often as wanted."""
    name = document.keys.named("compact_ledger")

    @dg.op(name=f"{name}_op", required_resource_keys={document.resource_key})
    def compact(context: dg.OpExecutionContext) -> None:
        with retried_or_failed():
            days = compact_ledger(bound_stream(context.resources, document).stream, open_day=True)
        context.log.info("compacted: %s", ", ".join(day.isoformat() for day in days) or "no day")

    @dg.job(
        name=name,
        executor_def=dg.in_process_executor,
        description="Write one snapshot of the ledger for each day of emission that is closed, and one for the closed "
        "hours of the open day.",
    )
    def compact_days() -> None:
        compact()

    return compact_days


def compaction_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Build the schedule: every six hours."""
    return dg.ScheduleDefinition(
        name=job.name,
        job=job,
        cron_schedule=CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
