"""The sensors of all assets behind proven hours, and the check of those with a deadline."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict

from flink_jobs.contracts.clock import Clock, SystemClock
from orchestration.alerts.delivery import Channel, deliver
from orchestration.alerts.incidents import AlertState
from orchestration.alerts.webhooks import AlertSettings
from orchestration.landing.check_evaluations import evaluation
from orchestration.landing.comparison.checks import Comparison
from orchestration.proven.freshness import CHECK, compare_freshness, incident_of, keys_with_deadline
from orchestration.proven.graph import policy_of
from orchestration.proven.standing import Standing

_SENSOR_SECONDS = 30
_FRESHNESS_SECONDS = 60


class _Told(BaseModel):
    """The cursor of the freshness sensor: the last sentence of each check, and the alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: Mapping[str, str] = {}
    alerts: AlertState = AlertState()


def with_automation(loaded: dg.Definitions, clock: Clock | None = None) -> dg.Definitions:
    """Return definitions with the automation sensor, and with a check for each asset that has a deadline.

    Args:
        loaded: every definition of the code location.
        clock: of the deadlines.
    """
    policies = {spec.key: policy_of(spec.automation_condition) for spec in _specs(loaded)}
    keys = sorted(key for key, policy in policies.items() if policy is not None and policy.has_deadline)
    clock = clock or SystemClock()
    return dg.Definitions.merge(
        loaded,
        dg.Definitions(
            sensors=[automation_sensor(), *([freshness_sensor(clock, AlertSettings().webhooks())] if keys else [])],
            asset_checks=[freshness_checks(keys, clock)] if keys else [],
        ),
    )


def _specs(loaded: dg.Definitions) -> Iterator[dg.AssetSpec]:
    """Yield the asset specs as they are defined; to resolve the definitions costs a CPU second, and is done later."""
    for one in loaded.assets or ():
        if isinstance(one, dg.AssetsDefinition):
            yield from one.specs
        elif isinstance(one, dg.AssetSpec):
            yield one


def automation_sensor(seconds: int = _SENSOR_SECONDS) -> dg.AutomationConditionSensorDefinition:
    """Build the sensor that evaluates every automation condition; Dagster's own one does not run by default."""
    with warnings.catch_warnings():
        # the parameter is a beta in this release of Dagster, which is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.AutomationConditionSensorDefinition(
            "automation",
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=seconds,
            use_user_code_server=True,  # Dagster's daemon evaluates no condition that is not its own
            description="Request what is due behind proven hours, and what other automation conditions want.",
        )


def freshness_checks(keys: list[dg.AssetKey], clock: Clock) -> dg.AssetChecksDefinition:
    """Build the checks of assets with a deadline as one step; the sensor evaluates them, and a person can run them."""

    @dg.multi_asset_check(
        name="freshness_of_assets",
        specs=[dg.AssetCheckSpec(CHECK, asset=key, description=_DESCRIPTION) for key in keys],
        can_subset=True,
        description="Compare what assets hold with what they should hold by now.",
    )
    def check_freshness(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        op = context.op_execution_context
        standing = Standing.of(op.repository_def.asset_graph, op.instance, clock.utc_now())
        for key in sorted(one.asset_key for one in context.selected_asset_check_keys):
            found = compare_freshness(standing, key)
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=CHECK,
                passed=found.passed,
                description=found.sentence,
                metadata=dict(found.numbers),
            )

    return check_freshness


_DESCRIPTION = "The asset holds every change that its deadline requires; whether its last run failed does not count."


def freshness_sensor(clock: Clock, channels: Mapping[str, Channel]) -> dg.SensorDefinition:
    """Build the sensor that evaluates the checks, alerts on what is late, and requests no run."""

    @dg.sensor(
        name="freshness",
        minimum_interval_seconds=_FRESHNESS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alert once when an asset is stale at its deadline, and once when that is over.",
    )
    def freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        told = _Told.model_validate_json(context.cursor) if context.cursor else _Told()
        if context.repository_def is None:
            raise RuntimeError("the sensor is evaluated without its code location")
        standing = Standing.of(context.repository_def.asset_graph, context.instance, clock.utc_now())
        found = {key: compare_freshness(standing, key) for key in keys_with_deadline(standing)}
        late = {key: one for key, one in found.items() if not one.passed}
        alerts = deliver(
            told.alerts,
            [incident_of(key, one) for key, one in late.items()],
            channels,
            standing.graph.now,
            context.log.warning,
        )
        sentences = {key.to_user_string(): one.sentence for key, one in found.items()}
        return dg.SensorResult(
            skip_reason="; ".join(one.sentence for one in late.values()) or "every asset with a deadline is fresh",
            asset_events=_changed(found, told),
            cursor=_Told(sentences=sentences, alerts=alerts).model_dump_json(),
        )

    return freshness


def _changed(found: Mapping[dg.AssetKey, Comparison], told: _Told) -> list[Any]:
    """Return an evaluation of each check that says something else than before."""
    return [
        evaluation(dg.AssetCheckKey(key, CHECK), one)
        for key, one in found.items()
        if told.sentences.get(key.to_user_string()) != one.sentence
    ]
