"""Run the checker against the bucket continuously while a test injects faults."""

from __future__ import annotations

from flink_jobs.audit.watch import Watch
from flink_jobs.errors import UnreachableError
from flink_jobs.s3.bucket import Bucket
from tests.faults.background import Background
from tests.faults.landing_stack import LandingStack


class LiveWatch(Background):
    """Polls in a thread from `with` to its end; counts polls separately that fail because the bucket is away.

    with LiveWatch(stack) as live:
        ...
    assert [] == live.told()
    """

    pause_seconds = 0.7  # each poll lists every object: five a second were a seventh of the CPU of all fault tests

    def __init__(self, stack: LandingStack) -> None:
        super().__init__()
        self._watch = Watch(Bucket.of(stack.landing), stack.landing.layout)
        self.away = 0

    @property
    def polls(self) -> int:
        """Number of polls that saw the whole bucket."""
        return self._watch.polls

    def told(self) -> list[str]:
        """Return the findings of all polls."""
        return [str(finding) for finding in self._watch.findings.kept]

    def step(self) -> None:
        """Poll once."""
        try:
            self._watch.poll()
        except UnreachableError:
            self.away += 1
