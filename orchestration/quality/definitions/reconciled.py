"""The daily job that compares the published hours with bucket and table, as a check of the landed objects."""

import inspect
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.landing.check_evaluations import compared
from orchestration.landing.comparison.checks import Comparison
from orchestration.quality.reconcile import Change, Reconciled, reconcile
from orchestration.quality.shares import Numbers
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.document import StreamDocument

CRON = "40 4 * * *"
"""Daily in UTC, when the last hours of the day before are published."""
CHANGES = "changes"
"""The metadata with the changes."""
_NAMED_MAX = 100
"""Changes that the metadata lists, each with its repair; its counts cover all of them."""


def reconciled_key(document: StreamDocument) -> dg.AssetCheckKey:
    """Return the key of the check."""
    return dg.AssetCheckKey(document.keys.landed_objects, "reconciled")


def reconciled_check(document: StreamDocument) -> dg.AssetChecksDefinition:
    """Build the check; an error, because what readers were given has changed."""
    key = reconciled_key(document)

    @dg.asset_check(
        asset=key.asset_key,
        name=key.name,
        description=inspect.getdoc(reconcile),
        required_resource_keys={document.resource_key},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        bound = bound_stream(context.op_execution_context.resources, document)
        found: list[Reconciled] = []

        def compare() -> Comparison:
            found.append(reconcile(bound.stream, bound.table, bound.document.reconcile_days))
            return compare_published(found[-1])

        comparison = compared(context, compare)
        return dg.AssetCheckResult(
            passed=comparison.passed,
            description=comparison.sentence,
            metadata={**comparison.numbers, **_changes(found)},
        )

    return check


def reconcile_job(document: StreamDocument) -> UnresolvedAssetJobDefinition:
    """Build the job of the check alone."""
    return dg.define_asset_job(
        document.keys.named("reconcile"),
        selection=dg.AssetSelection.checks(reconciled_key(document)),
        executor_def=dg.in_process_executor,
        description="Find what changed after hours were published: objects, registered files, rows.",
    )


def reconcile_schedule(document: StreamDocument, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Build the schedule of the job."""
    return dg.ScheduleDefinition(
        name=document.keys.named("reconcile"),
        job=job,
        cron_schedule=CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Compare the published hours of the last {document.reconcile_days} days.",
    )


def compare_published(found: Reconciled) -> Comparison:
    """Pass where nothing changed; the sentence names the first change and its repair."""
    numbers: Numbers = {
        "hours": found.hours,
        "objects": found.objects,
        "files": found.files,
        **Counter(change.kind for change in found.changes),
    }
    if found.changes:
        numbers["repair"] = found.changes[0].repair
        return Comparison(False, f"{len(found.changes)} changes, the first: {found.changes[0].sentence()}", numbers)
    return Comparison(True, f"{found.hours} published hours are as they were published", numbers)


def read_changes(metadata: Mapping[str, Any]) -> list[Change]:
    """Read the changes from the metadata of an evaluation."""
    listed = metadata.get(CHANGES)
    return [Change(**one) for one in listed.value] if listed is not None else []


def _changes(found: list[Reconciled]) -> dict[str, dg.MetadataValue]:
    changes = [asdict(change) for one in found for change in one.changes[:_NAMED_MAX]]
    return {CHANGES: dg.MetadataValue.json(changes)}
