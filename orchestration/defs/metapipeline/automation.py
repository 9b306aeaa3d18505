"""The job of the metapipeline and its daily schedule; it is not part of the run of an hour."""

import dagster as dg

metapipeline = dg.define_asset_job(
    "metapipeline",
    selection=dg.AssetSelection.groups("metapipeline"),
    executor_def=dg.in_process_executor,
    description="Read the published events and the dbt graph: runs, importance, unused models, chart.",
)

metapipeline_daily = dg.ScheduleDefinition(
    name="metapipeline_daily",
    job=metapipeline,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
