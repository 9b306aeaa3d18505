"""The job of an hour over a fake landing, with any assets between the sealed and the published hour."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.stream.definitions.assets import external_assets, landed_hour, published_hour
from orchestration.stream.definitions.checks import hour_checks
from orchestration.stream.definitions.hours import hour_job
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.streams import bound, document

DOCUMENT = document()
LANDED_HOUR, EXTERNAL_TABLE = DOCUMENT.keys.landed_hour, DOCUMENT.table
STAGE = dg.AssetKey(["aws", "dev", "stage_flink_event_log"])


def definitions_of(
    fake: FakeLanding, table: ExternalTable, snowflake: Sequence[Any], resources: dict[str, Any]
) -> dg.Definitions:
    """Put the assets of the stage and of the external table into the chain of an hour."""
    its = replace(bound(fake, DOCUMENT), table=table)
    return dg.Definitions(
        assets=[*external_assets(DOCUMENT), landed_hour(DOCUMENT), *snowflake, published_hour(DOCUMENT)],
        asset_checks=hour_checks(DOCUMENT),
        jobs=[hour_job(DOCUMENT)],
        resources={DOCUMENT.resource_key: its, **resources},
    )


def with_fake_table(fake: FakeLanding) -> dg.Definitions:
    """Let a run refresh the fake table."""

    @dg.asset(key=STAGE, deps=[LANDED_HOUR], partitions_def=DOCUMENT.partitions)
    def stage() -> None: ...

    @dg.asset(key=EXTERNAL_TABLE, deps=[STAGE], partitions_def=DOCUMENT.partitions)
    def external_table(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            fake.table.refresh(Hour.from_partition_key(key))

    return definitions_of(fake, fake.table.client, [stage, external_table], {})


def publish(
    defs: dg.Definitions, instance: dg.DagsterInstance, hour: Hour = H1, only: list[str] | None = None
) -> dg.ExecuteInProcessResult:
    """Run the job of an hour, or some of its assets."""
    return defs.resolve_job_def("publish_hour").execute_in_process(
        instance=instance,
        partition_key=hour.partition_key,
        asset_selection=[dg.AssetKey(name) for name in only] if only else None,
        raise_on_error=False,
    )


def publish_range(
    defs: dg.Definitions, instance: dg.DagsterInstance, request: dg.RunRequest
) -> dg.ExecuteInProcessResult:
    """Run the job of the hours that the sensor requested together, as the daemon does."""
    job = defs.resolve_job_def("publish_hour")
    return job.execute_in_process(instance=instance, tags=dict(request.tags), raise_on_error=False)


def red_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return the names of the checks that failed."""
    return {found.check_name for found in result.get_asset_check_evaluations() if not found.passed}


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return the assets that the run materialised."""
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """Return the messages of the failed steps."""
    return " ".join(
        str(event.step_failure_data.error_display_string) + str(event.step_failure_data.user_failure_data)
        for event in result.all_events
        if event.is_step_failure
    )
