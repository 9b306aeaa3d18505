"""Background work in a thread while a test injects faults."""

from __future__ import annotations

from threading import Event, Thread
from types import TracebackType
from typing import Self


class Background:
    """Runs steps in a thread from `with` to its end; leaving the block raises the error of a step.

    Subclasses define `step` and `pause_seconds`.
    """

    pause_seconds = 0.2

    def __init__(self) -> None:
        self._end = Event()
        self._thread = Thread(target=self._run)
        self._error: BaseException | None = None

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

    def step(self) -> None:
        """Do one piece of the work."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            while not self._end.wait(self.pause_seconds):
                self.step()
        except BaseException as exc:  # noqa: BLE001 - raised again where the test can see it
            self._error = exc
