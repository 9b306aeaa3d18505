from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.usage.model_runs import (
    RUN_SECONDS_MAX,
    ModelEvent,
    ModelRun,
    RunState,
    StepOf,
    model_times,
    models_per_day,
    pair_runs,
    percentile,
)
from orchestration.metapipeline.usage.ours import Ours

MODEL = "model.p.stg_orders"
START = datetime(2025, 8, 1, 3, 10, tzinfo=UTC)
STEP = StepOf("acme", "prod", "shard-1", "run-1", "stg_orders")
SUCCEEDED, FAILED, UNFINISHED = RunState


def event(
    kind: str, seconds: float = 0, step: StepOf = STEP, duration: float | None = None, partition: str | None = None
) -> ModelEvent:
    """Make an event some seconds after ten past three."""
    moment = START + timedelta(seconds=seconds)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return ModelEvent(step, kind, MODEL, moment, hour, duration, partition)


def told(*events: ModelEvent) -> list[tuple[RunState, float | None]]:
    return [(run.state, run.seconds) for run in pair_runs(events)]


def test_a_start_and_its_success_are_one_run_with_its_seconds() -> None:
    """The seconds are those between the two events."""
    assert [(SUCCEEDED, 12.5)] == told(event("STEP_START"), event("STEP_SUCCESS", 12.5))


def test_each_retry_of_a_step_is_a_run() -> None:
    """A step that fails twice and then succeeds ran three times."""
    assert [(FAILED, 5), (FAILED, 6), (SUCCEEDED, 7)] == told(
        event("STEP_START", 0),
        event("STEP_FAILURE", 5),
        event("STEP_START", 10),
        event("STEP_FAILURE", 16),
        event("STEP_START", 20),
        event("STEP_SUCCESS", 27),
    )


def test_a_start_without_end_is_unfinished() -> None:
    """Its machine was lost, so its duration is unknown."""
    assert [(UNFINISHED, None)] == told(event("STEP_START"))


def test_a_second_start_leaves_the_first_attempt_unfinished() -> None:
    """The end belongs to the newer start."""
    assert [(UNFINISHED, None), (SUCCEEDED, 2)] == told(
        event("STEP_START", 0), event("STEP_START", 60), event("STEP_SUCCESS", 62)
    )


def test_an_end_whose_start_was_not_read_keeps_the_seconds_that_it_tells() -> None:
    """The start can be in an hour before those that were read."""
    assert [(SUCCEEDED, 33.0)] == told(event("STEP_SUCCESS", 0, duration=33.0))
    assert [(FAILED, None)] == told(event("STEP_FAILURE", 0))


@pytest.mark.parametrize("part", ["organization", "deployment", "shard", "run_id", "step_key"])
def test_steps_that_differ_in_one_part_are_not_paired(part: str) -> None:
    """Ids overlap between shards, names between organizations: only the whole key is a key."""
    other = replace(STEP, **{part: "other"})
    assert [(SUCCEEDED, None), (UNFINISHED, None)] == told(event("STEP_START"), event("STEP_SUCCESS", 5, step=other))


def test_runs_that_interleave_are_kept_apart() -> None:
    """Two runs of the same model at the same time."""
    other = replace(STEP, run_id="run-2")
    runs = pair_runs(
        [
            event("STEP_START", 0),
            event("STEP_START", 1, step=other),
            event("STEP_SUCCESS", 5),
            event("STEP_SUCCESS", 9, step=other),
        ]
    )
    assert {("run-1", 5), ("run-2", 8)} == {(run.step.run_id, run.seconds) for run in runs}


def test_a_materialisation_that_names_its_model_is_a_run() -> None:
    """One step of an orchestrator can build many models; then only the materialisation names the model."""
    build = replace(STEP, step_key="event_models")
    assert [(SUCCEEDED, 0.4)] == told(event("ASSET_MATERIALIZATION", 3, step=build, duration=0.4))


def test_a_materialisation_inside_a_paired_run_is_not_counted_again() -> None:
    """The order of the two events does not matter."""
    materialized = event("ASSET_MATERIALIZATION", 4, duration=4)
    assert [(SUCCEEDED, 5)] == told(event("STEP_START"), materialized, event("STEP_SUCCESS", 5))
    assert [(SUCCEEDED, 5)] == told(materialized, event("STEP_START"), event("STEP_SUCCESS", 5))


BUILD = replace(STEP, step_key="event_models")
HOURS = tuple(f"2025-08-01-{hour:02}:00" for hour in range(24))


def of_build(partition: str | None, duration: float | None = None, step: StepOf = BUILD) -> ModelEvent:
    """A materialisation by a step that builds several models."""
    return event("ASSET_MATERIALIZATION", 3, step=step, duration=duration, partition=partition)


def test_24_partitions_of_one_step_are_one_run() -> None:
    """Runs and partitions are counted apart, and the metadata that Dagster repeats is one duration."""
    (run,) = pair_runs([of_build(hour, duration=6.5) for hour in HOURS])
    assert (HOURS, 6.5, SUCCEEDED) == (run.partitions, run.seconds, run.state)
    (times,) = model_times([run])
    assert (1, 24, 6.5) == (times.succeeded, times.partitions, times.total_seconds)


def test_partitions_with_times_of_their_own_are_added() -> None:
    """Different numbers are different pieces of work; with one unknown piece the sum is unknown."""
    assert [(SUCCEEDED, 6.0)] == told(of_build("a", 1), of_build("b", 2), of_build("c", 3))
    assert [(SUCCEEDED, None)] == told(of_build("a", 1), of_build("b"))


def test_a_repeated_partition_is_a_further_attempt() -> None:
    """The step was retried, and wrote its partitions again."""
    runs = pair_runs([of_build("a"), of_build("b"), of_build("a"), of_build("b")])
    assert [("a", "b"), ("a", "b")] == [run.partitions for run in runs]
    assert 2 == len(pair_runs([of_build(None), of_build(None)]))


def test_materialisations_outside_of_a_run_are_attempts_of_their_own() -> None:
    """Without a run nothing holds them together."""
    reported = replace(BUILD, run_id=None, step_key=None)
    assert 3 == len(pair_runs([of_build(name, step=reported) for name in "abc"]))


def test_the_partitions_of_a_retried_step_belong_to_the_attempt_that_succeeded() -> None:
    """A failed attempt wrote nothing that stands."""
    runs = pair_runs(
        [
            event("STEP_START"),
            event("STEP_FAILURE", 1),
            event("STEP_START", 2),
            *(event("ASSET_MATERIALIZATION", 3, partition=hour) for hour in HOURS),
            event("STEP_SUCCESS", 4),
        ]
    )
    assert [(FAILED, ()), (SUCCEEDED, HOURS)] == [(run.state, run.partitions) for run in runs]


@pytest.mark.parametrize("duration", [float("nan"), float("inf"), -1.0, -float("inf"), 1e300, RUN_SECONDS_MAX + 1])
def test_a_duration_that_cannot_be_one_is_unknown(duration: float) -> None:
    """It is in no sum, and the run still counts."""
    assert [(SUCCEEDED, None)] == told(event("STEP_SUCCESS", duration=duration))
    runs = pair_runs([event("STEP_SUCCESS", duration=duration), of_build(None, duration=duration)])
    (times,) = model_times(runs)
    assert (1, 1, 0.0, None) == (times.succeeded, times.untimed, times.total_seconds, times.p50_seconds)


def test_a_clock_that_goes_back_gives_no_negative_time() -> None:
    """The end's own duration is used where it has one."""
    assert [(SUCCEEDED, None)] == told(event("STEP_START", 6), event("STEP_SUCCESS", 0))
    assert [(SUCCEEDED, 4.5)] == told(event("STEP_START", 6), event("STEP_SUCCESS", 0, duration=4.5))


def test_runs_per_day_are_over_the_days_of_all_models() -> None:
    """A model that ran once in ten days did not run daily."""
    often = [replace(run_of(1.0), hours=(START + timedelta(days=day),)) for day in range(10)]
    once = replace(run_of(1.0), model="model.p.once")
    assert {MODEL: 1.0, "model.p.once": 0.1} == {row.model: row.runs_per_day for row in model_times([*often, once])}


def test_seeds_are_no_models() -> None:
    """They run and cost, but the chart counts models."""
    assert {} == models_per_day([replace(run_of(1.0), model="seed.p.countries")])


def test_runs_of_another_project_or_organization_are_not_ours() -> None:
    """A customer may have a dbt project of the same name as ours."""
    mine = run_of(1.0)
    foreign = replace(mine, model="model.customer.orders")
    namesake = replace(mine, step=replace(STEP, organization="globex"))
    odd = replace(mine, model="model.p")
    runs = [foreign, mine, namesake, odd]
    assert ((mine, namesake), (foreign, odd)) == Ours(frozenset({"p"})).split(runs)
    assert ((mine,), (foreign, namesake, odd)) == Ours(frozenset({"p"}), frozenset({"acme"})).split(runs)


def test_other_events_about_a_model_are_no_runs() -> None:
    """Only starts, ends and materialisations make runs."""
    assert [] == told(event("ASSET_CHECK_PASSED"), event("RUN_START"))


@given(st.lists(st.sampled_from(["STEP_START", "STEP_SUCCESS", "STEP_FAILURE"]), max_size=30))
def test_every_start_and_every_end_is_in_exactly_one_run(kinds: list[str]) -> None:
    """Whatever the order of the events: starts and ends are neither lost nor counted twice."""
    runs = pair_runs([event(kind, second) for second, kind in enumerate(kinds)])
    ends = [kind for kind in kinds if kind != "STEP_START"]
    states = [run.state for run in runs]
    paired = sum(a == "STEP_START" and b != "STEP_START" for a, b in pairwise(kinds))
    assert ends.count("STEP_SUCCESS") == states.count(SUCCEEDED)
    assert ends.count("STEP_FAILURE") == states.count(FAILED)
    assert kinds.count("STEP_START") - paired == states.count(UNFINISHED)


def test_a_run_across_midnight_counts_on_both_days() -> None:
    """The days are those of the published hours of its events."""
    late = START.replace(hour=23, minute=59)
    start = replace(event("STEP_START"), occurred_at=late, hour=late.replace(minute=0))
    end = replace(event("STEP_SUCCESS"), occurred_at=late + timedelta(minutes=2), hour=late + timedelta(minutes=1))
    assert {date(2025, 8, 1): {MODEL}, date(2025, 8, 2): {MODEL}} == models_per_day(pair_runs([start, end]))


def test_a_model_that_ran_often_on_a_day_counts_once() -> None:
    """Distinct models, also across organizations."""
    runs = [run_of(5.0), run_of(6.0), replace(run_of(7.0), model="model.p.other")]
    assert {START.date(): {MODEL, "model.p.other"}} == models_per_day(runs)
    assert {} == models_per_day([])


def run_of(seconds: float | None, state: RunState = SUCCEEDED, hour: int = 3) -> ModelRun:
    return ModelRun(STEP, MODEL, state, (START.replace(hour=hour, minute=0),), seconds)


def test_times_are_of_succeeded_runs_and_costs_of_all() -> None:
    """A failed run is quick or slow for other reasons, but it costs."""
    runs = [run_of(float(n)) for n in range(1, 101)] + [run_of(500.0, FAILED), run_of(None, UNFINISHED)]
    (times,) = model_times(runs)
    assert (50.0, 95.0) == (times.p50_seconds, times.p95_seconds)
    assert (100, 1, 1) == (times.succeeded, times.failed, times.unfinished)
    assert times.total_seconds == 5050 + 500


def test_a_model_that_only_failed_has_no_times() -> None:
    """None means unknown, while 0 would mean fast."""
    (times,) = model_times([run_of(3.0, FAILED), run_of(None, UNFINISHED)])
    assert (None, None, None) == (times.p50_seconds, times.p95_seconds, times.trend)


def test_the_trend_is_above_one_for_a_model_that_slows_down() -> None:
    """The newer half against the older half, in the order of the hours, not of the events."""
    (times,) = model_times([run_of(30, hour=9), run_of(10, hour=1), run_of(32, hour=10), run_of(12, hour=2)])
    assert times.trend == 3.0
    (few,) = model_times([run_of(10, hour=1), run_of(30, hour=2), run_of(30, hour=3)])
    assert few.trend is None


def test_the_costliest_model_comes_first() -> None:
    """Equal costs by name."""
    runs = [run_of(1.0), replace(run_of(9.0), model="model.p.z"), replace(run_of(1.0), model="model.p.a")]
    assert ["model.p.z", "model.p.a", MODEL] == [row.model for row in model_times(runs)]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(values: list[float], percent: int) -> None:
    """Nearest rank: the smallest value of the list such that at least `percent` per cent are at most this value."""
    found = percentile(values, percent)
    assert found is not None
    needed = len(values) * percent / 100
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed
