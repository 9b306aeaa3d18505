"""Combine requested hours into runs. Pure.

A process costs more than an hour: definitions, imports and dbt's project are loaded once for each run. So consecutive
hours of a backlog are one run. A few ready hours are one run each, so that the normal case stays one run an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby

from flink_jobs.contracts.layout import Hour
from orchestration.landing.proof.evidence import Request
from orchestration.landing.sensor.run_tags import run_key

RANGE_HOURS_MIN = 4
"""Consecutive hours from which on one run takes them together."""


@dataclass(frozen=True, slots=True)
class RequestedHours:
    """The hours of one run, and why each is requested.

    Args:
        requests: consecutive hours, oldest first.
        reasons: `complete`, `amended` or `failed`, in the same order.
    """

    requests: tuple[Request, ...]
    reasons: tuple[str, ...]

    @property
    def hours(self) -> tuple[Hour, ...]:
        """The hours alone."""
        return tuple(request.hour for request in self.requests)

    @property
    def run_key(self) -> str:
        """The key of the run: its hours and their objects. Dagster starts no second run with the same key."""
        keys = [run_key(request) for request in self.requests]
        if len(keys) == 1:
            return keys[0]
        return f"{self.hours[0].label}..{self.hours[-1].label}:{sha256(' '.join(keys).encode()).hexdigest()[:16]}"


def runs_of(requests: Sequence[Request], reasons: Sequence[str], hours_max: int) -> Iterator[RequestedHours]:
    """Yield the runs of requested hours, oldest first.

    Args:
        requests: of different hours, oldest first.
        reasons: of each request, in the same order.
        hours_max: hours of one run.
    """
    asked = list(zip(requests, reasons, strict=True))
    numbered = enumerate(asked)
    for _, group in groupby(numbered, key=lambda one: (one[1][0].hour.plus(-one[0]), one[1][0].alone)):
        together = [pair for _, pair in group]
        size = hours_max if len(together) >= RANGE_HOURS_MIN and not together[0][0].alone else 1
        for start in range(0, len(together), size):
            chunk = together[start : start + size]
            yield RequestedHours(tuple(request for request, _ in chunk), tuple(reason for _, reason in chunk))
