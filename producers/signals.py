"""Graceful ends of the sending programs: SIGTERM and SIGINT ask, the program decides when."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import BinaryIO, Self, TypeVar

T = TypeVar("T")


class _StopError(Exception):
    """Leaves a call that blocks; never seen outside this module."""


class GracefulStop:
    """Notice SIGTERM and SIGINT instead of dying of them, while used as a context manager.

    A program that is working looks at `requested` between two records; one that waits in `lines` or `wait` is woken.
    """

    def __init__(self) -> None:
        self.requested = False
        self._blocked = False
        self._handlers: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Say whether a stop was asked for."""
        return self.requested

    def lines(self, stream: BinaryIO, bytes_max: int) -> Iterator[bytes]:
        """Read lines until the end or until a stop; a longer line comes in pieces of `bytes_max`."""
        while not self.requested:
            line = self._while_blocked(lambda: stream.readline(bytes_max), b"")
            if not line:
                return
            yield line

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond a stop."""
        self._while_blocked(lambda: time.sleep(seconds), None)

    def _while_blocked(self, call: Callable[[], T], stopped: T) -> T:
        try:
            try:
                self._blocked = True
                # looked at only now: a signal before this line would else be overslept
                return stopped if self.requested else call()
            finally:
                self._blocked = False
        except _StopError:
            return stopped

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
        if self._blocked:
            self._blocked = False
            raise _StopError
