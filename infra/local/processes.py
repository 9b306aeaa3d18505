"""Start, find, wait for and stop the processes of the local stack.

Pid and start time of a process are stored in `<data>/run/<name>.json`, so that another command can stop it, and a pid
that now belongs to another process is never signalled.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from flink_jobs.process_identity import find_process

POLL_SECONDS = 0.1
LOG_TAIL_LINES = 15
_REAP_SECONDS_MAX = 5.0
"""A process with several threads is a zombie before the last of them has ended, and can be reaped only then."""
_TRACE_WORDS = ("Traceback (most recent", "The above exception was", "During handling of the above", "├", "│", "└")


class StackError(Exception):
    """The stack cannot be started or stopped; the message has the repair."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program of the stack.

    Args:
        name: also the name of its log file.
        command: argument list, never a shell string.
        environment: variables added to those of this process.
        port: that the process itself must own when it is healthy, or None.
        healthy: returns whether it serves; called many times.
    """

    name: str
    command: Sequence[str]
    healthy: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    cwd: Path | None = None
    start_seconds_max: float = 120.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process, from its start or from its pid file."""

    name: str
    pid: int
    created: float
    log: Path

    def process(self) -> psutil.Process | None:
        """Find the process; None where it has ended."""
        return find_process(self.pid, self.created)

    def tree(self) -> list[psutil.Process]:
        """List the process and its descendants."""
        return process_tree(self.pid) if self.process() else []


class ProcessTable:
    """The processes of one data folder.

    Args:
        data_dir: the folder of the stack; `run/` holds the pid files, `logs/` the logs.
    """

    def __init__(self, data_dir: Path) -> None:
        self._run_dir = data_dir / "run"
        self._log_dir = data_dir / "logs"
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, program: Program) -> Running:
        """Start a program and write its pid file; it keeps running when this process ends."""
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self._log_dir.mkdir(parents=True, exist_ok=True)
        log = self._log_dir / f"{program.name}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(program.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **program.environment},
                cwd=program.cwd,
                start_new_session=True,
            )
        self._children[program.name] = child
        running = Running(program.name, child.pid, psutil.Process(child.pid).create_time(), log)
        record = {"name": running.name, "pid": running.pid, "created": running.created, "log": str(log)}
        self._file(program.name).write_text(json.dumps(record))
        return running

    def wait(self, program: Program, running: Running) -> None:
        """Wait until a program that was started serves; see `wait_until_healthy`."""
        wait_until_healthy(program, running)

    def find(self, name: str) -> Running | None:
        """Return a running process by the name of its program."""
        try:
            record = json.loads(self._file(name).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        running = Running(record["name"], record["pid"], record["created"], Path(record["log"]))
        return running if running.process() else None

    def stop(self, name: str, *, limit_seconds: float = 20.0) -> None:
        """Stop a process and its descendants: SIGTERM, then SIGKILL after the limit."""
        running = self.find(name)
        if running is not None:
            end_tree(running.tree(), limit_seconds=limit_seconds)
        if child := self._children.pop(name, None):
            with suppress(subprocess.TimeoutExpired):
                child.wait(_REAP_SECONDS_MAX)
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._run_dir / f"{name}.json"


def process_tree(pid: int) -> list[psutil.Process]:
    """List a process and its descendants; empty if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_tree(tree: list[psutil.Process], *, limit_seconds: float) -> None:
    """Send SIGTERM to the first process, wait for all of them, and kill the rest."""
    if not tree:
        return
    _signal(tree[0], signal.SIGTERM)
    _, alive = psutil.wait_procs(tree, timeout=limit_seconds)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def wait_until_healthy(program: Program, running: Running) -> None:
    """Wait until a program serves.

    Raises:
        StackError: it ended, did not serve in time, or another process owns its port.
    """
    deadline = time.monotonic() + program.start_seconds_max
    while time.monotonic() < deadline:
        if running.process() is None:
            raise StackError(f"{program.name} ended while it started.\n{log_tail(running.log)}\n(log: {running.log})")
        if program.healthy():
            _require_own_port(program, running)
            return
        time.sleep(POLL_SECONDS)
    raise StackError(
        f"{program.name} did not answer within {program.start_seconds_max:.0f} s.\n"
        f"{log_tail(running.log)}\n(log: {running.log})"
    )


def _require_own_port(program: Program, running: Running) -> None:
    if program.port is None:
        return
    owners = {
        connection.laddr.port
        for process in running.tree()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    if program.port not in owners:
        raise StackError(f"another process than {program.name} listens on port {program.port}: stop that process")


def log_tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log, without blank lines and without the frames of stack traces."""
    try:
        lines_kept = [line for line in log.read_text(errors="replace").splitlines() if _is_message(line)]
    except FileNotFoundError:
        return ""
    return "\n".join(lines_kept[-lines:])


def _is_message(line: str) -> bool:
    return bool(line.strip()) and not line.startswith((" ", "\t", *_TRACE_WORDS))


def port_answers(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


@contextmanager
def variables(changes: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a block, and restore them at its end."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Raise a `StackError` for ports that are in use or configured twice, with the setting of each."""
    taken = [f"port {port} is in use: set {name} to a free one" for name, port in ports.items() if port_answers(port)]
    twice = [
        f"port {port} is configured twice: change {name}" for name, port in ports.items() if _count(ports, port) > 1
    ]
    if taken or twice:
        raise StackError("\n".join(taken + twice))


def _count(ports: Mapping[str, int], port: int) -> int:
    return sum(other == port for other in ports.values())
