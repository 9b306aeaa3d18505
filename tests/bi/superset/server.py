"""A Superset of its own for the tests: installed once from its lock, its metadata copied for each start."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, Program, wait_until_healthy

_HERE = Path(__file__).parent
_TOOLS = _HERE.parents[2] / ".tools"
_LOCK, _CONFIG, _METADATA = _HERE / "superset.lock", _HERE / "superset_config.py", _HERE / "metadata.py"
_LOG_CHARACTERS = 2_000

Report = Callable[[str], None]
"""Prints a line for the person who waits."""


class NotInstalledError(Exception):
    """Superset cannot be installed or its metadata cannot be made; the message has the cause and the repair."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed Superset.

    Args:
        python: its interpreter.
        metadata: a metadata database with the administrator `admin`, to be copied.
    """

    python: Path
    metadata: Path


@dataclass(frozen=True, slots=True)
class RunningSuperset:
    """A server that answers.

    Args:
        url: its address.
        metadata: its metadata database, which can be changed while it runs.
        log: of the server.
    """

    url: str
    metadata: Path
    log: Path


def install(report: Report) -> Installation:
    """Install Superset below .tools, unless it is there, and make its metadata database.

    Raises:
        NotInstalledError: with what uv or Superset printed.
    """
    folder = _TOOLS / f"superset-{_digest(_LOCK)}"
    installation = Installation(folder / "bin" / "python", folder / f"metadata-{_digest(_CONFIG, _METADATA)}.db")
    with (_TOOLS / "superset.lockfile").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (installed := folder / ".installed").exists():
            _install_packages(folder, report)
            installed.touch()
        if not installation.metadata.exists():
            _make_metadata(installation, report)
    return installation


@contextmanager
def serving(
    installation: Installation, data: Path, environment: Mapping[str, str] | None = None
) -> Iterator[RunningSuperset]:
    """Start a server on a copy of the metadata, and stop it at the end of the block.

    Args:
        installation: of the server.
        data: an empty folder for its files.
        environment: what superset_config.py reads.
    """
    home = data / "home"
    home.mkdir(parents=True)
    metadata = Path(shutil.copy(installation.metadata, home / "superset.db"))
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    program = Program(
        name="superset",
        command=[
            *(str(installation.python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
            *("--worker-class", "gthread", "--threads", "4", "--access-logfile", "-"),
            *("--graceful-timeout", "1"),  # clients keep their connections open
            "--no-control-socket",  # all gunicorns of a user share its default path
            "superset.app:create_app()",
        ],
        healthy=lambda: _is_healthy(url),
        environment={**_environment(home), **(environment or {})},
        port=port,
        cwd=home,
    )
    processes = ProcessTable(data)
    running = processes.start(program)
    try:
        wait_until_healthy(program, running)
        yield RunningSuperset(url, metadata, running.log)
    finally:
        processes.stop(program.name)


def _install_packages(folder: Path, report: Report) -> None:
    packages = sum(line[:1].isalnum() for line in _LOCK.read_text().splitlines())
    report(f"installing Superset, {packages} packages, into {folder.relative_to(_TOOLS.parent)}")
    started = time.monotonic()
    for earlier in _TOOLS.glob("superset-*"):
        shutil.rmtree(earlier)
    uv = str(_TOOLS / "bin" / "uv")
    python = str(folder / "bin" / "python")
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], "the packages of Superset")
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(_LOCK)], "the packages of Superset")
    report(f"installed Superset in {time.monotonic() - started:.0f} s")


def _make_metadata(installation: Installation, report: Report) -> None:
    report("making the metadata database of Superset")
    started = time.monotonic()
    home = installation.metadata.with_suffix(".partial")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    _run([str(installation.python), str(_METADATA)], "the metadata database of Superset", _environment(home))
    (home / "superset.db").replace(installation.metadata)
    shutil.rmtree(home)
    report(f"made the metadata database in {time.monotonic() - started:.0f} s")


def _run(command: list[str], what: str, environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never", **(environment or {})},
        )
    except FileNotFoundError as exc:
        raise NotInstalledError(f"{command[0]} is missing: run make setup") from exc
    if done.returncode:
        raise NotInstalledError(
            f"{what} cannot be installed; they come from the package index of uv, so look at the network and at its "
            f"settings. It ended with {done.returncode}:\n{(done.stderr or done.stdout)[-_LOG_CHARACTERS:]}"
        )


def _environment(home: Path) -> dict[str, str]:
    return {"SUPERSET_HOME": str(home), "SUPERSET_CONFIG_PATH": str(_CONFIG)}


def _is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).text == "OK"
    except requests.RequestException:
        return False


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]
