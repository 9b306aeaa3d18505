"""Faults that the server shows on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """An error without effect, with `status` and `headers`."""
    STALLED = "stalled"
    """No answer until the server stops."""
    CUT = "cut"
    """The answer ends in its middle."""
    LOST = "lost"
    """The request is carried out, and the connection ends without an answer."""
    HALF = "half"
    """A list has only the first half of its rows."""
    REPEATED = "repeated"
    """Every page is the first page."""
    BODY = "body"
    """`body` instead of the answer."""


@dataclass
class Fault:
    """A fault of the next requests that match.

    Args:
        kind: of the fault.
        request: regular expression, matched against `METHOD path?query` from its start.
        times: requests that it hits; then it is over.
        status: of STATUS and BODY.
        headers: of STATUS.
        body: of BODY, bytes or what becomes JSON.
    """

    kind: FaultKind
    request: str = ""
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass
class Faults:
    """The faults to come, the first that matches is shown."""

    coming: list[Fault] = field(default_factory=list)

    def take(self, request: str) -> Fault | None:
        """Return the fault of this request, and count it."""
        for fault in self.coming:
            if fault.times > 0 and re.match(fault.request, request):
                fault.times -= 1
                return fault
        return None
