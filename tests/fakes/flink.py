"""A broker, a bucket and a Flink for the commands of the landing job; their effects are one ordered list."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flink_jobs.errors import LandingJobError, ObjectGoneError, UnreachableError
from flink_jobs.flink.jars import LandingJars
from flink_jobs.flink.rest import CheckpointSummary, Job, JobState, Numbers, SavepointState
from flink_jobs.s3.objects import OpenUpload, StoredObject
from flink_jobs.settings import StartingOffsets

JOB_ID = "a" * 32
PID = 4711
EPOCH = datetime(2025, 8, 1, tzinfo=UTC)


def metadata(
    number: int = 1, positions: Mapping[int, int] | None = None, topic: str = "platform-events", topic_id: str = ""
) -> bytes:
    """Return what a start reads of a checkpoint's `_metadata`: its number, the next offsets, the id of the topic."""
    name = topic.encode()
    splits = (
        struct.pack(f">IH{len(name)}siqq", 22 + len(name), len(name), name, partition, offset, -(1 << 63))
        for partition, offset in ({0: 100} if positions is None else positions).items()
    )
    identity = f"hourglass-topic {topic} cluster {topic_id}".encode() if topic_id else b""
    return struct.pack(">IIq", 0x4960672D, 6, number) + b"".join(splits) + identity


METADATA = metadata()


@dataclass
class FakeTopics:
    """Topics with their numbers of partitions."""

    known: dict[str, int]

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return the partition counts of the topics that exist."""
        return {topic: self.known[topic] for topic in topics if topic in self.known}


@dataclass
class FakeObjects:
    """A bucket of keys, some with content; every read and listing raises `failure`.

    Args:
        seconds: the time of its server, in seconds after `EPOCH`; every write adds one.
        parts_of: bytes of each open upload, by its id.
        on_create: called before a creation is decided, to simulate another starter.
    """

    stored: list[StoredObject] = field(default_factory=list)
    failure: Exception | None = None
    bodies: dict[str, bytes] = field(default_factory=dict)
    open_uploads: list[OpenUpload] = field(default_factory=list)
    aborted: list[OpenUpload] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    parts_of: dict[str, bytes] = field(default_factory=dict)
    part_times: dict[str, datetime] = field(default_factory=dict)
    seconds: float = 0.0
    on_create: Callable[[str], None] = lambda _key: None

    def check(self) -> None:
        """Check that the bucket is reachable."""
        if self.failure:
            raise self.failure

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List keys."""
        self.check()
        return iter([stored for stored in self.stored if stored.key.startswith(prefix) and stored.key > after])

    def directories(self, prefix: str) -> list[str]:
        """List directories."""
        below = {stored.key[len(prefix) :].partition("/") for stored in self.stored if stored.key.startswith(prefix)}
        return sorted({f"{prefix}{name}/" for name, slash, _ in below if slash})

    def create(self, key: str, body: bytes) -> bool:
        """Write an object that must not exist yet."""
        self.on_create(key)
        if key in self.bodies:
            return False
        self.put(key, body)
        return True

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.check()
        self.seconds += 1
        self.stored = [stored for stored in self.stored if stored.key != key]
        self.stored.append(StoredObject(key, EPOCH + timedelta(seconds=self.seconds), len(body)))
        self.bodies[key] = body

    def read(self, key: str) -> bytes | None:
        """Read an object; one without configured content is a checkpoint that Flink can read."""
        self.check()
        known = key in {stored.key for stored in self.stored}
        return self.bodies.get(key, METADATA if known else None)

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object in one piece."""
        body = self.read(key)
        if body is None:
            raise ObjectGoneError(key)
        yield body

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.deleted.append(key)
        self.stored = [stored for stored in self.stored if stored.key != key]
        self.bodies.pop(key, None)

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """List open uploads."""
        return iter([upload for upload in self.open_uploads if upload.key.startswith(prefix)])

    def abort(self, upload: OpenUpload) -> None:
        """End an upload."""
        self.open_uploads = [one for one in self.open_uploads if one.upload_id != upload.upload_id]
        self.aborted.append(upload)

    def complete(self, upload: OpenUpload) -> None:
        """Turn an upload into an object: its body is that of the upload's id."""
        self.open_uploads = [one for one in self.open_uploads if one.upload_id != upload.upload_id]
        self.completed.append(upload.key)
        self.put(upload.key, self.parts_of.get(upload.upload_id, b""))

    def parts(self, upload: OpenUpload) -> list[StoredObject]:
        """Return one part, as old as its upload unless its id is in `part_times`."""
        time = self.part_times.get(upload.upload_id, upload.begun)
        return [StoredObject(upload.key, time, len(upload.upload_id))]


@dataclass
class FakeFlink:
    """Process and REST interface in one.

    Args:
        states: responses while the job starts, one per query, the last one repeated; None is no response,
        "dead" is a process that has ended.
        on_stop: called when a stop is requested.
    """

    states: list[JobState | str | None]
    effects: list[str]
    on_stop: Callable[[], None] = lambda: None
    savepoint_answers: list[tuple[SavepointState, str] | None] = field(default_factory=list)
    alive: bool = False
    refused: LandingJobError | None = None
    running_jars: LandingJars | None = None
    orphan_states: list[JobState] = field(default_factory=list)
    asked_for_numbers: int = 0
    lingers: bool = False
    """Whether the process outlives a cancelled job."""
    log: Path = Path("flink.log")

    def find(self) -> int | None:
        """Return the pid."""
        if self.alive and self.states[0] == "dead":
            self.alive = False
        return PID if self.alive else None

    def start(self, restore_path: str | None, starting_offsets: StartingOffsets) -> int:
        """Start."""
        self.effects.append(f"start {restore_path or starting_offsets}")
        self.alive = True
        return PID

    def jars(self) -> LandingJars | None:
        """Return its jars."""
        return self.running_jars

    def kill(self) -> None:
        """End."""
        self.effects.append("kill")
        self.alive = False

    def driver_error(self) -> LandingJobError | None:
        """Return the error of a refused start."""
        return self.refused

    def newest_causes(self) -> str:
        """Return the causes in its log."""
        return "Caused by: AccessDenied"

    def why_it_ended(self) -> str:
        """Return the reason."""
        return "Caused by: a reason"

    def find_job(self, name: str) -> Job | None:
        """Return the next state."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise UnreachableError("no Flink answers")
        return Job(JOB_ID, name, JobState(state), tasks_running=state is JobState.RUNNING)

    def job_state(self, job_id: str) -> JobState | None:
        """Return the next state of a job that it knows."""
        state = self.orphan_states.pop(0) if self.orphan_states else None
        return state if job_id == JOB_ID else None

    def cancel(self, job_id: str) -> None:
        """Cancel."""
        self.effects.append(f"cancel {job_id[:1]}")
        self.alive = self.alive and self.lingers

    def prolong(self, job_id: str, until_milliseconds: int) -> None:
        """Record the prolongation."""
        self.effects.append(f"prolong {job_id[:1]} until {until_milliseconds}")

    def client_check_seconds(self) -> float | None:
        """Return no interval."""
        return None

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Return a summary."""
        return CheckpointSummary(f"hourglass-state://hourglass/{job_id}/chk-7", 1_754_020_799_123, 7, 1)

    def numbers(self, job_id: str) -> Numbers | None:
        """Return the numbers, but None for the first call."""
        self.asked_for_numbers += 1
        return Numbers(lag=len(job_id), accepted=3, rejected=2) if self.asked_for_numbers > 1 else None

    def restarts(self, job_id: str) -> int:
        """Return the number of restarts."""
        return len(job_id) // 16

    def root_cause(self, job_id: str) -> str | None:
        """Return the failure."""
        return f"the cause of {job_id[:1]}"

    def stop(self, job_id: str, savepoint_directory: str) -> str:
        """Stop."""
        self.effects.append(f"stop into {savepoint_directory}")
        self.on_stop()
        return f"request of {job_id[:1]}"

    def savepoint(self, job_id: str, request_id: str) -> tuple[SavepointState, str]:
        """Return its status."""
        answer = self.savepoint_answers.pop(0) if self.savepoint_answers else None
        if answer is None:
            raise UnreachableError(f"no Flink answers for {job_id} {request_id}")
        return answer


@dataclass
class FakeSeconds:
    """A clock that only `sleep` moves."""

    now: float = 0.0

    def utc_now(self) -> datetime:
        """Return the seconds as a time after 1970."""
        return datetime.fromtimestamp(self.now, UTC)

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Add the seconds."""
        self.now += seconds
