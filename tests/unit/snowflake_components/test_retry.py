"""Retry only unavailability, a limited number of times, for a limited time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from snowflake_components.errors import MissingPrivilegeError, SnowflakeUnavailableError
from snowflake_components.retry import RetryPolicy


@dataclass
class _Clock:
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@dataclass
class _Work:
    """Raises the given errors, then succeeds; every attempt takes some seconds."""

    failures: list[Exception]
    clock: _Clock
    seconds: float = 0.0

    def __call__(self) -> str:
        self.clock.now += self.seconds
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def _policy(clock: _Clock, jitter: float = 1.0) -> RetryPolicy:
    return RetryPolicy(sleep=clock.sleep, monotonic=clock.monotonic, jitter=lambda: jitter)


def test_what_was_away_is_tried_again_with_growing_pauses() -> None:
    """The pause doubles; jitter takes at most half of it."""
    clock = _Clock()
    assert _policy(clock).call(_Work([SnowflakeUnavailableError("away")] * 4, clock)) == "done"
    assert clock.pauses == [1.0, 2.0, 4.0, 8.0]
    clock = _Clock()
    _policy(clock, jitter=0.0).call(_Work([SnowflakeUnavailableError("away")] * 4, clock))
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0]


def test_every_pause_is_reported() -> None:
    """A person who watches the run sees why it waits."""
    clock, told = _Clock(), list[str]()
    _policy(clock).call(_Work([SnowflakeUnavailableError("away")] * 2, clock), told.append)
    assert told == [
        "away; retry in 1.0 s (1 of 5 attempts failed)",
        "away; retry in 2.0 s (2 of 5 attempts failed)",
    ]


def test_the_fifth_failure_is_the_last() -> None:
    """Five tries, four pauses."""
    clock = _Clock()
    with pytest.raises(SnowflakeUnavailableError):
        _policy(clock).call(_Work([SnowflakeUnavailableError("away")] * 5, clock))
    assert len(clock.pauses) == 4


def test_no_try_starts_after_two_minutes() -> None:
    """Slow failures use up the time before the number of tries."""
    clock = _Clock()
    with pytest.raises(SnowflakeUnavailableError):
        _policy(clock).call(_Work([SnowflakeUnavailableError("away")] * 5, clock, seconds=50))
    assert clock.pauses == [1.0, 2.0]


def test_a_refusal_is_raised_at_once() -> None:
    """A retry does not bring a missing privilege."""
    clock = _Clock()
    with pytest.raises(MissingPrivilegeError):
        _policy(clock).call(_Work([MissingPrivilegeError("no")], clock))
    assert clock.pauses == []
