from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.judging.stale.rule import judge
from orchestration.metapipeline.judging.stale.rules import StaleReportRules

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = StaleReportRules()


def report(
    age: float | None = 400, last_run: float | None = 2, runs: int | None = 50, views: int | None = 50, **values: Any
) -> Report:
    """Build a report; ages in days, None is unknown."""
    return Report(
        "r1",
        "Late parcels",
        created_at=None if age is None else NOW - timedelta(days=age),
        last_run_at=None if last_run is None else NOW - timedelta(days=last_run),
        runs=runs,
        views=views,
        **values,
    )


@pytest.mark.parametrize(
    ("stale", "given"),
    [
        (False, report(last_run=100)),
        (False, report(last_run=100.99)),
        (True, report(last_run=101)),
        (False, report(age=61, runs=5, views=4)),
        (False, report(age=61, runs=4, views=5)),
        (True, report(age=61, runs=4, views=4)),
        (False, report(age=60, runs=4, views=4)),
        (False, report(age=60.99, runs=0, views=0)),
        (False, report(age=100, last_run=None, runs=0, views=9, never_run=True)),
        (True, report(age=101, last_run=None, runs=0, views=9, never_run=True)),
        (True, report(age=61, last_run=None, runs=0, views=0, never_run=True)),
        (False, report(age=3, last_run=-1)),
    ],
)
def test_the_boundaries_are_those_of_the_source(stale: bool, given: Report) -> None:
    """100 against 101 days, 4 against 5 runs and views, 60 against 61 days of age, never run counts from creation."""
    assert stale is judge(given, RULES, NOW).stale


@pytest.mark.parametrize(
    ("stale", "given"),
    [
        (None, report(runs=None, views=4)),
        (None, report(runs=4, views=None)),
        (None, report(age=None, runs=4, views=4)),
        (None, report(last_run=None, runs=9, views=9)),
        (None, report(last_run=None, runs=None, views=None)),
        (False, report(runs=None, views=5)),
        (False, report(runs=5, views=None)),
        (False, report(age=60, runs=None, views=None)),
        (True, report(last_run=101, runs=None, views=None)),
        (True, report(last_run=None, runs=4, views=4)),
        (None, report(age=None, last_run=None, runs=0, views=9, never_run=True)),
    ],
)
def test_an_unknown_value_decides_nothing(stale: bool | None, given: Report) -> None:
    """It is never 0: what the known values decide stays decided, the rest is unknown."""
    assert stale is judge(given, RULES, NOW).stale


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("It has not run for 230 days.", report(last_run=230)),
        ("It has never run in the 150 days since it was created.", report(150, None, 0, 9, never_run=True)),
        ("It has 4 runs and 3 views in 61 days.", report(61, 2, 4, 3)),
        ("It is not decided whether it is stale: last run unknown.", report(last_run=None)),
        (
            "It is not decided whether it is stale: runs, views unknown.",
            report(runs=None, views=None),
        ),
        ("It is used.", report()),
    ],
)
def test_a_verdict_has_its_reason(reason: str, given: Report) -> None:
    """One sentence, with the numbers that decided."""
    assert reason == judge(given, RULES, NOW).reason


def test_a_verdict_has_its_numbers_and_evidence() -> None:
    """Unknown values are said."""
    verdict = judge(report(150, 110.5, None, 3), RULES, NOW)
    assert {"days_since_last_run": 110, "runs": None, "views": 3, "age_days": 150} == verdict.numbers
    assert (
        "Created: 2025-08-04 12:00 UTC.",
        "Last run: 2025-09-13 00:00 UTC.",
        "Runs: unknown.",
        "Views: 3.",
        "Not decided: whether its usage is low.",
    ) == verdict.evidence


def test_all_thresholds_are_settings() -> None:
    """The rule has no number of its own."""
    rules = StaleReportRules(not_run_days=10, runs_min=2, views_min=3, low_usage_age_days=5)
    assert judge(report(last_run=11), rules, NOW).stale
    assert judge(report(6, 1, 1, 2), rules, NOW).stale
    assert not judge(report(5, 1, 1, 2), rules, NOW).stale
    assert not judge(report(6, 1, 2, 2), rules, NOW).stale
    assert not judge(report(6, 1, 1, 3), rules, NOW).stale


@pytest.mark.parametrize("values", [{"not_run_day": 3}, {"not_run_days": 0}, {"shrink_percent_max": 101}])
def test_rules_are_closed(values: dict[str, Any]) -> None:
    """A mistyped threshold is an error, and no default."""
    with pytest.raises(ValidationError):
        StaleReportRules(**values)


counters = st.none() | st.integers(0, 8)
ages = st.none() | st.integers(0, 150)


@given(age=ages, last_run=ages, runs=counters, views=counters)
def test_unknown_means_that_both_answers_are_possible(
    age: int | None, last_run: int | None, runs: int | None, views: int | None
) -> None:
    """A decided verdict is the verdict for every value that the unknown one may have; an undecided one is not."""
    possible = {
        judge(report(a, b, c, d), RULES, NOW).stale
        for a in ([age] if age is not None else (0, 150))
        for b in ([last_run] if last_run is not None else (0, 150))
        for c in ([runs] if runs is not None else (0, 8))
        for d in ([views] if views is not None else (0, 8))
    }
    decided = judge(report(age, last_run, runs, views), RULES, NOW).stale
    assert possible == ({True, False} if decided is None else {decided})
