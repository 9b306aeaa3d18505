"""Runs of dbt models, with their results and times, from the platform events about them.

A run is one attempt of one step for one model. A retry of the step is a further run. A step that writes 24 partitions
of the model is one run with 24 partitions: runs and partitions are counted apart, and credits follow the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from math import ceil

_STARTED = "STEP_START"
_ENDED = {"STEP_SUCCESS", "STEP_FAILURE"}
_MATERIALIZED = "ASSET_MATERIALIZATION"
EVENT_TYPES = (_STARTED, "STEP_SUCCESS", "STEP_FAILURE", _MATERIALIZED)
"""The event types from which runs of models are made."""
RUN_SECONDS_MAX = 30 * 86_400
"""Longest time of a run that is believed; a longer one comes from a wrong clock."""
_MODEL = "model."


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
        model: dbt's unique id of a model, seed or snapshot, such as `model.<project>.<name>`.
        occurred_at: by the producer's clock, UTC.
        hour: first instant of its published hour, UTC.
        duration_seconds: from its payload, if present; any number, see `known_seconds`.
        partition: that it is about, if any.
    """

    step: StepOf
    event_type: str
    model: str
    occurred_at: datetime
    hour: datetime
    duration_seconds: float | None = None
    partition: str | None = None


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
        seconds: from start to end; None when one of them is missing or the clock went back in between.
        ended_at: by the producer's clock, UTC; None while it is unfinished.
        partitions: that its events name, ascending, each once; none for a model without partitions.
    """

    step: StepOf
    model: str
    state: RunState
    hours: tuple[datetime, ...]
    seconds: float | None
    ended_at: datetime | None = None
    partitions: tuple[str, ...] = ()


def pair_runs(events: Iterable[ModelEvent]) -> tuple[ModelRun, ...]:
    """Pair events to runs of models.

    A start opens an attempt, and the next end of the same step closes it. A second start leaves the first attempt
    unfinished: the step was retried. An end whose start was not read is an attempt of its own.

    Materialisations count as runs when the run has no start or end for this model: some orchestrators build several
    models in one step. Those of one step are one attempt, until one of them repeats a partition: then the step was
    retried. Outside of a run each one is an attempt. Their seconds are added, except where all report the same number:
    Dagster repeats the metadata of an output for each of its partitions.

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
    return (*_with_partitions(runs, materialized), *_materializations(materialized, runs))


def known_seconds(seconds: float | None) -> float | None:
    """Return a duration that can be one; None for a negative, infinite or absurd one, and for no number."""
    return seconds if seconds is not None and 0 <= seconds <= RUN_SECONDS_MAX else None


def _unfinished(start: ModelEvent) -> ModelRun:
    return ModelRun(start.step, start.model, RunState.UNFINISHED, (start.hour,), None, None, _partitions(start))


def _finished(start: ModelEvent | None, end: ModelEvent) -> ModelRun:
    seen = [end] if start is None else [start, end]
    seconds = None if start is None else known_seconds((end.occurred_at - start.occurred_at).total_seconds())
    return ModelRun(
        step=end.step,
        model=end.model,
        state=RunState.SUCCEEDED if end.event_type == "STEP_SUCCESS" else RunState.FAILED,
        hours=tuple(sorted({event.hour for event in seen})),
        seconds=known_seconds(end.duration_seconds) if seconds is None else seconds,
        ended_at=end.occurred_at,
        partitions=_partitions(*seen),
    )


def _partitions(*events: ModelEvent) -> tuple[str, ...]:
    return tuple(sorted({event.partition for event in events if event.partition is not None}))


def _with_partitions(runs: Sequence[ModelRun], materialized: Sequence[ModelEvent]) -> Iterator[ModelRun]:
    """Add the partitions that a run's materialisations name to its last attempt, a succeeded one where there is one."""
    partitions: defaultdict[tuple[object, str], set[str]] = defaultdict(set)
    for event in materialized:
        partitions[_run_of(event.step), event.model].update(_partitions(event))
    last: dict[tuple[object, str], int] = {}
    for number, run in enumerate(runs):
        key = (_run_of(run.step), run.model)
        if run.state is RunState.SUCCEEDED or key not in last or runs[last[key]].state is not RunState.SUCCEEDED:
            last[key] = number
    for number, run in enumerate(runs):
        key = (_run_of(run.step), run.model)
        named = partitions.get(key, set()) if last[key] == number else set()
        yield replace(run, partitions=tuple(sorted({*run.partitions, *named}))) if named else run


def _materializations(events: Sequence[ModelEvent], runs: Sequence[ModelRun]) -> Iterator[ModelRun]:
    paired = {(_run_of(run.step), run.model) for run in runs}
    attempts: defaultdict[tuple[StepOf, str], list[list[ModelEvent]]] = defaultdict(list)
    for event in events:
        if (_run_of(event.step), event.model) in paired:
            continue
        of_step = attempts[event.step, event.model]
        if not of_step or event.step.run_id is None or event.partition in {one.partition for one in of_step[-1]}:
            of_step.append([])
        of_step[-1].append(event)
    for of_step in attempts.values():
        yield from map(_materialized, of_step)


def _materialized(events: Sequence[ModelEvent]) -> ModelRun:
    first = events[0]
    durations = [known_seconds(event.duration_seconds) for event in events]
    known = [seconds for seconds in durations if seconds is not None]
    seconds = sum(known) if len(set(known)) > 1 else max(known, default=None)
    return ModelRun(
        step=first.step,
        model=first.model,
        state=RunState.SUCCEEDED,
        hours=tuple(sorted({event.hour for event in events})),
        seconds=known_seconds(seconds) if len(known) == len(durations) else None,
        ended_at=max(event.occurred_at for event in events),
        partitions=_partitions(*events),
    )


def _run_of(step: StepOf) -> tuple[str | None, ...]:
    return step.organization, step.deployment, step.shard, step.run_id


def models_per_day(runs: Iterable[ModelRun]) -> dict[date, frozenset[str]]:
    """Return the distinct models of each day, ascending; a run across midnight counts on both days.

    Seeds and snapshots are no models.
    """
    days: defaultdict[date, set[str]] = defaultdict(set)
    for run in runs:
        for hour in run.hours if run.model.startswith(_MODEL) else ():
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
        untimed: finished runs whose seconds are unknown; they are in no time and no sum.
        partitions: that its runs name, summed over the runs.
        runs_per_day: all its runs over the days from the first to the last day of the given runs of all models.
    """

    model: str
    succeeded: int
    failed: int
    unfinished: int
    p50_seconds: float | None
    p95_seconds: float | None
    total_seconds: float
    trend: float | None
    untimed: int = 0
    partitions: int = 0
    runs_per_day: float = 0.0


def model_times(runs: Iterable[ModelRun]) -> tuple[ModelTimes, ...]:
    """Count and time the runs of each model; most seconds first."""
    by_model: defaultdict[str, list[ModelRun]] = defaultdict(list)
    for run in runs:
        by_model[run.model].append(run)
    hours = [hour for found in by_model.values() for run in found for hour in run.hours]
    days = (max(hours).date() - min(hours).date()).days + 1 if hours else 1
    times = [_times_of(model, found, days) for model, found in by_model.items()]
    return tuple(sorted(times, key=lambda row: (-row.total_seconds, row.model)))


def _times_of(model: str, runs: Sequence[ModelRun], days: int) -> ModelTimes:
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
        untimed=sum(run.seconds is None and run.state is not RunState.UNFINISHED for run in runs),
        partitions=sum(len(run.partitions) for run in runs),
        runs_per_day=round(len(runs) / days, 3),
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
