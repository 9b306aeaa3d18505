"""Make the job's JVM die at a named place, by a Java agent of the tests; the product has no code for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from infra.local import runtime

MODULE = Path(__file__).with_name("java")
AGENT = MODULE / "target" / "hourglass-crash-points.jar"


class CrashPoint(StrEnum):
    """The places, in the order in which a checkpoint passes them; `CrashPoint.java` defines each of them."""

    BEFORE_BARRIER_FLUSH = "before-barrier-flush"
    AFTER_CHECKPOINT_BEFORE_COMMIT = "after-checkpoint-before-commit"
    INSIDE_COMMIT = "inside-commit"
    BETWEEN_COMMITS = "between-commits"
    AFTER_COMMIT_BEFORE_NOTIFY_END = "after-commit-before-notify-end"
    DURING_RESTORE_RECOMMIT = "during-restore-recommit"


ON_JOB_MANAGER_BEFORE_COMMIT = "on-job-manager-before-commit"
"""A point for clusters only: the JobManager sees no records, and learns from a file that there were some."""


@dataclass(frozen=True, slots=True)
class Crashes:
    """Arm crash points of the jobs that were started with `environment`, through files of one folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for the start of a job."""
        arguments = f"-javaagent:{AGENT}"  # Flink's scripts give them to the job's JVM, and not to their own
        return {"JVM_ARGS": arguments, "HOURGLASS_CRASH_FOLDER": str(self.folder)}

    def arm(self, point: str, times: int = 1) -> None:
        """Let the job die when it reaches this point for the n-th time since its start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for former in ("reached", "with-records"):
            (self.folder / former).unlink(missing_ok=True)
        written = self.folder / "armed.new"
        written.write_text(f"{point}:{times}")
        written.rename(self.folder / "armed")

    @property
    def reached(self) -> str | None:
        """The text that the job wrote when it died, `point:n`; None when no crash point ended it."""
        marker = self.folder / "reached"
        return marker.read_text() if marker.exists() else None


def build_agent() -> None:
    """Build the agent that `Crashes.environment` names."""
    runtime.build_agent(MODULE, AGENT)
