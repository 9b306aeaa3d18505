from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.usage.evidence import HOUR, proven_hours, window_of

FIRST = datetime(2025, 8, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=4, minutes=20)
SPAN = timedelta(days=3)


def hours(first: int, last: int) -> set[datetime]:
    """Return the hours after the first of August from one number to another."""
    return {FIRST + HOUR * number for number in range(first, last + 1)}


def test_a_window_that_is_sealed_has_no_hole() -> None:
    """It ends behind the newest hour that is sealed in every stream."""
    window = window_of([hours(0, 95), hours(0, 94)], SPAN, NOW)
    assert (FIRST + 23 * HOUR, FIRST + 95 * HOUR, ()) == (window.start, window.end, window.unsealed)


def test_an_hour_that_one_stream_lacks_is_named() -> None:
    """Evidence may lie in the hour that is not sealed."""
    hole = FIRST + 50 * HOUR
    window = window_of([hours(0, 95), hours(0, 95) - {hole}], SPAN, NOW)
    assert (hole,) == window.unsealed


def test_hours_before_the_first_seal_are_unsealed() -> None:
    """A stream that began yesterday shows nothing of the day before."""
    window = window_of([hours(90, 95)], SPAN, NOW)
    assert tuple(sorted(hours(24, 89))) == window.unsealed


def test_evidence_that_ended_long_ago_is_no_evidence_of_today() -> None:
    """The window does not end before yesterday, so the hours without a seal are in it."""
    window = window_of([hours(0, 40)], SPAN, NOW)
    assert FIRST + 72 * HOUR == window.end
    assert tuple(sorted(hours(41, 71))) == window.unsealed


def test_a_published_hour_whose_build_failed_proves_nothing() -> None:
    """Its events are in no staging model; an hour without records has none to lose."""
    published = {FIRST: 12, FIRST + HOUR: 7, FIRST + 2 * HOUR: 0}
    assert {FIRST, FIRST + 2 * HOUR} == proven_hours(published, {FIRST, FIRST + 9 * HOUR})


def test_without_a_stream_every_hour_is_unsealed() -> None:
    """Nobody proves anything."""
    assert 72 == len(window_of([], SPAN, NOW).unsealed)
    assert 72 == len(window_of([hours(0, 95), set()], SPAN, NOW).unsealed)


@given(st.lists(st.sets(st.integers(0, 95)), min_size=1, max_size=3), st.integers(1, 96))
def test_every_hour_of_the_window_is_sealed_everywhere_or_named(numbers: list[set[int]], length: int) -> None:
    """Whatever the holes."""
    streams = [{FIRST + HOUR * number for number in those} for those in numbers]
    window = window_of(streams, HOUR * length, NOW)
    inside = [window.start + HOUR * number for number in range(length)]
    assert window.end - HOUR == inside[-1]
    assert [hour for hour in inside if not all(hour in those for those in streams)] == list(window.unsealed)
