from __future__ import annotations

import pytest

from benchmarks.landing.compared import COMPARISONS, Prices, verdict


def test_a_ratio_is_that_of_the_runs_and_not_of_the_days() -> None:
    """A machine that was twice as slow in one run does not change the ratio."""
    found = verdict("parallelism", Prices({"1": [4.0, 8.0, 4.0], "2": [4.2, 8.4, 4.2], "4": [4.4, 8.8, 4.4]}))
    assert ({"2": 1.05, "4": 1.1}, True) == (found["ratio"], found["good"])


@pytest.mark.parametrize(
    "prices",
    [
        Prices({"without": [4.0], "with": [4.3]}),
        Prices({"without": [4.0], "with": [4.0]}, errors=["ledger-without-500000: entries in the ledger"]),
    ],
)
def test_beyond_the_limit_or_with_an_error_it_is_not_good(prices: Prices) -> None:
    """A ratio beyond the limit is not good, nor is an agent that no longer finds its methods, so the ledger stays."""
    assert not verdict("ledger", prices)["good"]


def test_only_the_side_without_a_ledger_loses_it() -> None:
    sides = {side.name: side for comparison in COMPARISONS.values() for side in comparison.sides}
    assert {"without"} == {name for name, side in sides.items() if not side.has_ledger}
    assert sides["without"].environment["JAVA_TOOL_OPTIONS"].endswith("=drop")
    assert sides["with"].environment["JAVA_TOOL_OPTIONS"].endswith("=keep")
