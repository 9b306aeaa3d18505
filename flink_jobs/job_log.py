"""What the job's own process says: to Flink, which keeps it in `flink.out`, and to a file of its own."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

LOG = logging.getLogger("hourglass")
LOG_FILE = "landing_job.log"


def log_beside_flink() -> None:
    """Write what this process says to a file, too: Flink reads its standard error, but not while it is paused."""
    said = logging.StreamHandler(sys.stderr)
    said.setFormatter(logging.Formatter("hourglass: %(message)s"))
    LOG.addHandler(said)
    if folder := os.environ.get("FLINK_LOG_DIR"):
        written = logging.FileHandler(Path(folder) / LOG_FILE)
        written.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        LOG.addHandler(written)
    LOG.setLevel(logging.INFO)


def exit_with(error: Exception) -> None:
    """Say why this process ends, as `JobProcess.refusal` reads it, and end it."""
    LOG.error("%s: %s", type(error).__name__, error)
    sys.exit(2)
