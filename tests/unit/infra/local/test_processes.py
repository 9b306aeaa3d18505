from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from infra.local.processes import (
    ProcessTable,
    Program,
    StackError,
    log_tail,
    require_free_ports,
    variables,
    wait_until_healthy,
)

SLEEPS = "import signal, sys; sys.stdout.write('ready'); sys.stdout.flush(); signal.pause()"
IGNORES_SIGTERM = (
    "import signal, subprocess, sys;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], stdout=subprocess.DEVNULL);"
    "sys.stdout.write('ready'); sys.stdout.flush(); signal.pause()"
)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path)
    yield table
    for name in ("sleeper", "stubborn", "server"):
        table.stop(name, limit_seconds=1)


def program(name: str, code: str, tmp_path: Path, port: int | None = None) -> Program:
    log = tmp_path / "logs" / f"{name}.log"
    return Program(
        name=name,
        command=[sys.executable, "-c", code],
        healthy=lambda: "ready" in log.read_text(),
        port=port,
        start_seconds_max=30,
    )


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_a_started_program_is_found_by_name_and_ends_on_stop(table: ProcessTable, tmp_path: Path) -> None:
    """Another command finds the process by its pid file, and stop removes the process and the file."""
    sleeper = program("sleeper", SLEEPS, tmp_path)
    running = table.start(sleeper)
    wait_until_healthy(sleeper, running)

    assert running == ProcessTable(tmp_path).find("sleeper")
    table.stop("sleeper")
    assert running.process() is None
    assert table.find("sleeper") is None


def test_a_program_that_ignores_sigterm_is_killed_with_its_children(table: ProcessTable, tmp_path: Path) -> None:
    """Stop ends the whole tree, even where the first process refuses."""
    stubborn = program("stubborn", IGNORES_SIGTERM, tmp_path)
    running = table.start(stubborn)
    wait_until_healthy(stubborn, running)
    tree = running.tree()

    table.stop("stubborn", limit_seconds=0.2)
    assert [] == [process.pid for process in tree if process.is_running() and process.status() != "zombie"]


def test_an_end_during_the_start_is_reported_with_the_end_of_the_log(table: ProcessTable, tmp_path: Path) -> None:
    """A program that ends at once is an error at once, not a wait until the limit."""
    server = program("server", "raise SystemExit('no space left')", tmp_path)

    with pytest.raises(StackError, match=r"server ended while it started\.\nno space left"):
        wait_until_healthy(server, table.start(server))


def test_a_stack_trace_shrinks_to_its_messages(tmp_path: Path) -> None:
    """A person needs the message with the file and the field, not the frames around it."""
    log = tmp_path / "x.log"
    log.write_text(
        "Traceback (most recent call last):\n"
        '  File "loader.py", line 3, in load\n'
        "    raise error\n"
        "ResolutionError: defs.yaml:11 - url: is missing\n"
        "\n"
        "The above exception was the direct cause of the following exception:\n"
        "Exception in thread main java.lang.IllegalStateException: no room\n"
        "\tat io.example.Main.main(Main.java:7)\n"
    )

    assert [
        "ResolutionError: defs.yaml:11 - url: is missing",
        "Exception in thread main java.lang.IllegalStateException: no room",
    ] == log_tail(log).splitlines()
    assert "" == log_tail(tmp_path / "none.log")


def test_a_foreign_server_on_the_port_is_not_taken_for_ours(
    table: ProcessTable, tmp_path: Path, listener: socket.socket
) -> None:
    """A health check alone is not enough: the process itself must own its port."""
    sleeper = program("sleeper", SLEEPS, tmp_path, port=listener.getsockname()[1])

    with pytest.raises(StackError, match="another process than sleeper listens on port"):
        wait_until_healthy(sleeper, table.start(sleeper))


def test_a_pid_that_belongs_to_another_process_is_not_ours(table: ProcessTable, tmp_path: Path) -> None:
    """The start time is compared, so a pid that the system has reused is never signalled."""
    (tmp_path / "run").mkdir()
    own = {"name": "sleeper", "pid": psutil.Process().pid, "created": 1.0, "log": "x"}
    (tmp_path / "run" / "sleeper.json").write_text(json.dumps(own))

    assert table.find("sleeper") is None
    table.stop("sleeper")
    assert psutil.Process().is_running()


def test_taken_and_repeated_ports_are_named_with_their_setting(listener: socket.socket) -> None:
    """The message names the port and the setting that moves it, for every port at once."""
    port = listener.getsockname()[1]

    with pytest.raises(StackError) as refusal:
        require_free_ports({"HOURGLASS_S3_PORT": port, "HOURGLASS_A_PORT": 1, "HOURGLASS_B_PORT": 1})
    assert [
        f"port {port} is in use: set HOURGLASS_S3_PORT to a free one",
        "port 1 is configured twice: change HOURGLASS_A_PORT",
        "port 1 is configured twice: change HOURGLASS_B_PORT",
    ] == str(refusal.value).splitlines()


def test_variables_hold_inside_alone_also_where_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards a variable has its old value again, or is unset if it had none."""
    seen: list[str | None] = []

    def fail_inside() -> None:
        with variables({"HOURGLASS_HELD": "inside", "HOURGLASS_NEW": "inside"}):
            seen.extend(map(os.environ.get, ("HOURGLASS_HELD", "HOURGLASS_NEW")))
            raise ZeroDivisionError

    monkeypatch.setenv("HOURGLASS_HELD", "before")
    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert ["inside", "inside"] == seen
    assert ("before", None) == (os.environ["HOURGLASS_HELD"], os.environ.get("HOURGLASS_NEW"))
