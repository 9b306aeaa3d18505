"""Graceful ends of the sending programs: SIGTERM and SIGINT ask, the program decides when."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import BinaryIO, Self


class _StopReadingError(Exception):
    """Leaves a read that would block; never seen outside this module."""


class StopRequest:
    """Notice SIGTERM and SIGINT instead of dying of them, while used as a context manager.

    A program that is working looks at `requested` between two records; a program that waits in `lines` is woken.
    """

    def __init__(self) -> None:
        self.requested = False
        self._reading = False
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
            line = self._read_line(stream, bytes_max)
            if not line:
                return
            yield line

    def _read_line(self, stream: BinaryIO, bytes_max: int) -> bytes:
        try:
            self._reading = True
            return stream.readline(bytes_max)
        except _StopReadingError:
            return b""
        finally:
            self._reading = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
        if self._reading:
            raise _StopReadingError
