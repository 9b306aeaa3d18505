"""The log of the job's driver, the Python process that Flink starts: standard error, and a file of its own."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

LOG = logging.getLogger("hourglass")
LOG_FILE = "landing_job.log"


def log_beside_flink() -> None:
    """Log to standard error and to a file in Flink's log folder.

    The Java process forwards standard error to `flink.out`; the line after its end would be lost there.
    """
    forwarded = logging.StreamHandler(sys.stderr)
    forwarded.setFormatter(logging.Formatter("hourglass: %(message)s"))
    LOG.addHandler(forwarded)
    if folder := os.environ.get("FLINK_LOG_DIR"):
        written = logging.FileHandler(Path(folder) / LOG_FILE)
        written.setFormatter(logging.Formatter("%(asctime)s hourglass: %(message)s"))
        LOG.addHandler(written)
    LOG.setLevel(logging.INFO)


def exit_with(error: Exception) -> None:
    """Log why this process ends, as `JobProcess.driver_error` reads it, and end it."""
    LOG.error("%s: %s", type(error).__name__, error)
    sys.exit(2)
