"""Find a process by its pid and its start time: the system gives a pid to another process later."""

from __future__ import annotations

import psutil

CLOCK_STEP_SECONDS = 2.0
"""The system derives a start time from its clock, so a step of the clock moves it."""


def find_process(pid: int, created: float) -> psutil.Process | None:
    """Return the process, which may be stopped; None when it has ended or the pid belongs to another process."""
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - created) < CLOCK_STEP_SECONDS
        has_ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return None
    return process if is_same and not has_ended else None
