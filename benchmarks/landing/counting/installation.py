"""Install peers written in Python, and run their scripts in separate environments."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from benchmarks.landing.peer import PeerFailed, Task
from infra.local.processes import log_tail
from infra.local.settings import PROJECT


def install_requirements(folder: Path, requirements: Path) -> None:
    """Make a virtual environment from a file of pinned requirements; do nothing if it was made from the same file.

    Raises:
        PeerFailed: a requirement cannot be installed.
    """
    stamp = folder / ".made-of"
    digest = sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    uv = str(PROJECT / ".tools" / "bin" / "uv")
    commands = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder), "-r", str(requirements)],
    )
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            raise PeerFailed(f"{requirements.name} cannot be installed: run `{' '.join(command)}` to see why")
    stamp.write_text(digest)


def run_script(task: Task, script: Path) -> None:
    """Run a script in its environment, the task as JSON on its standard input, its output in `work_dir`.

    Raises:
        PeerFailed: it ended with an error, or was killed.
    """
    task.work_dir.mkdir(parents=True, exist_ok=True)
    log = task.work_dir / "output.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [str(task.install_dir / "bin" / "python"), str(script)],
            input=json.dumps(asdict(task), default=str).encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise PeerFailed(f"{script.name} ended with {done.returncode}\n{log_tail(log)}")
