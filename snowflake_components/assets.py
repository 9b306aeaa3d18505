"""The Dagster asset of one object: a run creates or refreshes the object, and reports what it did."""

import time
from collections.abc import Callable
from typing import Any

import dagster as dg

from snowflake_components.applying.objects import Report, create_or_refresh
from snowflake_components.errors import ObjectDiffersError
from snowflake_components.identifiers import UnsafeTextError
from snowflake_components.planning.hours import NotHourlyError, directories, hours_between
from snowflake_components.planning.objects import incomplete_columns
from snowflake_components.planning.outcome import FileStatus
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.work import Connection

RESOURCE_KEY = "snowflake"
"""Name of the Dagster resource that opens sessions (`SnowflakeConnection`)."""
POOL = "snowflake"
"""Concurrency pool of every statement that creates or refreshes."""


def object_asset(asset_spec: dg.AssetSpec, spec: ObjectSpec) -> dg.AssetsDefinition:
    """Return the asset that creates or refreshes one object."""

    @dg.multi_asset(
        name=asset_spec.key.to_python_identifier(),
        specs=[asset_spec],
        required_resource_keys={RESOURCE_KEY},
        pool=POOL,
    )
    def create_or_refresh_object(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg] # no value
        if missing := incomplete_columns(spec):
            raise UnsafeTextError(f"columns {', '.join(missing)}: the expression is cut with '...'; write it out")
        connection: Connection = getattr(context.resources, RESOURCE_KEY)
        started = time.monotonic()
        paths = _paths(context, asset_spec)
        report = _report(connection, spec, paths, context.log.warning)
        for sql in report.statements:
            context.log.info(sql)
        return dg.MaterializeResult(
            asset_key=asset_spec.key, metadata=_metadata(report, spec, time.monotonic() - started)
        )

    return create_or_refresh_object


def _report(connection: Connection, spec: ObjectSpec, paths: list[str] | None, warn: Callable[[str], object]) -> Report:
    try:
        return connection.retries.call(lambda: _run_in_session(connection, spec, paths), warn)
    except ObjectDiffersError as exc:
        # the run fails, so that Dagster does not note the code version of a definition that is not in force
        raise dg.Failure(str(exc), metadata={"plan": str(exc)}, allow_retries=False) from exc


def _run_in_session(connection: Connection, spec: ObjectSpec, paths: list[str] | None) -> Report:
    with connection.connect() as session:
        return create_or_refresh(session, spec, paths)


def _paths(context: dg.AssetExecutionContext, asset_spec: dg.AssetSpec) -> list[str] | None:
    if asset_spec.partitions_def is None:
        return None
    # Dagster raises for a run without a partition: listing everything by mistake is slow and costs money
    window = context.partition_time_window
    return directories(hours_between(window.start, window.end))


def require_hours(partitions_def: dg.PartitionsDefinition[str] | None) -> None:
    """Raise `NotHourlyError` for partitions that are no windows of whole UTC hours."""
    if partitions_def is None:
        return
    if not isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        raise NotHourlyError("partitions must be windows of whole UTC hours: type hourly or daily")
    # there is none while the start lies in the future
    if window := partitions_def.get_first_partition_window():
        hours_between(window.start, window.end)


def _metadata(report: Report, spec: ObjectSpec, seconds: float) -> dict[str, Any]:
    return {
        "target": str(spec.name),
        "created": report.created,
        "changed": report.changed or "",
        "paths": list(report.paths),
        "files_registered_new": report.count(FileStatus.REGISTERED_NEW),
        "files_registered_updated": report.count(FileStatus.REGISTERED_UPDATE),
        "files_unregistered": report.count(FileStatus.UNREGISTERED),
        "files_skipped": report.count(FileStatus.REGISTER_SKIPPED),
        "statements": dg.MetadataValue.md("\n".join(f"```sql\n{sql}\n```" for sql in report.statements)),
        "query_ids": list(report.query_ids),
        "duration_seconds": round(seconds, 3),
    }
