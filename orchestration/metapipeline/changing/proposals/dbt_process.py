"""dbt in one process of its own, which executes one command after the other: its import takes longer than a parse.

Run as a module, this file is that process. It reads one JSON object per line from its input and writes one per line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Self

from orchestration.metapipeline.errors import ProposalError

_END_SECONDS = 10


class DbtProcess:
    """The process, from its first command, or from `start`, to the end of `with`.

    Of the environment of this process it has PATH alone.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answers: SimpleQueue[str] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def start(self) -> None:
        """Start the process unless it runs; it imports dbt while its caller does something else."""
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        self._answers = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            cwd=tempfile.gettempdir(),
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        Thread(target=_read, args=(self._process.stdout, self._answers), daemon=True).start()

    def run(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], seconds_max: float
    ) -> tuple[bool, str]:
        """Execute one command of dbt.

        Args:
            arguments: of the command line, without the program.
            folder: working directory and HOME of the command.
            environment: all other variables that it sees.
            seconds_max: until the process is killed; the next command starts another.

        Returns:
            Whether it succeeded, and what it printed.

        Raises:
            ProposalError: it did not end in time, or the process ended.
        """
        output = folder / "output"
        self.start()
        request = {"arguments": arguments, "folder": str(folder), "output": str(output), "environment": {**environment}}
        try:
            print(json.dumps(request), file=self._input, flush=True)
            answer = json.loads(self._answers.get(timeout=seconds_max) or '"ended"')
        except Empty:
            self._stop()
            raise ProposalError(f"dbt {arguments[0]} did not end in {seconds_max:g} seconds") from None
        except BrokenPipeError:
            answer = "ended"
        printed = output.read_text(errors="replace") if output.exists() else ""
        if answer == "ended":
            self._stop()
            raise ProposalError(f"dbt {arguments[0]} ended its process: {' '.join(printed.split())[-500:]}")
        return bool(answer["succeeded"]), f"{printed}\n{answer['exception']}"

    @property
    def _input(self) -> IO[str]:
        if self._process is None or self._process.stdin is None:
            raise ProposalError("the process of dbt is not running")
        return self._process.stdin

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(_END_SECONDS)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # a command that was not read is still in the buffer
                    stream.close()


def _read(lines: IO[str], answers: SimpleQueue[str]) -> None:
    """Take lines until the process ends; an empty one is its end."""
    try:
        for line in lines:
            answers.put(line)
    except ValueError:  # the stream was closed
        pass
    answers.put("")


def _serve() -> None:
    """Execute the commands of the input; dbt prints to a file per command."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 (only this process pays for the import)

    for line in sys.stdin:
        request = json.loads(line)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        with Path(request["output"]).open("w") as output:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
        done = dbtRunner().invoke(request["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        exception = "" if done.exception is None else str(done.exception)
        print(json.dumps({"succeeded": done.success, "exception": exception}), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
