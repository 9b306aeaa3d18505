"""The checks of a stream that belong to no hour, and the sensor that evaluates them.

They are checks of assets that Dagster does not run, so no run of an hour evaluates them. A person can run them, too.
"""

import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime

import dagster as dg

from flink_jobs.contracts.layout import Hour
from orchestration.landing.check_evaluations import evaluation
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.errors import UnavailableError
from orchestration.quality.standing import (
    expected_hour,
    ledger_readable,
    read_standing,
    retention,
    unpublished_hours,
)
from orchestration.stream.binding import BoundStream
from orchestration.stream.definitions.assets import bound_stream
from orchestration.stream.definitions.in_progress import hours_in_progress
from orchestration.stream.document import StreamDocument

_CADENCE_HOURS_MAX = 32 * 24
"""How far before now the expected hour is looked for: a monthly cadence has one within it."""


def standing_keys(document: StreamDocument) -> dict[str, dg.AssetCheckKey]:
    """Return the keys of the checks by name."""
    keys = document.keys
    assets = {
        expected_hour.__name__: keys.landed_objects,
        unpublished_hours.__name__: keys.landed_objects,
        ledger_readable.__name__: keys.landed_objects,
        retention.__name__: keys.writer,
    }
    return {name: dg.AssetCheckKey(asset, name) for name, asset in assets.items()}


def standing_checks(document: StreamDocument) -> dg.AssetChecksDefinition:
    """Build the checks as one step."""
    compared = (expected_hour, unpublished_hours, ledger_readable, retention)
    keys = standing_keys(document)

    @dg.multi_asset_check(
        name=document.keys.named("stream_standing"),
        specs=[
            dg.AssetCheckSpec(
                compare.__name__, asset=keys[compare.__name__].asset_key, description=inspect.getdoc(compare)
            )
            for compare in compared
        ],
        required_resource_keys={document.resource_key},
        description="Compare bucket and broker with what the stream must have published by now.",
    )
    def check_stream(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        op = context.op_execution_context
        found = evaluate(bound_stream(op.resources, document), op.instance)
        for name, key in keys.items():
            comparison = found.get(name) or Comparison(False, "could not be checked: the broker does not answer")
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=name,
                passed=comparison.passed,
                description=comparison.sentence,
                metadata=dict(comparison.numbers),
            )

    return check_stream


def standing_sensor(document: StreamDocument) -> dg.SensorDefinition:
    """Build the sensor that evaluates the checks and requests no run."""
    keys = standing_keys(document)

    @dg.sensor(
        name=document.keys.named("check_stream"),
        minimum_interval_seconds=document.alert_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={document.resource_key},
        description="Evaluate the checks of the stream that belong to no hour.",
    )
    def check_stream(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            found = evaluate(bound_stream(context.resources, document), context.instance)
        except UnavailableError as exc:
            return dg.SensorResult(skip_reason=f"{exc}; the next tick tries again")
        red = [comparison.sentence for comparison in found.values() if not comparison.passed]
        return dg.SensorResult(
            skip_reason="; ".join(red) or "every check of the stream passes; this sensor requests no run",
            asset_events=[evaluation(keys[name], comparison) for name, comparison in found.items()],
        )

    return check_stream


def evaluate(bound: BoundStream, instance: dg.DagsterInstance) -> Mapping[str, Comparison]:
    """Make the comparisons by name; one that cannot be made while the broker is away is left out."""
    document = bound.document
    its = read_standing(bound.stream, newest_expected(document, bound.stream.clock.utc_now()))
    found = {
        expected_hour.__name__: expected_hour(its),
        unpublished_hours.__name__: unpublished_hours(its, hours_in_progress(instance, document)),
        ledger_readable.__name__: ledger_readable(its),
    }
    left = retention(its)
    return found if left is None else {**found, retention.__name__: left}


def newest_expected(document: StreamDocument, now: datetime) -> Hour | None:
    """Return the newest hour that must be published: its cadence, disorder, grace and allowance are over."""
    allowed = now - document.policy.disorder - document.policy.grace - document.late
    hour = Hour.containing(now)
    for _ in range(_CADENCE_HOURS_MAX):
        hour = hour.plus(-1)
        if document.cadence.is_due(hour, hour, allowed):
            return hour if hour >= document.first_hour else None
    return None
