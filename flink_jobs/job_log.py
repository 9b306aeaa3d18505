"""The log of the job's driver, the Python process that Flink starts: standard error, and a file of its own."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

LOG = logging.getLogger("hourglass")
LOG_FILE = "landing_job.log"
STOPPED = "the job has ended as it was asked to"
SUBMITTED = "submitted job "


def log_beside_flink() -> None:
    """Log to standard error and to a file in Flink's log folder.

    The Java process forwards standard error to `flink.out`; the line after its end would be lost there.
    """
    forwarded = logging.StreamHandler(sys.stderr)
    forwarded.setFormatter(logging.Formatter("hourglass: %(message)s"))
    LOG.addHandler(forwarded)
    if folder := os.environ.get("FLINK_LOG_DIR"):
        written = logging.FileHandler(Path(folder) / LOG_FILE)
        formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ hourglass: %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        written.setFormatter(formatter)
        LOG.addHandler(written)
    LOG.setLevel(logging.INFO)


def submitted(job_id: str) -> None:
    """Log the id of the job."""
    LOG.info("%s%s", SUBMITTED, job_id)


def stopped() -> None:
    """Log that the job has ended as it was asked to."""
    LOG.info(STOPPED)


def exit_with(error: Exception) -> None:
    """Log why this process ends, as `flink_jobs.deploy.driver_log` reads it, and end it."""
    LOG.error("%s: %s", type(error).__name__, error)
    sys.exit(2)
