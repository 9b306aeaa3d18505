"""Failures of the host, by order: each hits the requests that it names, a number of times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Moment(StrEnum):
    """When a request fails."""

    BEFORE = "before"
    """Nothing is done."""
    AFTER = "after"
    """It is done, and the answer is lost."""


@dataclass
class Fault:
    """One failure.

    Args:
        method: of the requests that it hits.
        path: pattern of the path in the API.
        status: of the answer; 0 closes the connection without one.
        headers: of the answer, such as `Retry-After`.
        moment: before or after the request is done.
        times: how often.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    moment: Moment = Moment.BEFORE
    times: int = 1

    def hits(self, method: str, path: str) -> bool:
        """Return whether the fault hits a request, and count it."""
        if self.times < 1 or method != self.method or not re.fullmatch(self.path, path):
            return False
        self.times -= 1
        return True
