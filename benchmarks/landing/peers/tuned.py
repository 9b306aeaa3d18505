"""The strongest consumer that we could write by hand in Python: it copies bytes and checks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.landing.counting.installation import install_requirements, run_script
from benchmarks.landing.peer import CODECS, Task
from benchmarks.landing.workload.hours import hour_in_path

HERE = Path(__file__).parent


class HandWritten:
    """A consumer whose script is in this folder.

    Args:
        name: of the peer; its script and its requirements begin with it.
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
        install_requirements(folder, self._requirements)

    def run(self, task: Task) -> None:
        """Run it once, from its committed offsets to the end offsets at its start."""
        run_script(task, HERE / f"{self.name}_consumer.py")

    def hour_of(self, key: str) -> str | None:
        """Read the hour from the path."""
        return hour_in_path(key)

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return every object: each is put whole and stays."""
        return [key for key in keys if key.startswith(task.prefix)]


PEER = HandWritten("tuned")
