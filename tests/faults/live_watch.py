"""A checker that looks at the bucket all the time while a test breaks things around it."""

from __future__ import annotations

from threading import Event, Thread
from types import TracebackType
from typing import Self

from flink_jobs.audit.watch import Watch
from flink_jobs.bucket import Bucket
from flink_jobs.errors import UnreachableError
from tests.faults.landing_stack import LandingStack

PAUSE_SECONDS = 0.05


class LiveWatch:
    """Polls in a thread from `with` to its end; looks that fail because the bucket is away are counted apart.

    with LiveWatch(stack) as live:
        ...
    assert [] == live.told()
    """

    def __init__(self, stack: LandingStack) -> None:
        self._watch = Watch(Bucket.of(stack.landing), stack.landing.layout)
        self._end = Event()
        self._thread = Thread(target=self._run)
        self._error: BaseException | None = None
        self.away = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    @property
    def polls(self) -> int:
        """Looks that saw the whole bucket."""
        return self._watch.polls

    def told(self) -> list[str]:
        """Everything that was wrong at any moment."""
        return [str(finding) for finding in self._watch.findings.kept]

    def _run(self) -> None:
        try:
            while not self._end.wait(PAUSE_SECONDS):
                try:
                    self._watch.poll()
                except UnreachableError:
                    self.away += 1
        except BaseException as exc:  # noqa: BLE001 - raised again where the test can see it
            self._error = exc
