from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flink_jobs.audit.chain import chain_findings, chains_of, covered
from flink_jobs.audit.entries import Entry

PLACE = ("t", 0)


def entry(first: int, last: int, epoch: str = "a") -> Entry:
    return Entry(
        where="k:1", job_id="j", checkpoint=1, epoch=epoch, partition=PLACE, first=first, last=last,
        records=last - first + 1, holes=0, hole_ranges=(), cells=(), reasons=(),
    )  # fmt: skip


def findings(*entries: Entry) -> list[str]:
    """Return code, offsets and both epochs of each finding."""
    found = chain_findings(chains_of(entries))
    return [
        f"{one.code} {one.what.split()[1]} {' '.join(one.what.split('epoch ')[n][0] for n in (1, 2))}" for one in found
    ]


def test_one_missing_and_one_repeated_offset_are_found() -> None:
    """The smallest gap and the smallest overlap are found."""
    assert ["gap 5-5 a b"] == findings(entry(0, 4, "a"), entry(6, 9, "b"))
    assert ["overlap 4-4 a b"] == findings(entry(0, 4, "a"), entry(4, 9, "b"))
    assert [] == findings(entry(5, 9, "b"), entry(0, 4, "a"))


def test_an_entry_inside_another_does_not_shorten_the_chain() -> None:
    """The entry after both is compared with the longer one."""
    assert ["overlap 3-5 a b"] == findings(entry(0, 9, "a"), entry(3, 5, "b"), entry(10, 12, "c"))
    assert ["overlap 3-5 a b", "overlap 8-9 a c"] == findings(entry(0, 9, "a"), entry(3, 5, "b"), entry(8, 12, "c"))


def test_an_overlap_that_the_job_itself_recorded_names_its_cause() -> None:
    """A job of an earlier release read a topic on that was created again under it."""
    twice = replace(entry(3, 5, "b"), repeated=True)
    found = [finding.what for finding in chain_findings(chains_of([entry(0, 9, "a"), twice]))]
    assert found[0].endswith("the topic was created again under a job of an earlier release, or its log was cut")


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), min_size=1, max_size=8))
def test_gaps_and_overlaps_are_those_of_sets(parts: list[tuple[int, int]]) -> None:
    """Every offset between the first and the last is covered or in a gap, and it is in an overlap if covered twice."""
    entries = [entry(first, first + count - 1) for first, count in parts]
    counts = [offset for one in entries for offset in range(one.first, one.last + 1)]
    found = list(chain_findings(chains_of(entries)))
    gaps = {
        offset
        for one in found
        if one.code == "gap"
        for offset in range(*(int(n) + at for at, n in enumerate(one.what.split()[1].split("-"))))
    }

    assert set(range(min(counts), max(counts) + 1)) - set(counts) == gaps
    assert (len(counts) != len(set(counts))) == any(one.code == "overlap" for one in found)
    assert set(counts) == set(covered(entries))
