"""The execution of the notebook in a process of its own, beside the assets that are made meanwhile.

Run as a module, this file is that process: it imports Dagstermill, waits for a line of its input, executes the notebook
over the data in its folder, and ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

import dagster as dg

from orchestration.folders import FolderSettings
from orchestration.metapipeline.errors import NotebookError
from orchestration.metapipeline.text import one_line

ASSET = "meta_analysis_notebook"
"""The name of the asset that the process makes, and of its job."""
_END_SECONDS = 10
_ERROR_CHARACTERS_MAX = 500


class NotebookProcess:
    """The process, from `prepare` or `start` to the end of `with`; it has the environment of this one."""

    def __init__(self) -> None:
        self._running: tuple[subprocess.Popen[bytes], IO[bytes]] | None = None
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is None:
            return
        process, printed = self._running
        _close(process.stdin)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the kernel ends by itself when its parent is gone
            process.wait(_END_SECONDS)
        printed.close()

    def prepare(self) -> None:
        """Start the process; it imports Dagstermill while its caller does something else."""
        self._prepared()

    def start(self) -> None:
        """Begin to execute the notebook over the data that is in its folder now."""
        process, _ = self._prepared()
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended: `require_success` says why
                process.stdin.write(b"execute\n")
        _close(process.stdin)
        self._begun = True

    def require_success(self) -> None:
        """Wait for the end of the execution; begin it where nobody did, as in a run of the last asset alone.

        Raises:
            NotebookError: it failed, with the end of what it printed.
        """
        if not self._begun:
            self.start()
        process, printed = self._prepared()
        if process.wait():
            printed.seek(0)
            text = one_line(printed.read().decode(errors="replace"))
            raise NotebookError(f"the notebook was not executed: {text[-_ERROR_CHARACTERS_MAX:]}")

    def _prepared(self) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        if self._running is None:
            printed = TemporaryFile()  # noqa: SIM115 (open as long as the process writes into it)
            process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running = process, printed
        return self._running


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        with suppress(BrokenPipeError):  # what was not read is still in the buffer
            stream.close()


def executed_notebook() -> Path:
    """Return the path of the executed notebook."""
    return FolderSettings().notebooks / f"{ASSET}.ipynb"


def main() -> None:
    """Execute the notebook in the instance of the environment, once there is a line to read."""
    import dagstermill  # noqa: F401, PLC0415 (only this process pays for the import)

    from orchestration.metapipeline.showing.notebooks.job import run_notebook  # noqa: PLC0415 (likewise)

    if not sys.stdin.readline():
        return
    with dg.DagsterInstance.get() as instance:
        run_notebook(instance)


if __name__ == "__main__":
    main()
