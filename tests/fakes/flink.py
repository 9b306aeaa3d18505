"""A broker, a bucket and a Flink for the commands of the landing job; what they did is one ordered list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flink_jobs.bucket import StoredObject
from flink_jobs.errors import UnreachableError
from flink_jobs.rest import CheckpointSummary, Job, JobState, Numbers, SavepointState
from flink_jobs.settings import StartingOffsets

JOB_ID = "a" * 32
PID = 4711


@dataclass
class FakeTopics:
    """Topics with their numbers of partitions."""

    known: dict[str, int]

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Count those that exist."""
        return {topic: self.known[topic] for topic in topics if topic in self.known}


@dataclass
class FakeObjects:
    """A bucket of keys; `failure` is raised by the first look at it."""

    stored: list[StoredObject] = field(default_factory=list)
    failure: Exception | None = None

    def check(self) -> None:
        """Find out whether it is there."""
        if self.failure:
            raise self.failure

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """List keys."""
        return (stored for stored in self.stored if stored.key.startswith(prefix))


@dataclass
class FakeFlink:
    """Process and REST interface in one.

    Args:
        states: what is answered while the job starts, one per question, the last for ever; None is no answer,
            "dead" is a process that has ended.
        on_stop: happens when a stop is asked for.
    """

    states: list[JobState | str | None]
    effects: list[str]
    on_stop: Callable[[], None] = lambda: None
    savepoint_answers: list[tuple[SavepointState, str] | None] = field(default_factory=list)
    alive: bool = False
    log: Path = Path("flink.log")

    def find(self) -> int | None:
        """Find the pid."""
        if self.alive and self.states[0] == "dead":
            self.alive = False
        return PID if self.alive else None

    def start(self, restore_path: str | None, starting_offsets: StartingOffsets) -> int:
        """Start."""
        self.effects.append(f"start {restore_path or starting_offsets}")
        self.alive = True
        return PID

    def kill(self) -> None:
        """End."""
        self.effects.append("kill")
        self.alive = False

    def why_it_ended(self) -> str:
        """Say why."""
        return "Caused by: a reason"

    def find_job(self, name: str) -> Job | None:
        """Answer the next state."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise UnreachableError("no Flink answers")
        return Job(JOB_ID, name, JobState(state), tasks_running=state is JobState.RUNNING)

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Tell of checkpoints."""
        return CheckpointSummary(f"s3://hourglass/{job_id}/chk-7", 1_754_020_799_123, 7, 1)

    def numbers(self, job_id: str) -> Numbers:
        """Count."""
        return Numbers(lag=len(job_id), accepted=3, rejected=2, repeated=1)

    def restarts(self, job_id: str) -> int:
        """Count restarts."""
        return len(job_id) // 16

    def root_cause(self, job_id: str) -> str | None:
        """Give the failure."""
        return f"the cause of {job_id[:1]}"

    def stop(self, job_id: str, savepoint_directory: str) -> str:
        """Stop."""
        self.effects.append(f"stop into {savepoint_directory}")
        self.on_stop()
        return f"request of {job_id[:1]}"

    def savepoint(self, job_id: str, request_id: str) -> tuple[SavepointState, str]:
        """Answer how far it is."""
        answer = self.savepoint_answers.pop(0) if self.savepoint_answers else None
        if answer is None:
            raise UnreachableError(f"no Flink answers for {job_id} {request_id}")
        return answer


@dataclass
class FakeSeconds:
    """A clock that moves only when somebody sleeps."""

    now: float = 0.0

    def monotonic(self) -> float:
        """Tell."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move."""
        self.now += seconds
