"""What earlier attempts of a run have built, so that a retry builds the rest alone."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg

TAG_FROM_FAILURE = "dagster/is_resume_retry"
"""Dagster's tag of a run that repeats what failed, by its own retries or by a person; not of one that repeats all."""

_EVENTS = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}


def built_before(
    run: dg.DagsterRun, instance: dg.DagsterInstance, partitions: Collection[str]
) -> dict[dg.AssetKey, str]:
    """Return the assets that the runs which this one repeats from their failure have built, each with its run.

    An asset counts when it was materialized for all of the partitions, and no check of it failed in that run: what a
    check refused is built again. A run that is no retry from a failure has none.
    """
    found: dict[dg.AssetKey, str] = {}
    while run.tags.get(TAG_FROM_FAILURE) == "true" and run.parent_run_id:
        parent = instance.get_run_by_id(run.parent_run_id)
        if parent is None:
            break
        run = parent
        # the oldest one has built it: a later one has only reported it again
        found |= dict.fromkeys(_whole(instance, run.run_id, set(partitions)), run.run_id)
    return found


def _whole(instance: dg.DagsterInstance, run_id: str, partitions: set[str]) -> set[dg.AssetKey]:
    built: dict[dg.AssetKey, set[str]] = {}
    refused = set()
    for record in instance.get_records_for_run(run_id, of_type=_EVENTS).records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key:
            built.setdefault(event.asset_key, set()).add(event.partition or "")
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR:
                refused.add(evaluation.asset_key)
    return {key for key, its in built.items() if its >= partitions and key not in refused}
