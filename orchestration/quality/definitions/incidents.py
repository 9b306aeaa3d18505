"""The failed checks of a stream as incidents, from the newest evaluation of each."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES

from orchestration.alerts.incidents import Incident
from orchestration.quality.definitions.hour import HOUR_CHECKS
from orchestration.quality.definitions.reconciled import read_changes, reconciled_key
from orchestration.quality.definitions.standing import standing_keys
from orchestration.stream.document import StreamDocument

_TOLD_BY_HOUR = frozenset({"expected_hour", "unpublished_hours"})
"""Checks whose hours are incidents of their own."""


def check_incidents(instance: dg.DagsterInstance, document: StreamDocument) -> Iterator[Incident]:
    """Return an incident for each error of a check whose newest evaluation failed, and for each reconciled change.

    A warning is no incident. A check that was never evaluated, or whose run is in progress, keeps its last result.
    """
    for key in _alerting(document):
        found = newest_evaluation(instance, key)
        if found is None or found.passed or found.severity is not dg.AssetCheckSeverity.ERROR:
            continue
        changes = read_changes(found.metadata) if key == reconciled_key(document) else []
        for change in changes:
            yield Incident(
                key=f"{document.name}/{change.kind}/{change.key}",
                title=f"{change.hour} of {document.name} changed after it was published: {change.kind}",
                detail=f"{change.key}: {change.detail}",
                repair=change.repair,
            )
        if not changes:
            yield _incident(document, key, found)


def newest_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """Return the newest evaluation of a check; None without one."""
    (record, *_) = (
        *instance.event_log_storage.get_asset_check_execution_history(
            key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
        ),
        None,
    )
    event = record.event.dagster_event if record is not None and record.event is not None else None
    return event.asset_check_evaluation_data if event is not None else None


def _alerting(document: StreamDocument) -> Iterator[dg.AssetCheckKey]:
    yield from (key for name, key in standing_keys(document).items() if name not in _TOLD_BY_HOUR)
    yield reconciled_key(document)
    for check in HOUR_CHECKS:
        if check.severity is dg.AssetCheckSeverity.ERROR:
            yield dg.AssetCheckKey(document.keys.published_hour, check.name)


def _incident(document: StreamDocument, key: dg.AssetCheckKey, found: dg.AssetCheckEvaluation) -> Incident:
    repair = found.metadata.get("repair")
    where = f"{key.name} of {key.asset_key.to_user_string()}"
    return Incident(
        key=f"{document.name}/check/{key.name}",
        title=f"the check {where} fails",
        detail=found.description or "",
        repair=str(repair.value) if repair is not None else f"look at the check {where} in Dagster",
    )
