"""The strongest consumer that we could write by hand in Python: it copies bytes and checks nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.landing.hours import hour_in_path
from benchmarks.landing.peer import CODECS, PeerFailed, Task
from benchmarks.landing.peers.programs import install_python
from infra.local.processes import log_tail

HERE = Path(__file__).parent


class HandWritten:
    """A consumer that is a script beside this module.

    Args:
        name: of the peer, and how its script and its requirements begin.
    """

    codecs = frozenset(CODECS)

    def __init__(self, name: str) -> None:
        self.name = name
        self._requirements = HERE / f"{name}-requirements.txt"
        pinned = dict(line.split("==") for line in self._requirements.read_text().split())
        self.versions = {
            part: pinned[part] for part in ("boto3", "confluent-kafka", "isal", "zstandard") if part in pinned
        }

    def install(self, folder: Path) -> None:
        """Make its environment."""
        install_python(folder, self._requirements)

    def run(self, task: Task) -> None:
        """Run it once, from its committed offsets to the end offsets of its start."""
        log = task.work_dir / "output.log"
        with log.open("ab") as output:
            done = subprocess.run(
                [str(task.install_dir / "bin" / "python"), str(HERE / f"{self.name}_consumer.py")],
                input=json.dumps(asdict(task), default=str).encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise PeerFailed(f"the {self.name} consumer ended with {done.returncode}\n{log_tail(log)}")

    def hour_of(self, key: str) -> str | None:
        """Read the hour from the path."""
        return hour_in_path(key)

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return every object: each is put at once and stays."""
        return [key for key in keys if key.startswith(task.prefix)]


PEER = HandWritten("tuned")
