"""Start, stop, restart and ask the landing job of one machine.

The job continues from the newest checkpoint or savepoint of its bucket, always: Flink gives each start a new id and
would else begin at the consumer group's offsets, which lag behind what has landed and lose what is pending.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flink_jobs.contracts.clock import SystemClock
from flink_jobs.contracts.ledger import TopicPartition
from flink_jobs.deploy.advice import explained, with_repair
from flink_jobs.deploy.clients import Clients
from flink_jobs.deploy.process import JobProcess
from flink_jobs.deploy.waiting import (
    Report,
    savepoints,
    wait_for_end,
    wait_for_savepoint,
    wait_until_cancelled,
    wait_until_running,
)
from flink_jobs.errors import (
    AlreadyRunsError,
    LandingJobError,
    NoSavepointError,
    NotRunningError,
    SetupError,
    UnreachableError,
)
from flink_jobs.flink.jars import jar_version
from flink_jobs.flink.rest import Job, JobState, Numbers
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder
from flink_jobs.lease.session_job import end_orphan
from flink_jobs.restore.after_ledger import LedgerRecovery
from flink_jobs.restore.choose import choose_point
from flink_jobs.restore.metadata import s3_url
from flink_jobs.restore.topics import Topics, require_landed_topics
from flink_jobs.settings import FlinkTarget, LandingSettings, StartingOffsets
from producers.kafka import OffsetRange

NUMBERS_TRIES = 5
NUMBERS_SECONDS = 0.2

WITHOUT_SAVEPOINT = "--without-savepoint"
_NO_JOB = "there is no landing job to stop: `hourglass job status` prints how the last one ended"
_ADVICE = (
    f"Nothing has changed. Try again when it runs, or end it with `hourglass job stop {WITHOUT_SAVEPOINT}` (`restart` "
    "has the option, too): the next start continues from its newest checkpoint; nothing is lost and nothing lands twice"
)


@dataclass(frozen=True, slots=True)
class JobHandle:
    """A job that runs."""

    job_id: str
    pid: int
    rest: str
    log: Path
    restored_from: str | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The job as Flink's REST interface sees it; `state` is Flink's word, RUNNING when every task reads."""

    state: str
    job_id: str
    pid: int | None
    checkpoint_path: str | None
    checkpoint_at: datetime | None
    checkpoints_completed: int
    checkpoints_failed: int
    checkpoint_milliseconds: int | None
    """How long the newest checkpoint took."""
    checkpoint_bytes: int | None
    restarts: int
    failure: str | None
    """The newest failure since the job was started, after which it restarted by itself, with the repair; None without.
    """
    lag: int
    """Records that Kafka has and the job has not read."""
    accepted: int
    rejected: int
    """Counted since the job last began to run."""
    jar: str | None
    """Version and digest of the landing jars; None for a job that another machine has started."""


def _say_nothing(_line: str) -> None:
    pass


def start(
    settings: LandingSettings,
    *,
    offsets: StartingOffsets = StartingOffsets.EARLIEST,
    savepoint: str | None = None,
    report: Report = _say_nothing,
    clients: Clients | None = None,
) -> JobHandle:
    """Start the job where it left off and wait until it reads.

    1. A job that lives already, a broker or a bucket that is away, a topic with too few partitions: refused.
    2. The stream's lease must be free; a job of another machine is watched until it is silent for long enough.
    3. Each topic must be the one that has landed, by its cluster id and topic id, and as long as what has landed. The
       restore point is chosen: at least as new as the ledger, else the start is refused with the offsets. Without
       one the job only starts when nothing has landed yet.
    4. The configuration is written and the process started; it takes the lease for itself.
    5. Wait until every task runs; a process that does not come up is ended again.

    Args:
        settings: of the job.
        offsets: where to begin without a restore point. `LEDGER` and `GROUP` pass over the restore points that there
            are: after the ledger's last entry of each partition, which loses and doubles nothing (see
            `LedgerRecovery`), or at the consumer group's offsets, which may lose or double records; the ledger shows
            which. `NEW_TOPIC` is `LEDGER`, and accepts topics that were created again; refused where none was.
        savepoint: continue from this `s3://` path; refused when there is a newer restore point in the bucket.
        report: gets a line now and then while it waits.
        clients: set by tests; by default those of the settings.
    """
    clients = clients or Clients.of(settings)
    _require_no_job(settings, clients, report)
    _check_topics(settings, clients)
    clients.bucket.check()
    if settings.flink_target is FlinkTarget.SESSION:
        clients.rest.find_job(settings.job_name)
    with _stream_held(settings, clients, report):
        restore_path = _restore_path(settings, clients, offsets, savepoint, report)
    report(f"starting from {restore_path or f'the {offsets} offsets'}")
    pid = clients.process.start(restore_path, offsets)
    try:
        job_id = wait_until_running(settings, clients, report)
    except BaseException:
        clients.process.kill()
        raise
    return JobHandle(job_id, pid, settings.flink_rest, clients.process.log, restore_path)


def _require_no_job(settings: LandingSettings, clients: Clients, report: Report) -> None:
    """Refuse a second job; the process of a job that has ended is awaited."""
    pid = clients.process.find()
    if pid is None:
        return
    job = _job_if_reachable(settings, clients)
    if _is_over(job, clients):
        report("the former job has ended, and its process is about to")
        wait_for_end(settings, clients)
        return
    if job and job.state in {JobState.RESTARTING, JobState.FAILING}:
        raise AlreadyRunsError(
            f"the landing job lives with pid {pid} and is {job.state}: `hourglass job status` prints why; "
            f"`hourglass job restart {WITHOUT_SAVEPOINT}` ends it and starts it again"
        )
    raise AlreadyRunsError(f"the landing job already runs with pid {pid}: stop or restart it")


def _restore_path(
    settings: LandingSettings, clients: Clients, offsets: StartingOffsets, savepoint: str | None, report: Report
) -> str | None:
    """Check that the job can continue, and return its restore point; None for one that begins at offsets."""
    topics = Topics.of(settings, clients.broker_reader)
    if offsets in {StartingOffsets.LEDGER, StartingOffsets.NEW_TOPIC}:
        recovery = LedgerRecovery(settings, clients.bucket, clients.broker_reader, report)
        recovery.next_offsets(topics, new_topic=offsets is StartingOffsets.NEW_TOPIC)
        return None
    if offsets is StartingOffsets.GROUP:
        require_landed_topics(settings, clients.bucket, topics)
        return None
    point = choose_point(settings, clients.bucket, topics, savepoint)
    return settings.url(point.key) if point else None


def stop(settings: LandingSettings, *, clients: Clients | None = None) -> str:
    """Stop the job with a savepoint, wait until its process has ended, and return the savepoint's path.

    Everything that was read before is visible afterwards, and the next start continues behind it.

    Raises:
        NoSavepointError: the job does not run now, or the savepoint failed; nothing has changed.
    """
    clients = clients or Clients.of(settings)
    job = _job_to_stop(settings, clients)
    if not _can_make_savepoint(job):
        state = JobState.INITIALIZING if job.state is JobState.RUNNING else job.state
        failure = _failure(settings, clients, job.job_id) or "none reported yet"
        raise NoSavepointError(f"the landing job is {state} and can make no savepoint\n{_ADVICE}\nFailure: {failure}")
    before = savepoints(settings, clients)
    request_id = clients.rest.stop(job.job_id, settings.savepoint_url)
    try:
        path = wait_for_savepoint(settings, clients, job.job_id, request_id, before)
    except NoSavepointError as error:
        raise NoSavepointError(f"{with_repair(settings, str(error))}\n{_ADVICE}") from error
    wait_for_end(settings, clients)
    return path


def cancel(settings: LandingSettings, *, clients: Clients | None = None) -> str | None:
    """End the job without a savepoint, whatever its state, and wait until its process has ended.

    Nothing is lost and nothing lands twice: the next start continues from the newest checkpoint, as after a kill.

    Returns:
        The restore point that a start would choose; None without one, or where it cannot be chosen now.
    """
    clients = clients or Clients.of(settings)
    local = settings.flink_target is FlinkTarget.LOCAL and clients.process.find() is not None
    job = _job_if_reachable(settings, clients) if local else clients.rest.find_job(settings.job_name)
    if job and not job.state.is_over:
        clients.rest.cancel(job.job_id)
        wait_until_cancelled(settings, clients, job.job_id)
    elif clients.process.find() is None:
        raise NotRunningError(_NO_JOB)
    elif _is_over(job, clients):
        wait_for_end(settings, clients)
    else:
        clients.process.kill()
    return _next_point(settings, clients)


def _next_point(settings: LandingSettings, clients: Clients) -> str | None:
    try:
        point = choose_point(settings, clients.bucket, Topics.of(settings, clients.broker_reader))
    except LandingJobError:
        return None
    return settings.url(point.key) if point else None


def _job_to_stop(settings: LandingSettings, clients: Clients) -> Job:
    try:
        job = clients.rest.find_job(settings.job_name)
    except UnreachableError as error:
        if clients.process.find() is None:
            raise
        raise NoSavepointError(f"{error}; its process lives\n{_ADVICE}") from error
    if job is None or job.state.is_over:
        raise NotRunningError(_NO_JOB)
    return job


def _job_if_reachable(settings: LandingSettings, clients: Clients) -> Job | None:
    try:
        return clients.rest.find_job(settings.job_name)
    except UnreachableError:
        return None


def _is_over(job: Job | None, clients: Clients) -> bool:
    """Return whether the job of a process that still lives has ended; its driver releases the lease and ends then."""
    return bool((job and job.state.is_over) or clients.process.driver_error())


def _can_make_savepoint(job: Job) -> bool:
    return job.state is JobState.RUNNING and job.tasks_running


def restart(
    settings: LandingSettings,
    *,
    without_savepoint: bool = False,
    report: Report = _say_nothing,
    clients: Clients | None = None,
) -> JobHandle:
    """Stop with a savepoint and start again from it; another topic, or another cluster, is refused before the stop.

    Without a savepoint the job is cancelled, and starts again from its newest checkpoint.
    """
    clients = clients or Clients.of(settings)
    no_ranges: dict[TopicPartition, OffsetRange] = {}  # the running job lands beyond any that were read before
    identities = clients.broker_reader.identities(settings.topics)
    require_landed_topics(settings, clients.bucket, Topics(identities, no_ranges))
    if without_savepoint:
        cancel(settings, clients=clients)
        report("stopped without a savepoint")
        return start(settings, report=report, clients=clients)
    savepoint = stop(settings, clients=clients)
    report(f"stopped with {savepoint}")
    return start(settings, savepoint=savepoint, report=report, clients=clients)


def status(settings: LandingSettings, *, clients: Clients | None = None) -> JobStatus:
    """Ask for the job's state, its newest checkpoint and its restarts."""
    clients = clients or Clients.of(settings)
    job = clients.rest.find_job(settings.job_name)
    if job is None:
        raise NotRunningError(f"Flink at {settings.flink_rest} runs no job {settings.job_name}")
    checkpoints = clients.rest.checkpoints(job.job_id)
    milliseconds = checkpoints.newest_milliseconds
    numbers = _numbers(clients, job.job_id)
    return JobStatus(
        state=str(job.state if job.tasks_running or job.state is not JobState.RUNNING else JobState.INITIALIZING),
        job_id=job.job_id,
        pid=clients.process.find(),
        checkpoint_path=s3_url(checkpoints.newest_path) if checkpoints.newest_path else None,
        checkpoint_at=datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None,
        checkpoints_completed=checkpoints.completed,
        checkpoints_failed=checkpoints.failed,
        checkpoint_milliseconds=checkpoints.newest_duration_milliseconds,
        checkpoint_bytes=checkpoints.newest_bytes,
        restarts=clients.rest.restarts(job.job_id),
        failure=_failure(settings, clients, job.job_id),
        lag=numbers.lag,
        accepted=numbers.accepted,
        rejected=numbers.rejected,
        jar=str(jar_version(jars)) if (jars := clients.process.jars()) and clients.process.find() else None,
    )


def _failure(settings: LandingSettings, clients: Clients, job_id: str) -> str | None:
    """Return the newest failure with the repair; the cause comes from the log where Flink writes it there alone."""
    failure = clients.rest.root_cause(job_id)
    return None if failure is None else explained(settings, failure, clients.process.newest_causes)


def _numbers(clients: Clients, job_id: str) -> Numbers:
    """Poll until the tasks report their counters; a task that does not run reports none."""
    for _ in range(NUMBERS_TRIES):
        if numbers := clients.rest.numbers(job_id):
            return numbers
        clients.clock.sleep(NUMBERS_SECONDS)
    return Numbers(lag=0, accepted=0, rejected=0)


def process_id(settings: LandingSettings) -> int | None:
    """Find the job's process, which is also the leader of its process group."""
    return JobProcess(settings, SystemClock()).find()


@contextmanager
def _stream_held(settings: LandingSettings, clients: Clients, report: Report) -> Iterator[None]:
    """Hold the stream for a moment: a clear refusal before anything starts, and a former job writes nothing more.

    The job's own process takes the stream again when it starts; who comes between is found then.
    """
    leases = Leases(settings, clients.bucket, clients.clock, partial(end_orphan, clients.rest, report))
    lease = leases.take(Holder.this_process(), report)
    try:
        yield
    finally:
        leases.release(lease)


def _check_topics(settings: LandingSettings, clients: Clients) -> None:
    partitions = clients.broker.partitions(settings.topics)
    missing = [topic for topic in settings.topics if topic not in partitions]
    if missing:
        raise SetupError(f"the broker has no topic {', '.join(missing)}: create it, or set HOURGLASS_TOPIC")
    total = sum(partitions.values())
    if settings.parallelism > total:
        raise SetupError(
            f"HOURGLASS_PARALLELISM is {settings.parallelism}, but {settings.topic} has {total} partitions: "
            "a subtask without a partition never reads; lower it"
        )
