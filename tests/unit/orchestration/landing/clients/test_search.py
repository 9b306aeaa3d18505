"""The boundary beside records from the future, compared with a model that reads every record."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestration.landing.clients.search import SKIPPED_MAX, TimestampedOffset, first_within
from tests.fakes.landing import H1

E = H1.end
NOW = E + timedelta(hours=2)
DISORDER_SECONDS = 5
D = timedelta(seconds=DISORDER_SECONDS)
FAR = timedelta(days=365)


@st.composite
def partitions(draw: st.DrawFn) -> list[datetime | None]:
    """Record times that rise but for a disorder D, from an hour before E to two after it; None cannot be read.

    Some records are from the future, alone or in stretches.
    """
    newest, times = E - timedelta(hours=1), []
    for step in draw(st.lists(st.sampled_from([0, 1, 2, 7, 60, 900]), max_size=80)):
        newest = min(newest + timedelta(seconds=step), NOW)
        late = timedelta(seconds=draw(st.integers(0, DISORDER_SECONDS)))
        times.append(draw(st.sampled_from([newest, newest - late, newest - late, newest + FAR, None])))
    return times


def probe_of(times: list[datetime | None], probed: list[int]) -> object:
    def probe(offset: int) -> TimestampedOffset | None:
        probed.append(offset)
        found = ((o, time) for o, time in enumerate(times) if o >= offset and time is not None)
        return next((TimestampedOffset(o, time) for o, time in found if time is not None), None)

    return probe


@given(partitions(), st.integers(0, 5))
def test_the_boundary_is_that_of_a_model_up_to_the_disorder(times: list[datetime | None], first: int) -> None:
    """It proves that the hour is over, no record of the hour lies behind it, and it is as near as D allows."""
    found = first_within(probe_of(times, []), first, len(times), E + D, NOW)  # type: ignore[arg-type] # a probe of the model
    ordinary = [(o, time) for o, time in enumerate(times) if o >= first and time is not None and time <= NOW]
    certain = [o for o, time in ordinary if time >= E + 2 * D]
    if found is None:
        assert [] == certain
        return
    assert (found.offset, found.timestamp) in ordinary
    assert E + D <= found.timestamp <= NOW
    assert [] == [o for o, time in ordinary if o > found.offset and time < E]
    assert [] == [o for o in certain if o < found.offset]


@given(st.integers(1, 200_000), st.integers(0, 200_000))
def test_few_records_are_read_however_many_there_are(count: int, boundary: int) -> None:
    """One for each halving."""
    probed: list[int] = []

    def probe(offset: int) -> TimestampedOffset:
        probed.append(offset)
        return TimestampedOffset(offset, E + D if offset >= boundary else H1.start)

    found = first_within(probe, 0, count, E + D, NOW)
    assert (boundary if boundary < count else None) == (found.offset if found else None)
    assert count.bit_length() >= len(probed)


def test_a_long_stretch_from_the_future_ends_a_step() -> None:
    """The search goes on before it, and its steps stay bounded."""
    probed: list[int] = []

    def probe(offset: int) -> TimestampedOffset:
        probed.append(offset)
        return TimestampedOffset(offset, E + D if offset == 10 else H1.start if offset < 10 else NOW + FAR)

    found = first_within(probe, 0, 1_000_000, E + D, NOW)
    assert found == TimestampedOffset(10, E + D)
    assert 20 * SKIPPED_MAX > len(probed)
