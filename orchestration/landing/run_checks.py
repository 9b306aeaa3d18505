"""Read the results of the blocking checks of an hour from the run that publishes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.errors import HourNotCheckedError


def passed_checks(
    instance: dg.DagsterInstance, run: dg.DagsterRun, hour: Hour, revision: int, checks: Sequence[dg.AssetCheckKey]
) -> dict[str, str]:
    """Return the sentence of each of the `checks` of an hour by name.

    The results are those of the run, or of the runs that it retries: a retry repeats only steps that failed.

    Raises:
        HourNotCheckedError: a check did not pass for this revision.
    """
    found: dict[dg.AssetCheckKey, dg.AssetCheckEvaluation] = {}
    for evaluation in _evaluations(instance, run, hour):
        found.setdefault(evaluation.asset_check_key, evaluation)
    wrong = [key.name for key in checks if not _passed(found.get(key), revision)]
    if wrong:
        raise HourNotCheckedError(
            f"{hour}: {', '.join(wrong)} did not pass for revision {revision} in this run: run the job of the hour, "
            "from landed_hour to published_hour"
        )
    return {key.name: found[key].description or "" for key in checks}


def _evaluations(instance: dg.DagsterInstance, run: dg.DagsterRun, hour: Hour) -> Iterator[dg.AssetCheckEvaluation]:
    """Iterate over the evaluations of an hour, newest first, through the run and the runs that it retries."""
    retried: dg.DagsterRun | None = run
    while retried is not None:
        connection = instance.get_records_for_run(
            retried.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION, ascending=False
        )
        for record in connection.records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.asset_check_evaluation_data.partition == hour.partition_key:
                yield event.asset_check_evaluation_data
        retried = instance.get_run_by_id(retried.parent_run_id) if retried.parent_run_id else None


def _passed(evaluation: dg.AssetCheckEvaluation | None, revision: int) -> bool:
    if evaluation is None or not evaluation.passed:
        return False
    checked = evaluation.metadata.get("revision")
    return checked is not None and checked.value == revision
