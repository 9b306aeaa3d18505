from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest

from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState, StepOf
from orchestration.metapipeline.usage.slow import SlowRule, find_slow, important_and_slow, rank_probability

FIRST = datetime(2025, 7, 1, tzinfo=UTC)
STEP = StepOf("acme", "prod", None, "run-1", "step")


def series(seconds: Iterable[float], per_day: int = 1, model: str = "model.p.m") -> list[ModelRun]:
    """Make succeeded runs of one model, some per day."""
    times = ((FIRST + timedelta(hours=number * 24 // per_day), one) for number, one in enumerate(seconds))
    return [ModelRun(STEP, model, RunState.SUCCEEDED, (hour,), one) for hour, one in times]


def noise(random: Random, median: float, sigma: float, runs: int) -> list[float]:
    return [median * random.lognormvariate(0, sigma) for _ in range(runs)]


def flagged(runs: Iterable[ModelRun]) -> Sequence[Finding]:
    answer = find_slow(runs)
    assert isinstance(answer, Found)
    return answer.findings


@pytest.mark.parametrize("sigma", [0.05, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("per_day", [1, 4])
def test_stable_models_are_not_flagged(sigma: float, per_day: int) -> None:
    """400 models with times of one distribution, from even to wild, and not one flag."""
    random = Random(7)  # noqa: S311 (a simulation)
    runs = [
        run
        for number in range(400)
        for run in series(noise(random, 60, sigma, 30 * per_day), per_day, f"model.p.m{number}")
    ]
    assert () == flagged(runs)


@pytest.mark.parametrize("per_day", [1, 4])
def test_models_that_take_twice_as_long_are_flagged(per_day: int) -> None:
    """At the usual noise of a warehouse, more than nine of ten are found, 189 to 200 of 200 with other seeds."""
    random = Random(8)  # noqa: S311 (a simulation)
    runs = [
        run
        for number in range(200)
        for run in series(
            [*noise(random, 60, 0.25, 23 * per_day), *noise(random, 130, 0.25, 7 * per_day)],
            per_day,
            f"model.p.m{number}",
        )
    ]
    assert len(flagged(runs)) >= 180


def test_a_flag_shows_what_it_rests_on() -> None:
    """Both medians and their counts, and whom to tell."""
    answer = find_slow(series([10.0] * 23 + [40.0] * 7), owners={"model.p.m": ("ana@example.com",)})
    assert isinstance(answer, Found)
    (finding,) = answer.findings
    assert (FindingKind.SLOW_MODEL, "model.p.m", "m") == (finding.kind, finding.subject, finding.name)
    assert ("ana@example.com",) == finding.owners
    assert finding.reason == "Its newest runs take 40.0 s, 4.0 times as long as before."
    assert {
        "recent_seconds": 40.0, "before_seconds": 10.0, "ratio": 4.0, "recent_runs": 7, "before_runs": 23,
    } == finding.numbers  # fmt: skip


def test_one_bad_day_is_no_slowness() -> None:
    """All runs of one of seven days take ten times as long."""
    assert () == flagged(series([10.0] * 24 * 29 + [100.0] * 24, per_day=24))


def test_seconds_that_nobody_notices_are_no_slowness() -> None:
    """Three times as long, but below the least difference."""
    assert () == flagged(series([1.0] * 23 + [3.0] * 7))


def test_a_model_that_took_no_time_before_is_flagged_without_a_ratio() -> None:
    """0 seconds cannot be divided by."""
    (finding,) = flagged(series([0.0] * 23 + [40.0] * 7))
    assert finding.numbers["ratio"] is None


def test_too_few_runs_are_no_answer() -> None:
    """Without enough runs, no model is known to be as fast as before."""
    answer = find_slow(series([10.0] * 13 + [40.0] * 7))
    assert isinstance(answer, Withheld)
    assert isinstance(find_slow([]), Withheld)
    assert isinstance(find_slow(series([10.0] * 20, per_day=24)), Withheld)


def test_deployments_are_compared_with_themselves() -> None:
    """The small warehouse of staging was always slow; more runs there are no slowness."""
    staging = replace(STEP, deployment="staging")
    prod = series([10.0] * 30)
    slow = [replace(run, step=staging) for run in series([90.0] * 30 * 4, per_day=4)]
    runs = [*prod[:22], *slow[:20], *slow[-28:]]
    assert () == flagged(runs)


def test_backfills_are_left_out() -> None:
    """Runs of 24 partitions take longer because they do more."""
    backfills = [
        replace(run, partitions=tuple(map(str, range(24))), hours=(FIRST + timedelta(days=29, hours=1),))
        for run in series([900.0] * 7)
    ]
    assert () == flagged([*series([10.0] * 30), *backfills])


def test_failed_runs_and_unknown_times_are_left_out() -> None:
    """They say nothing of the time that a model takes."""
    failed = [replace(run, state=RunState.FAILED) for run in series([0.0] * 23 + [500.0] * 7)]
    unknown = [replace(run, seconds=None) for run in series([0.0] * 30)]
    assert () == flagged([*series([10.0] * 30), *failed, *unknown])


def test_the_most_added_seconds_come_first() -> None:
    """What costs most to wait for."""
    slow = series([10.0] * 23 + [40.0] * 7, model="model.p.a") + series([100.0] * 23 + [200.0] * 7, model="model.p.b")
    assert ["model.p.b", "model.p.a"] == [finding.subject for finding in flagged(slow)]


def test_models_that_are_important_and_slow_are_named_with_their_place() -> None:
    """An important model that is fast, and a slow one that is not important, are not listed."""
    slow = find_slow(
        [*series([10.0] * 23 + [40.0] * 7, model="model.p.a"), *series([10.0] * 23 + [40.0] * 7, model="model.p.b")]
    )
    scores = {f"model.p.x{number}": number / 20 for number in range(18)} | {"model.p.a": 0.99, "model.p.z": 1.0}
    answer = important_and_slow(slow, scores)
    assert isinstance(answer, Found)
    (finding,) = answer.findings
    assert (FindingKind.IMPORTANT_MODEL, "model.p.a") == (finding.kind, finding.subject)
    assert finding.reason == "It became slow, and it is number 2 of 20 by importance."
    assert isinstance(important_and_slow(slow, {}), Withheld)
    assert isinstance(important_and_slow(find_slow([]), scores), Withheld)


def test_the_probability_of_a_rank_is_that_of_all_orders() -> None:
    """Counted over every order of 4 and 5 values, and near the normal curve for many values."""
    orders = [set(chosen) for chosen in combinations(range(9), 4)]
    for chosen in orders[::7]:
        wins = wins_of(chosen)
        expected = sum(wins_of(other) >= wins for other in orders) / len(orders)
        recent = [float(value) for value in chosen]
        assert math.isclose(expected, rank_probability(recent, [float(n) for n in range(9) if n not in chosen]))
    many = [float(number * 7919 % 1000) for number in range(300)]
    assert 0.001 < rank_probability(many[:150], many[150:]) < 0.999
    assert 1.0 == rank_probability([1.0] * 7, [2.0] * 14)


def wins_of(chosen: set[int]) -> int:
    return sum(one > other for one in chosen for other in set(range(9)) - chosen)


def test_a_rule_is_a_value() -> None:
    """A stream of one day can be judged by hours."""
    rule = SlowRule(recent_days=0.25, runs_recent_min=6, runs_before_min=15, seconds_min=0)
    answer = find_slow(series([1.0] * 18 + [3.0] * 6, per_day=24), rule)
    assert isinstance(answer, Found)
    assert 1 == len(answer.findings)
    assert math.isclose(3.0, float(answer.findings[0].numbers["ratio"] or 0))
