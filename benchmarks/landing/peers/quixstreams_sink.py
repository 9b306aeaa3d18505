"""quixstreams with its S3 file sink: one Python process, which commits offsets after it has put the files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.landing.counting.installation import install_requirements
from benchmarks.landing.peer import CODECS, Task
from benchmarks.landing.peers.programs import run_program, task_environment

HERE = Path(__file__).parent
_HOUR = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/(\d\d)/\d+\.\d{19}\.jsonl(?:\.gz|\.zst)?$")


class Quixstreams:
    """quixstreams in one process."""

    name = "quixstreams"
    codecs = frozenset(CODECS)
    versions: ClassVar[dict[str, str]] = {"quixstreams": "3.28.1"}

    def install(self, folder: Path) -> None:
        """Install it in a separate environment."""
        install_requirements(folder / "venv", HERE / "quixstreams-requirements.txt")

    def run(self, task: Task) -> None:
        """Land everything from the group's committed offsets up to the end offsets of now."""
        python = (task.install_dir / "venv" / "bin" / "python").absolute()
        command = [str(python), str(HERE / "quixstreams_sink_job.py")]
        run_program(command, task_environment(task), task.work_dir / "quixstreams.log")

    def hour_of(self, key: str) -> str | None:
        """Read the hour out of `2025/08/01/03/`."""
        found = _HOUR.search(key)
        return "{}-{}-{}T{}".format(*found.groups()) if found else None

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return every object: each is put whole."""
        del task
        return [key for key in keys if self.hour_of(key)]


PEER = Quixstreams()
