from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_jobs.contracts.ranges import Ranges

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda s: (s[0], s[0] + s[1])), max_size=12)


def built(spans: list[tuple[int, int]]) -> Ranges:
    ranges = Ranges()
    for first, last in spans:
        ranges = ranges.add(first, last)
    return ranges


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(SPANS)
def test_ranges_are_the_set_of_the_numbers_that_were_added(spans: list[tuple[int, int]]) -> None:
    """A set of whole numbers is the model; the text form gives the same ranges back."""
    ranges = built(spans)
    assert sorted(numbers(spans)) == list(ranges)
    assert len(numbers(spans)) == len(ranges)
    assert ranges == Ranges.parse(str(ranges))
    assert all(after[0] > before[1] + 1 for before, after in zip(ranges.spans, ranges.spans[1:], strict=False))


@given(SPANS, st.integers(0, 70), st.integers(0, 12))
def test_overlap_and_missing_name_the_first_stretch(spans: list[tuple[int, int]], first: int, more: int) -> None:
    """`overlap` is the first stretch in the set, `missing` the first outside it, both within the request."""
    ranges, asked = built(spans), range(first, first + more + 1)
    there = [number for number in asked if number in numbers(spans)]
    absent = [number for number in asked if number not in numbers(spans)]
    assert stretch(there) == ranges.overlap(first, first + more)
    assert stretch(absent) == ranges.missing(first, first + more)


def stretch(found: list[int]) -> tuple[int, int] | None:
    if not found:
        return None
    last = found[0]
    while last + 1 in found:
        last += 1
    return found[0], last


def test_an_empty_request_misses_nothing() -> None:
    """A partition without a record of the hour asks for offsets 5 to 4."""
    assert Ranges().missing(5, 4) is None


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "1,,2", "1 2"])
def test_other_texts_are_refused(text: str) -> None:
    """A damaged cursor is an error, not an empty set."""
    with pytest.raises(ValueError, match="range"):
        Ranges.parse(text)


def test_gaps_are_the_spans_between_ranges() -> None:
    """Numbers before the first and after the last one are not a gap."""
    assert [(3, 4), (6, 6)] == Ranges.parse("0-2,5,7-9").gaps()
    assert [] == Ranges().gaps()


def test_within_cuts_ranges_at_both_ends() -> None:
    """Ranges inside stay whole, ranges at the ends are cut, others are dropped."""
    ranges = Ranges.parse("0-2,5,7-9,12")
    assert Ranges.parse("2,5,7-8") == ranges.within(2, 8)
    assert Ranges() == ranges.within(3, 4)
    assert Ranges() == Ranges().within(0, 9)
