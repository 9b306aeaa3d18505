"""Graceful end of the sending programs after SIGTERM and SIGINT."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import BinaryIO, Self, TypeVar

T = TypeVar("T")


class _StopError(Exception):
    """Ends a blocking call; never raised to callers."""


class GracefulStop:
    """Within its context, SIGTERM and SIGINT set `requested` instead of ending the process.

    A program checks it between two records; a signal ends the blocking calls `lines` and `wait`.
    """

    def __init__(self) -> None:
        self.requested = False
        self._blocked = False
        self._handlers: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self.requested

    def lines(self, stream: BinaryIO, bytes_max: int) -> Iterator[bytes]:
        """Read lines until the end or a stop; a longer line comes in pieces of `bytes_max`."""
        while not self.requested:
            line = self._while_blocked(lambda: stream.readline(bytes_max), b"")
            if not line:
                return
            yield line

    def wait(self, seconds: float) -> None:
        """Sleep, at most until a stop."""
        self._while_blocked(lambda: time.sleep(seconds), None)

    def _while_blocked(self, call: Callable[[], T], stopped: T) -> T:
        try:
            try:
                self._blocked = True
                # checked after `_blocked` is set: a signal in between raises
                return stopped if self.requested else call()
            finally:
                self._blocked = False
        except _StopError:
            return stopped

    def _request(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
        if self._blocked:
            self._blocked = False
            raise _StopError
