from __future__ import annotations

from dataclasses import replace

from orchestration.metapipeline.judging.stale.showing import applied_lines, plan_lines
from tests.unit.orchestration.metapipeline.judging.stale.reports import Depot, stale, used


def test_a_plan_is_printed_with_its_reasons() -> None:
    """A name cannot move the cursor or begin a line."""
    report = replace(stale("r1"), name="Late\x1b[2Jparcels\narchive r9 Board")
    unknown = replace(used("u2"), runs=None, views=None)
    depot = Depot.of(report, used("u1"), unknown)
    assert [
        "mode.depot: 1 stale reports, 0 deletable, 1 undecided; 1 steps, 0 left for the next runs",
        r"archive  r1 Late\x1b[2Jparcels\narchive r9 Board: It has not run for 200 days.",
        "unknown  u2 u2: It is not decided whether it is stale: runs, views unknown.",
    ] == list(plan_lines(depot.plan()))


def test_a_withheld_plan_is_one_line() -> None:
    """With what would change it."""
    (line,) = plan_lines(Depot.of().plan())
    assert "mode.depot: no plan. mode has no reports in depot: check the workspace" in line


def test_outcomes_are_printed_with_what_happened() -> None:
    """A dropped step says why."""
    depot = Depot.of(stale("r1"), stale("r2"), used("u1"))
    plan = depot.plan()
    depot.tool.change("r1", runs=51)
    assert [
        "dropped: archive  r1 r1: It has not run for 200 days. (it was used or changed since the plan)",
        "done: archive  r2 r2: It has not run for 200 days.",
    ] == list(applied_lines(depot.apply(plan)))


def test_a_long_name_is_cut() -> None:
    """A plan stays readable."""
    depot = Depot.of(replace(stale("r1"), name="x" * 200), used("u1"))
    assert f"r1 {'x' * 80}…: It" in list(plan_lines(depot.plan()))[1]
