from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.simulation.plan import PlanError, SimulationPlan, hour_of, label_of, parse_hours, plan_hours

NOW = datetime(2025, 8, 1, 9, 30, tzinfo=UTC)


def at(hour: int, day: int = 1) -> datetime:
    return datetime(2025, 8, day, hour, tzinfo=UTC)


def test_the_last_full_hours_end_before_now() -> None:
    """The present hour is never chosen; the one before it is."""
    assert (at(6), at(7), at(8)) == plan_hours(NOW, 3)
    assert (at(8),) == plan_hours(at(9), 1)


def test_hours_that_were_sent_before_are_left_out() -> None:
    """A second run sends only new hours."""
    assert (at(8),) == plan_hours(NOW, 3, {"2025-08-01T06", "2025-08-01T07"})
    assert () == plan_hours(NOW, 1, {"2025-08-01T08"})


def test_now_may_have_any_zone() -> None:
    """Hours are UTC whatever the clock's zone is, half-hour zones too."""
    east = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert plan_hours(NOW, 3) == plan_hours(east, 3)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2", (at(7), at(8))),
        ("2025-08-01T03", (at(3),)),
        ("2025-08-01T03..2025-08-01T05", (at(3), at(4), at(5))),
        ("2025-07-31T23..2025-08-01T00", (datetime(2025, 7, 31, 23, tzinfo=UTC), at(0))),
        ("2025-08-01T05,2025-08-01T01", (at(1), at(5))),
        ("2025-08-01T01, 2025-08-01T01..2025-08-01T02", (at(1), at(2))),
    ],
)
def test_hours_are_a_number_a_range_or_a_list(text: str, hours: tuple[datetime, ...]) -> None:
    """Ranges include both ends; a list is sorted, each hour once."""
    assert hours == parse_hours(text, NOW)


def test_named_hours_may_be_sent_again() -> None:
    """Only a number of hours skips those in the ledger; named hours are sent again, for late records."""
    assert (at(3),) == parse_hours("2025-08-01T03", NOW, {"2025-08-01T03"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "99999",
        "six",
        "2025-08-01",
        "2025-8-1T3",
        "2025-08-01T24",
        "2025-02-29T00",
        "2025-08-01T05..2025-08-01T03",
        "2020-01-01T00..2025-08-01T03",
        "2025-08-01T03,",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    """Another text is an error that shows the form."""
    with pytest.raises(PlanError):
        parse_hours(text, NOW)


def test_an_hour_under_way_is_refused() -> None:
    """Records of an hour that is not over would be in the future."""
    with pytest.raises(PlanError, match="2025-08-01T09 is not over"):
        parse_hours("2025-08-01T08..2025-08-01T09", NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"hours": ()},
        {"hours": (NOW,)},
        {"hours": (at(4), at(3))},
        {"hours": (at(3), at(3))},
        {"events": -1},
        {"malformed": 1.01},
        {"malformed": -0.1},
        {"shards": 0},
        {"organizations": 0},
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    """A plan is checked when it is made."""
    with pytest.raises(PlanError):
        SimulationPlan(**{"hours": (at(3),), "events": 10, **changes})  # type: ignore[arg-type]  # wrong on purpose


@given(st.integers(1, 48), st.integers(0, 10_000))
def test_the_hours_share_all_events(hours: int, events: int) -> None:
    """The shares add up and differ by at most one."""
    plan = SimulationPlan(plan_hours(NOW, hours), events)
    shares = plan.events_per_hour()
    assert events == sum(shares)
    assert max(shares) - min(shares) <= 1


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis adds the zone
def test_a_label_names_the_hour_of_a_moment(moment: datetime) -> None:
    """Label and hour of one moment agree."""
    assert label_of(moment) == label_of(hour_of(moment)) == f"{moment:%Y-%m-%dT%H}"
