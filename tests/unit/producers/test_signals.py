from __future__ import annotations

import io
import os
import signal
import time
from threading import Timer

import pytest

from producers.signals import GracefulStop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_and_does_not_kill(number: signal.Signals) -> None:
    """The program continues until it checks; afterwards the old handlers are restored."""
    before = signal.getsignal(number)
    with GracefulStop() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
    assert before is signal.getsignal(number)


def test_a_blocked_read_is_woken() -> None:
    """The signal wakes a program that waits for input; the lines before it are kept."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"one\ntwo\nthr")
    # read only if the signal did not end the call
    too_late = Timer(20, lambda: os.write(write_end, b"ee\n"))
    with GracefulStop() as stop, os.fdopen(read_end, "rb") as stream:
        lines = stop.lines(stream, 100)
        assert [b"one\n", b"two\n"] == [next(lines), next(lines)]
        Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        too_late.start()
        assert [] == list(lines)
        assert stop()
    too_late.cancel()
    os.close(write_end)


def test_a_wait_is_woken() -> None:
    """A pause ends with the signal, and there is no pause after a stop."""
    with GracefulStop() as stop:
        Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        started = time.monotonic()
        stop.wait(20)
        stop.wait(20)
        assert time.monotonic() - started < 15
        assert stop()


def test_lines_end_with_the_input() -> None:
    """Without a signal all lines come, the last one with or without its end."""
    with GracefulStop() as stop:
        assert [b"a\n", b"\n", b"b"] == list(stop.lines(io.BytesIO(b"a\n\nb"), 100))


def test_a_long_line_comes_in_pieces() -> None:
    """The reader never holds more of a line than its limit."""
    with GracefulStop() as stop:
        assert [b"aaaa", b"aa\n", b"b\n"] == list(stop.lines(io.BytesIO(b"aaaaaa\nb\n"), 4))
