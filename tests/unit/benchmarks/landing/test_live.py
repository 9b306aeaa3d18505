from __future__ import annotations

import pytest

from benchmarks.landing.live import LARGE_BYTES, LOADS, Curves, Used, verdict
from benchmarks.landing.workload.corpus import Corpus
from producers.events import EVENT_BYTES_MAX, EventError, PlatformEvent

CORPUS = Corpus(10**9)
NOW = 1_754_020_800_000


def curves(delay: int, rss_mb: list[float]) -> Curves:
    """Ten records a second for the time of the memory samples; each is visible `delay` seconds later."""
    found = Curves()
    last = len(rss_mb) - 1 - delay
    for second, used in enumerate(rss_mb):
        spent = 20.0 + 0.04 * second + max(0, 3.0 - 0.1 * second)  # hot code is compiled in the first third
        found.note(second, 10 * min(second, last), max(0, 10 * (second - delay)), Used(used, spent))
    return found


def test_steady_memory_and_short_delay_are_good() -> None:
    """Within all limits."""
    found = verdict("latency", curves(6, [500.0] * 90), caught_up=True, checkpoint_seconds=10)
    assert found["good"]
    assert (6.0, 40.0) == (found["delay_seconds_p50"], found["cpu_milliseconds_per_second"])


def test_nothing_to_land_is_a_load_too() -> None:
    """An idle job has costs but no delay."""
    idle = Curves()
    for second in range(90):
        idle.note(second, 0, 0, Used(300.0, 20.0 + 0.02 * second))
    found = verdict("idle", idle, caught_up=True, checkpoint_seconds=10)
    assert (True, None, 20.0) == (found["good"], found["delay_seconds_p50"], found["cpu_milliseconds_per_second"])


@pytest.mark.parametrize(
    ("delay", "rss_mb", "caught_up"),
    [
        (14, [500.0] * 90, True),
        (6, [500.0 + second for second in range(90)], True),
        (6, [500.0] * 89 + [701.0], True),
        (6, [500.0] * 90, False),
    ],
    ids=["slow", "growing", "large", "behind"],
)
def test_beyond_a_limit_is_not_good(delay: int, rss_mb: list[float], caught_up: bool) -> None:
    """A delay beyond checkpoint interval + 3 s, growing or too much memory, or invisible records are not good."""
    assert not verdict("latency", curves(delay, rss_mb), caught_up=caught_up, checkpoint_seconds=10)["good"]


@pytest.mark.parametrize("name", [name for name in LOADS if name != "poison"])
def test_loads_are_events(name: str) -> None:
    """Records that are not meant to be rejected are accepted."""
    for index in range(20):
        _, value, _ = LOADS[name].make(CORPUS, index, NOW)
        PlatformEvent.from_json(value)
        assert len(value) <= EVENT_BYTES_MAX


def test_each_load_is_what_it_says() -> None:
    """The loads have four open hours, nine of ten records with one key, a megabyte each, or rejected records only."""
    assert 4 == len({LOADS["soak"].make(CORPUS, index, NOW)[2] // 3_600_000 for index in range(8)})
    keys = [LOADS["hot-key"].make(CORPUS, index, NOW)[0] for index in range(1000)]
    assert 900 == keys.count(b"the-hot-run")
    assert LARGE_BYTES - 200 < len(LOADS["large-events"].make(CORPUS, 3, NOW)[1])
    with pytest.raises(EventError):
        PlatformEvent.from_json(LOADS["poison"].make(CORPUS, 3, NOW)[1])
