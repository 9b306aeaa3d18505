"""The log of the job's driver: which job it submitted, and how that ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flink_jobs import errors
from flink_jobs.errors import LandingJobError
from flink_jobs.job_log import STOPPED, SUBMITTED

_LINE = re.compile(r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3}Z?) hourglass: (?P<message>.*)")
_ERROR = re.compile(r"(?P<kind>[A-Za-z]+Error): (?P<message>.*)")


@dataclass(frozen=True, slots=True)
class DriverLog:
    """The job of the newest driver of this machine."""

    job_id: str | None = None
    error: LandingJobError | None = None
    """With which the driver refused to start, or ended."""
    ended_at: datetime | None = None
    stopped: bool = False
    """Whether the job ended as it was asked to."""

    @classmethod
    def read(cls, file: Path) -> DriverLog:
        """Read the file; one that is not there is read as empty."""
        try:
            text = file.read_text(errors="replace")
        except FileNotFoundError:
            return cls()
        job_id: str | None = None
        for line in filter(None, map(_LINE.fullmatch, text.splitlines())):
            message, at = line["message"], datetime.fromisoformat(line["time"]).astimezone(UTC)
            if message.startswith(SUBMITTED):
                job_id = message.removeprefix(SUBMITTED)
            elif message == STOPPED:
                return cls(job_id, None, at, stopped=True)
            elif error := _ERROR.fullmatch(message):
                kind: type[LandingJobError] = getattr(errors, error["kind"], LandingJobError)
                return cls(job_id, kind(error["message"]), at)
        return cls(job_id)


def append_stop(file: Path, at: datetime) -> None:
    """Log in the name of a driver that was killed that its job has ended as it was asked to."""
    with file.open("a") as log:
        log.write(f"{at:%Y-%m-%dT%H:%M:%S.000Z} hourglass: {STOPPED}\n")
