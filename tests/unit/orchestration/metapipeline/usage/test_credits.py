from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.usage.credits import (
    Basis,
    CreditRow,
    Metered,
    WarehouseSize,
    bill,
    credit_rows,
    credits_by_model,
    split_by_hour,
)
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf

FIRST = datetime(2025, 8, 1, 3, tzinfo=UTC)
STEP = StepOf("acme", "prod", None, "run-1", "step")
HOUR = timedelta(hours=1)
RATES = {"WH": 4.0, "SMALL": 2.0}


def run(model: str, ended_at: datetime, seconds: float | None, deployment: str = "prod") -> ModelRun:
    step = StepOf("acme", deployment, None, "run-1", "step")
    published = ended_at.replace(minute=0, second=0, microsecond=0)
    return ModelRun(step, model, RunState.SUCCEEDED, (published,), seconds, ended_at)


def warehouse_of(step: StepOf) -> str:
    return {"prod": "WH", "staging": "SMALL"}.get(step.deployment, "OTHER")


def test_without_metering_the_credits_are_an_estimate() -> None:
    """Seconds of an hour, times what the warehouse uses in an hour."""
    rows = credit_rows([run("m", FIRST + HOUR / 2, 900)], warehouse_of, RATES)
    assert (CreditRow(FIRST, "WH", "m", 900, 1.0, Basis.ESTIMATED),) == rows
    assert bill(rows, None).metered is None
    (sums,) = credits_by_model(rows)
    assert (1.0, 1.0, 900) == (sums.credits, sums.estimated, sums.seconds)


def test_metered_credits_are_divided_with_their_rest() -> None:
    """Two models get what they claim; the warehouse idled for the rest."""
    runs = [run("a", FIRST + HOUR / 2, 900), run("b", FIRST + HOUR, 450), run("b", FIRST + HOUR / 2, 450)]
    rows = credit_rows(runs, warehouse_of, RATES, [Metered("WH", FIRST, 3.5)])
    assert [("a", 1.0), ("b", 1.0), (None, 1.5)] == [(row.model, row.credits) for row in rows]
    assert {Basis.METERED} == {row.basis for row in rows}


def test_claims_above_the_metered_credits_are_cut_in_proportion() -> None:
    """Runs at the same time share the warehouse."""
    runs = [run("a", FIRST + HOUR, 3_600), run("b", FIRST + HOUR, 1_800)]
    rows = credit_rows(runs, warehouse_of, RATES, [Metered("WH", FIRST, 3.0)])
    assert [("a", 2.0), ("b", 1.0), (None, 0.0)] == [(row.model, row.credits) for row in rows]


def test_an_hour_without_a_run_is_all_rest() -> None:
    """Nothing that was metered vanishes; other warehouses keep theirs."""
    rows = credit_rows([], warehouse_of, RATES, [Metered("WH", FIRST, 3.0), Metered("OTHER", FIRST, 1.0)])
    assert [("OTHER", None, 1.0), ("WH", None, 3.0)] == [(row.warehouse, row.model, row.credits) for row in rows]
    assert () == credits_by_model(rows)


def test_a_run_across_full_hours_is_split_at_each() -> None:
    """Also at a boundary, where the hour that begins gets nothing."""
    parts = list(split_by_hour(FIRST + 2 * HOUR + timedelta(minutes=10), 2 * 3_600))
    assert [(FIRST + 2 * HOUR, 600), (FIRST + HOUR, 3_600), (FIRST, 3_000)] == parts
    assert [(FIRST, 60)] == list(split_by_hour(FIRST + HOUR, 60))


def test_metered_and_estimated_hours_are_kept_apart() -> None:
    """The metering of the newest hours is not there yet."""
    runs = [run("m", FIRST + HOUR + timedelta(minutes=15), 1_800)]
    rows = credit_rows(runs, warehouse_of, RATES, [Metered("WH", FIRST, 0.5)])
    assert [(FIRST, Basis.METERED, 0.5), (FIRST, Basis.METERED, 0.0), (FIRST + HOUR, Basis.ESTIMATED, 1.0)] == [
        (row.hour, row.basis, row.credits) for row in rows
    ]
    assert (1.5, 1.0) == ((one := credits_by_model(rows)[0]).credits, one.estimated)


def test_a_warehouse_without_a_rate_is_taken_at_its_metered_credits() -> None:
    """Without metering nothing is known of it, and 0 would be a claim."""
    runs = [run("m", FIRST + HOUR, 900, deployment="lab")]
    rows = credit_rows(runs, warehouse_of, RATES, [Metered("OTHER", FIRST, 8.0)])
    assert [("m", 2.0), (None, 6.0)] == [(row.model, row.credits) for row in rows]
    assert () == credit_rows(runs, warehouse_of, RATES)


def test_runs_of_unknown_time_claim_nothing() -> None:
    """They are no runs of 0 seconds either."""
    unfinished = ModelRun(STEP, "m", RunState.UNFINISHED, (FIRST,), None)
    assert () == credit_rows([unfinished, run("m", FIRST, None), run("m", FIRST, 0.0)], warehouse_of, RATES)


@pytest.mark.parametrize("wrong", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_run_with_a_wrong_clock_ends_with_its_published_hour(wrong: datetime) -> None:
    """Its credits lie in an hour of this world."""
    (row,) = credit_rows([replace(run("m", FIRST, 900), ended_at=wrong)], warehouse_of, RATES)
    assert (FIRST, 1.0) == (row.hour, row.credits)


@pytest.mark.parametrize("credits_", [float("nan"), float("inf"), -1.0])
def test_a_metered_value_that_is_none_is_left_out(credits_: float) -> None:
    """The hour is estimated then."""
    (row,) = credit_rows([run("m", FIRST + HOUR, 900)], warehouse_of, RATES, [Metered("WH", FIRST, credits_)])
    assert Basis.ESTIMATED is row.basis


def test_each_size_uses_twice_as_much_as_the_one_before() -> None:
    """From 1 credit an hour to 512."""
    assert [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] == [size.credits_per_hour for size in WarehouseSize]
    assert WarehouseSize.MEDIUM is WarehouseSize("Medium")


RUNS = st.lists(
    st.builds(
        run,
        st.sampled_from(["model.p.a", "model.p.b", "seed.p.c"]),
        st.integers(0, 6 * 3_600_000_000).map(lambda micros: FIRST + timedelta(microseconds=micros)),
        st.floats(0, 30_000) | st.just(None),
        st.sampled_from(["prod", "staging", "lab"]),
    ),
    max_size=25,
)
METERED = st.lists(
    st.builds(
        Metered,
        st.sampled_from(["WH", "SMALL", "OTHER", "IDLE"]),
        st.integers(-10, 6).map(lambda hours: FIRST + HOUR * hours),
        st.floats(0, 1_000),
    ),
    max_size=25,
)


@given(RUNS, METERED)
def test_the_rows_add_up_to_the_metered_credits(runs: list[ModelRun], metered: list[Metered]) -> None:
    """Of every hour and warehouse that was metered, to 1e-9; nothing is negative, and each row is there once."""
    rows = credit_rows(runs, warehouse_of, RATES, metered)
    expected: defaultdict[tuple[datetime, str], float] = defaultdict(float)
    for one in metered:
        expected[one.hour, one.warehouse] += one.credits
    found: defaultdict[tuple[datetime, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.basis is Basis.METERED:
            found[row.hour, row.warehouse].append(row.credits)
    assert expected.keys() == found.keys()
    assert all(abs(math.fsum(found[place]) - expected[place]) <= 1e-9 for place in expected)
    assert all(row.credits >= 0 for row in rows)
    assert len({(row.hour, row.warehouse, row.model) for row in rows}) == len(rows)
    billed = bill(rows, metered)
    assert math.fsum(expected.values()) == pytest.approx(billed.metered)
    assert math.fsum([*(one.credits - one.estimated for one in billed.models), billed.rest]) == pytest.approx(
        billed.metered
    )


@given(RUNS)
def test_no_second_of_a_run_is_lost_or_doubled(runs: list[ModelRun]) -> None:
    """The hours of a run add up to its time, and no hour has more than 3,600 seconds of one run."""
    for one in runs:
        parts = list(split_by_hour(FIRST if one.ended_at is None else one.ended_at, one.seconds or 0))
        assert math.isclose(one.seconds or 0, math.fsum(seconds for _, seconds in parts), abs_tol=1e-6)
        assert all(0 < seconds <= 3_600 for _, seconds in parts)
        assert len({hour for hour, _ in parts}) == len(parts)


@given(RUNS)
def test_estimates_are_seconds_times_rates(runs: list[ModelRun]) -> None:
    """Without metering the sum is that of the formula."""
    rows = credit_rows(runs, warehouse_of, RATES)
    expected = math.fsum((one.seconds or 0) / 3_600 * RATES.get(warehouse_of(one.step), 0) for one in runs)
    assert math.isclose(expected, math.fsum(row.credits for row in rows), abs_tol=1e-6)
