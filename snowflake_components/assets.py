"""The Dagster asset of one object: a run creates or refreshes the object, and reports what it did."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from snowflake_components.applying.objects import Report, create_or_refresh
from snowflake_components.errors import ObjectDiffersError
from snowflake_components.identifiers import UnsafeTextError
from snowflake_components.planning.hours import NotHourlyError, directories, hours_between
from snowflake_components.planning.objects import incomplete_columns
from snowflake_components.planning.outcome import FileStatus, advice_on
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.work import Connection, TaggedByAsset

RESOURCE_KEY = "snowflake"
"""Name of the Dagster resource that opens sessions (`SnowflakeConnection`)."""
POOL = "snowflake"
"""Concurrency pool of every statement that creates or refreshes."""


LOAD_METADATA = timedelta(days=64)
"""How long Snowflake knows which files a table has loaded."""
REJECTED_CHECK = "no_rows_rejected"
_ERRORS_NAMED_MAX = 5


def _utc_now() -> datetime:
    return datetime.now(UTC)


def object_asset(
    asset_spec: dg.AssetSpec, spec: ObjectSpec, now: Callable[[], datetime] = _utc_now
) -> dg.AssetsDefinition:
    """Return the asset that creates or refreshes one object; a table has a check of its rejected rows."""
    checks = [_rejected_check(asset_spec, spec)] if spec.load else []

    @dg.multi_asset(
        name=asset_spec.key.to_python_identifier(),
        specs=[asset_spec],
        check_specs=checks,
        required_resource_keys={RESOURCE_KEY},
        pool=POOL,
    )
    def create_or_refresh_object(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg] # no value
        if missing := incomplete_columns(spec):
            raise UnsafeTextError(f"columns {', '.join(missing)}: the expression is cut with '...'; write it out")
        resource: TaggedByAsset = getattr(context.resources, RESOURCE_KEY)
        connection = resource.tagged(asset_key=asset_spec.key.to_user_string())
        started = time.monotonic()
        paths = _paths(context, asset_spec, None if spec.loads_older_files or not spec.load else now())
        report = _report(connection, spec, paths, context.log.warning)
        for sql in report.statements:
            context.log.info(sql)
        for advice in _advice(report):
            context.log.warning(advice)
        return dg.MaterializeResult(
            asset_key=asset_spec.key,
            metadata=_metadata(report, spec, time.monotonic() - started),
            check_results=[_rejected(report, spec)] if spec.load else [],
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


def _paths(context: dg.AssetExecutionContext, asset_spec: dg.AssetSpec, loaded_at: datetime | None) -> list[str] | None:
    """Return the directories of the run's hours; of a load at `loaded_at` within Snowflake's load metadata."""
    if asset_spec.partitions_def is None:
        return None
    # Dagster raises for a run without a partition: listing everything by mistake is slow and costs money
    window = context.partition_time_window
    if loaded_at and window.start < loaded_at - LOAD_METADATA:
        raise dg.Failure(
            f"the hour {window.start:%Y-%m-%d %H}:00 is older than the {LOAD_METADATA.days} days of Snowflake's load "
            "metadata, so a file could be skipped without a word. Delete the rows of the hours, if there are any, and "
            "write load_older_files: true in the document for this run.",
            allow_retries=False,
        )
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


def _rejected_check(asset_spec: dg.AssetSpec, spec: ObjectSpec) -> dg.AssetCheckSpec:
    allowed = f"at most {spec.rejected_rows_max} rows" if spec.rejected_rows_max else "no row and no file"
    return dg.AssetCheckSpec(
        REJECTED_CHECK, asset=asset_spec.key, description=f"A load leaves out {allowed} because of an error."
    )


def _rejected(report: Report, spec: ObjectSpec) -> dg.AssetCheckResult:
    rejected = sum(file.rows_rejected for file in report.loads)
    failed = [file for file in report.loads if file.first_error]
    return dg.AssetCheckResult(
        check_name=REJECTED_CHECK,
        passed=rejected <= spec.rejected_rows_max and (spec.rejected_rows_max > 0 or not failed),
        metadata={
            "rows_rejected": rejected,
            "rows_rejected_max": spec.rejected_rows_max,
            "first_errors": [f"{file.file}: {file.first_error}" for file in failed[:_ERRORS_NAMED_MAX]],
        },
    )


def _files(report: Report, spec: ObjectSpec) -> dict[str, int]:
    if spec.load:
        loaded = [file for file in report.loads if file.rows_loaded]
        return {
            "files_loaded": len(loaded),
            "files_loaded_before": sum(file.is_known for file in report.loads),
            "rows_loaded": sum(file.rows_loaded for file in report.loads),
            "rows_rejected": sum(file.rows_rejected for file in report.loads),
        }
    return {
        "files_registered_new": report.count(FileStatus.REGISTERED_NEW),
        "files_registered_updated": report.count(FileStatus.REGISTERED_UPDATE),
        "files_unregistered": report.count(FileStatus.UNREGISTERED),
        "files_skipped": report.count(FileStatus.REGISTER_SKIPPED),
    }


def _advice(report: Report) -> list[str]:
    added = {FileStatus.REGISTERED_NEW, FileStatus.REGISTERED_UPDATE}
    registered = [change.file for change in report.changes if change.status in added]
    return advice_on([*registered, *(file.file for file in report.loads if file.rows_loaded)])


def _metadata(report: Report, spec: ObjectSpec, seconds: float) -> dict[str, Any]:
    return {
        "target": str(spec.name),
        "created": report.created,
        "changed": report.changed or "",
        "paths": list(report.paths),
        **_files(report, spec),
        "advice": _advice(report),
        "statements": dg.MetadataValue.md("\n".join(f"```sql\n{sql}\n```" for sql in report.statements)),
        "query_ids": list(report.query_ids),
        "duration_seconds": round(seconds, 3),
    }
