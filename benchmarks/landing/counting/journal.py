"""The journal of measurements: one JSON line each, with time, commit and command; append only."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.settings import PROJECT


def commit() -> str:
    """Return the measured commit; with `-dirty` where files differ from it."""
    named = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return named.stdout.strip() or "unknown"


def circumstances(of_commit: str) -> dict[str, str]:
    """Return the time, the commit and the command of a measurement."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": of_commit,
        "command": f"python -m benchmarks.landing {shlex.join(sys.argv[1:])}",
    }


def append(file: Path, line: Mapping[str, Any]) -> None:
    """Append a line."""
    with file.open("a") as notes:
        notes.write(json.dumps(line) + "\n")


def newest_batch(file: Path) -> str:
    """Return the name of the batch that was measured last; empty where nothing was measured."""
    noted = _lines(file)
    return str(noted[-1]["batch"]) if noted else ""


def read_measurements(file: Path, batch: str) -> list[dict[str, Any]]:
    """Read the measurements of a batch, in the order of time."""
    return [measurement for measurement in _lines(file) if measurement["batch"] == batch]


def read_loads(file: Path) -> list[dict[str, Any]]:
    """Read the findings of loads and comparisons of ours, in the order of time."""
    return _lines(file)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
