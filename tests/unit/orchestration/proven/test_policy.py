"""When an asset is due and when it is late, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.proven.policy import EVERYTHING, PolicyError, make_policy, read_policy

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
CHANGES = [
    (BERLIN, "2025-03-30"),
    (BERLIN, "2025-10-26"),
    (NEW_YORK, "2025-03-09"),
    (NEW_YORK, "2025-11-02"),
]
"""The days on which clocks change."""


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_deadline_keeps_to_the_local_clock_on_the_days_when_it_changes(zone: str, day: str) -> None:
    """At 08:59 the deadline of the day before counts, at 09:01 that of the day; changes of an hour before are due."""
    policy = make_policy({"by": "09:00", "timezone": zone}, "proven")
    before = f"{datetime.fromisoformat(day) - timedelta(days=1):%Y-%m-%d}"
    assert local(zone, f"{before}T08:00") == policy.overdue(local(zone, f"{day}T08:59"))
    assert local(zone, f"{day}T08:00") == policy.overdue(local(zone, f"{day}T09:01"))


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_lazy_asset_with_a_deadline_is_due_an_hour_before(zone: str, day: str) -> None:
    """Once a day, so that the run is over in time."""
    policy = make_policy({"by": "09:00", "timezone": zone, "build": "lazy"}, "proven")
    before, after = (policy.due(local(zone, f"{day}T{clock}")) for clock in ("07:59", "08:01"))
    assert before is not None
    assert after is not None
    assert before < local(zone, f"{day}T00:00") < after
    assert local(zone, f"{day}T08:00") == policy.due(local(zone, f"{day}T08:00"))


@pytest.mark.parametrize(("day", "hour"), [("2025-03-30", 1), ("2025-10-26", 0)])
def test_a_time_that_clocks_skip_or_repeat_is_one_moment(day: str, hour: int) -> None:
    """02:30 of a day without it is 03:30 of summer time; of a day with two of them it is the first."""
    deadline = datetime.fromisoformat(f"{day}T0{hour}:30+00:00")
    policy = make_policy({"by": "02:30", "timezone": BERLIN}, "proven")
    minute = timedelta(minutes=1)
    assert deadline - timedelta(hours=1) == policy.overdue(deadline)
    assert policy.overdue(deadline - minute) < policy.overdue(deadline + minute)  # type: ignore[operator]


def test_a_lag_is_due_before_it_is_over() -> None:
    """A quarter of the lag is left for the runs, at most an hour."""
    now = datetime(2025, 8, 1, 12, tzinfo=UTC)
    hour, day = (make_policy({"lag": lag}, "proven") for lag in ("60 minutes", "24 hours"))
    assert (now - timedelta(minutes=45), now - timedelta(hours=1)) == (hour.due(now), hour.overdue(now))
    assert (now - timedelta(hours=23), now - timedelta(hours=24)) == (day.due(now), day.overdue(now))


def test_an_asset_is_eager_unless_it_says_otherwise() -> None:
    """A lag is a leave to wait; a time of day is a promise."""
    now = datetime(2025, 8, 1, 12, tzinfo=UTC)
    eager = [read_policy("proven"), read_policy({"proven": {"by": "09:00"}})]
    assert [EVERYTHING, EVERYTHING] == [policy.due(now) for policy in eager]
    assert read_policy({"proven": {"build": "lazy"}}).due(now) is None
    assert read_policy({"proven": {"lag": "2 days", "build": "eager"}}).due(now) == EVERYTHING


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("eager", "automation: write proven, or {proven: {lag: 60 minutes}}, not 'eager'"),
        ({"proven": None}, "automation.proven: write fields, such as {lag: 60 minutes}, not None"),
        (
            {"proven": {}, "x": 1},
            "automation: write proven, or {proven: {lag: 60 minutes}}, not {'proven': {}, 'x': 1}",
        ),
        (
            {"proven": {"lags": "1 hour"}},
            "automation.proven.lags: no such field; there are build, lag, by, timezone, on_code_change",
        ),
        (
            {"proven": {"lag": 60}},
            "automation.proven.lag: not a duration: 60; write '60 minutes', '24 hours' or '2 days'",
        ),
        (
            {"proven": {"lag": "0 hours"}},
            "automation.proven.lag: not a duration: '0 hours'; write '60 minutes', '24 hours' or '2 days'",
        ),
        ({"proven": {"by": 540}}, 'automation.proven.by: not a time of day: 540; write "09:00" in quotes'),
        ({"proven": {"by": "9:00"}}, "automation.proven.by: not a time of day: '9:00'; write \"09:00\" in quotes"),
        (
            {"proven": {"by": "09:00", "timezone": "Berlin"}},
            "automation.proven: timezone: not a time zone: 'Berlin'; write Europe/Berlin",
        ),
        ({"proven": {"timezone": BERLIN}}, 'automation.proven: timezone is of the time of day: write by: "09:00", too'),
        (
            {"proven": {"lag": "1 hour", "by": "09:00"}},
            "automation.proven: lag and by are two deadlines: write one of them",
        ),
        ({"proven": {"build": "soon"}}, "automation.proven.build: Input should be 'eager' or 'lazy'"),
    ],
)
def test_a_mistake_names_its_field(written: Any, said: str) -> None:
    """Whatever else is written is refused, with what to write."""
    with pytest.raises(PolicyError) as refused:
        read_policy(written)
    assert said == str(refused.value)
