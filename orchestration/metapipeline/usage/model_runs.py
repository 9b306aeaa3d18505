"""Runs of dbt models, with their results and times, from the platform events about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import ceil

_STARTED = "STEP_START"
_ENDED = {"STEP_SUCCESS", "STEP_FAILURE"}
_MATERIALIZED = "ASSET_MATERIALIZATION"
EVENT_TYPES = (_STARTED, "STEP_SUCCESS", "STEP_FAILURE", _MATERIALIZED)
"""The event types from which runs of models are made."""


@dataclass(frozen=True, slots=True)
class StepOf:
    """A step of a run: the key that the start and the end of a step share."""

    organization: str
    deployment: str
    shard: str | None
    run_id: str | None
    step_key: str | None


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """One event about a dbt model.

    Args:
        step: that sent it.
        event_type: one of `EVENT_TYPES`.
        model: dbt's unique id, `model.<project>.<name>`.
        occurred_at: by the producer's clock, UTC.
        hour: first instant of its published hour, UTC.
        duration_seconds: from its payload, if present.
    """

    step: StepOf
    event_type: str
    model: str
    occurred_at: datetime
    hour: datetime
    duration_seconds: float | None = None


class RunState(StrEnum):
    """The result of one attempt to run a model; unfinished: no published event has its end."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One attempt to run one model.

    Args:
        step: of the attempt; all attempts of a step have the same.
        model: dbt's unique id.
        state: its result.
        hours: published hours of its events, ascending, each once.
        seconds: from start to end; None when one of them is missing.
    """

    step: StepOf
    model: str
    state: RunState
    hours: tuple[datetime, ...]
    seconds: float | None


def pair_runs(events: Iterable[ModelEvent]) -> tuple[ModelRun, ...]:
    """Pair events to runs of models.

    A start opens an attempt, and the next end of the same step closes it. A second start leaves the first attempt
    unfinished: the step was retried. An end whose start was not read is an attempt of its own. A materialisation with
    a model counts as a run when the run has no start or end for this model: some orchestrators build several models
    in one step.

    Args:
        events: in the order of their records, which Kafka keeps for the events of one run.
    """
    open_starts: dict[tuple[StepOf, str], ModelEvent] = {}
    runs: list[ModelRun] = []
    materialized: list[ModelEvent] = []
    for event in events:
        key = (event.step, event.model)
        if event.event_type == _MATERIALIZED:
            materialized.append(event)
        elif event.event_type == _STARTED:
            if (abandoned := open_starts.pop(key, None)) is not None:
                runs.append(_unfinished(abandoned))
            open_starts[key] = event
        elif event.event_type in _ENDED:
            runs.append(_finished(open_starts.pop(key, None), event))
    runs.extend(map(_unfinished, open_starts.values()))
    runs.extend(_materializations(materialized, runs))
    return tuple(runs)


def _unfinished(start: ModelEvent) -> ModelRun:
    return ModelRun(start.step, start.model, RunState.UNFINISHED, (start.hour,), None)


def _finished(start: ModelEvent | None, end: ModelEvent) -> ModelRun:
    state = RunState.SUCCEEDED if end.event_type == "STEP_SUCCESS" else RunState.FAILED
    if start is None:
        return ModelRun(end.step, end.model, state, (end.hour,), end.duration_seconds)
    seconds = (end.occurred_at - start.occurred_at).total_seconds()
    return ModelRun(end.step, end.model, state, tuple(sorted({start.hour, end.hour})), seconds)


def _materializations(events: Sequence[ModelEvent], runs: Sequence[ModelRun]) -> Iterator[ModelRun]:
    paired = {(_run_of(run.step), run.model) for run in runs}
    for event in events:
        if (_run_of(event.step), event.model) not in paired:
            yield ModelRun(event.step, event.model, RunState.SUCCEEDED, (event.hour,), event.duration_seconds)


def _run_of(step: StepOf) -> tuple[str | None, ...]:
    return step.organization, step.deployment, step.shard, step.run_id


def models_per_day(runs: Iterable[ModelRun]) -> dict[date, frozenset[str]]:
    """Return the distinct models of each day, ascending; a run across midnight counts on both days."""
    days: defaultdict[date, set[str]] = defaultdict(set)
    for run in runs:
        for hour in run.hours:
            days[hour.date()].add(run.model)
    return {day: frozenset(days[day]) for day in sorted(days)}


@dataclass(frozen=True, slots=True)
class ModelTimes:
    """Counts and times of the runs of one model.

    Args:
        model: dbt's unique id.
        succeeded: finished runs that wrote the model.
        failed: finished runs that did not.
        unfinished: runs without an end.
        p50_seconds: median of the succeeded runs; None without one.
        p95_seconds: 95th percentile of the same, nearest rank.
        total_seconds: of all finished runs.
        trend: median of the newer half of the succeeded runs over that of the older half; None below four runs.
    """

    model: str
    succeeded: int
    failed: int
    unfinished: int
    p50_seconds: float | None
    p95_seconds: float | None
    total_seconds: float
    trend: float | None


def model_times(runs: Iterable[ModelRun]) -> tuple[ModelTimes, ...]:
    """Count and time the runs of each model; most seconds first."""
    by_model: defaultdict[str, list[ModelRun]] = defaultdict(list)
    for run in runs:
        by_model[run.model].append(run)
    times = [_times_of(model, found) for model, found in by_model.items()]
    return tuple(sorted(times, key=lambda row: (-row.total_seconds, row.model)))


def _times_of(model: str, runs: Sequence[ModelRun]) -> ModelTimes:
    in_order = sorted(runs, key=lambda run: run.hours)
    seconds = [run.seconds for run in in_order if run.state is RunState.SUCCEEDED and run.seconds is not None]
    states = [run.state for run in runs]
    return ModelTimes(
        model=model,
        succeeded=states.count(RunState.SUCCEEDED),
        failed=states.count(RunState.FAILED),
        unfinished=states.count(RunState.UNFINISHED),
        p50_seconds=percentile(seconds, 50),
        p95_seconds=percentile(seconds, 95),
        total_seconds=sum(run.seconds for run in runs if run.seconds is not None),
        trend=_trend(seconds),
    )


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return a percentile by nearest rank; None without values."""
    if not values:
        return None
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


_RUNS_FOR_A_TREND = 4


def _trend(seconds: Sequence[float]) -> float | None:
    if len(seconds) < _RUNS_FOR_A_TREND:
        return None
    half = len(seconds) // 2
    older, newer = percentile(seconds[:half], 50), percentile(seconds[-half:], 50)
    return round(newer / older, 3) if older and newer else None
