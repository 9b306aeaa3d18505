"""Named points of a daemon's life: a test arms one, and the process that reaches it is killed or waits there.

The files of a folder connect test and process: `<POINT>.armed` holds the action, `<POINT>.reached` the id of each
process that was there, one a line. A point kills once: the process that reaches it takes the armed file away first.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

VARIABLE = "HOURGLASS_TEST_POINTS"
"""The folder, in the environment of every process of a test."""
WAIT_SECONDS_MAX = 240.0
POLL_SECONDS = 0.02


class Action(StrEnum):
    """What a process does at a point."""

    KILL = "kill"
    KILL_WITH_DAEMON = "kill with daemon"
    """For a point in the code server: the daemon is killed first."""
    KILL_WITH_PARENT = "kill with parent"
    """For a point in a run's process: the code server is killed first."""
    HOLD = "hold"
    """Wait until the test releases the point."""


def reach(point: str) -> None:
    """Do what the test wants of the process that is here; nothing when the point is not armed."""
    folder = Path(os.environ[VARIABLE])
    armed = folder / f"{point}.armed"
    if not armed.exists():
        return
    action = Action(armed.read_text())
    with (folder / f"{point}.reached").open("a") as reached:
        reached.write(f"{os.getpid()}\n")
    if action is Action.HOLD:
        _wait_while(armed.exists, f"{point} is released")
        return
    armed.unlink()
    if action is Action.KILL_WITH_DAEMON:
        os.kill(int((folder / "daemon.pid").read_text()), signal.SIGKILL)
    if action is Action.KILL_WITH_PARENT:
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Points:
    """The test's side: the folder of the points."""

    folder: Path

    def arm(self, point: str, action: Action = Action.KILL) -> None:
        """Let the next process that reaches a point act there."""
        (self.folder / f"{point}.reached").unlink(missing_ok=True)
        (self.folder / f"{point}.armed").write_text(action)

    def set_clock(self, name: str, seconds: float) -> None:
        """Let a clock of the daemon be ahead by some seconds."""
        written = self.folder / f"{name}.new"
        written.write_text(str(seconds))
        written.replace(self.folder / name)

    def advance_clock(self, name: str, seconds: float) -> None:
        """Let a clock of the daemon jump by some seconds from where it is."""
        file = self.folder / name
        self.set_clock(name, seconds + (float(file.read_text()) if file.exists() else 0))

    def release(self, point: str) -> None:
        """Let the processes that are held at a point go on."""
        (self.folder / f"{point}.armed").unlink()

    def disarm(self) -> None:
        """Let nothing act any more."""
        for armed in self.folder.glob("*.armed"):
            armed.unlink(missing_ok=True)

    def reached_by(self, point: str) -> set[int]:
        """Return the ids of the processes that were at a point since it was armed."""
        try:
            return set(map(int, (self.folder / f"{point}.reached").read_text().split()))
        except FileNotFoundError:
            return set()


def _wait_while(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT_SECONDS_MAX:.0f} s in vain: {what}")
        time.sleep(POLL_SECONDS)
