"""Wait for the landing job: until it reads, until its savepoint is made, until its process has ended."""

from __future__ import annotations

from collections.abc import Callable

from flink_jobs.deploy.clients import Clients
from flink_jobs.errors import JobFailedError, LandingJobError, NoSavepointError, UnreachableError
from flink_jobs.flink.rest import Job, JobState, SavepointState
from flink_jobs.restore.metadata import s3_url
from flink_jobs.restore.points import complete_points
from flink_jobs.settings import LandingSettings

Report = Callable[[str], None]
POLL_SECONDS = 0.2
REPORT_SECONDS = 5.0


def wait_until_running(settings: LandingSettings, clients: Clients, report: Report) -> str:
    """Wait until every task of the job runs, and return the job's id.

    Raises:
        JobFailedError: the process ended, or the job does not run within the settings' limit.
        LandingJobError: of another kind, when the job's own process refused to start.
    """
    started = reported = clients.clock.monotonic()
    while (now := clients.clock.monotonic()) - started < settings.start_limit_seconds:
        if clients.process.find() is None:
            raise clients.process.driver_error() or JobFailedError(
                f"Flink ended while it started.\n{clients.process.why_it_ended()}\n(log: {clients.process.log})"
            )
        job = _job_if_known(settings, clients)
        if job and job.state is JobState.RUNNING and job.tasks_running:
            report(f"the landing job reads after {now - started:.0f} s")
            return job.job_id
        if now - reported >= REPORT_SECONDS:
            reported = now
            report(f"waiting for the landing job, {job.state if job else 'Flink starts'}, {now - started:.0f} s")
        clients.clock.sleep(POLL_SECONDS)
    raise JobFailedError(
        f"the landing job does not run after {settings.start_limit_seconds:.0f} s.\n{_root_cause(settings, clients)}\n"
        f"(log: {clients.process.log})"
    )


def wait_for_checkpoint(settings: LandingSettings, clients: Clients, job_id: str, report: Report) -> None:
    """Wait until a job has completed a checkpoint, which shows that it reads and writes.

    Raises:
        JobFailedError: the process ended, or there is no checkpoint within the settings' limit.
    """
    started = reported = clients.clock.monotonic()
    while (now := clients.clock.monotonic()) - started < settings.start_limit_seconds:
        if clients.process.find() is None:
            raise JobFailedError(f"Flink ended before its first checkpoint.\n{clients.process.why_it_ended()}")
        try:
            if clients.rest.checkpoints(job_id).completed:
                return
        except UnreachableError:
            report("Flink does not answer")
        if now - reported >= REPORT_SECONDS:
            reported = now
            report(f"waiting for the first checkpoint, {now - started:.0f} s")
        clients.clock.sleep(POLL_SECONDS)
    raise JobFailedError(
        f"no checkpoint within {settings.start_limit_seconds:.0f} s.\n{_root_cause(settings, clients)}\n"
        f"(log: {clients.process.log})"
    )


def _job_if_known(settings: LandingSettings, clients: Clients) -> Job | None:
    """Find the job, or None while the REST interface does not answer yet."""
    try:
        return clients.rest.find_job(settings.job_name)
    except LandingJobError:
        return None


def _root_cause(settings: LandingSettings, clients: Clients) -> str:
    try:
        job = clients.rest.find_job(settings.job_name)
        cause = clients.rest.root_cause(job.job_id) if job else None
    except LandingJobError:
        cause = None
    return cause or clients.process.why_it_ended()


def savepoints(settings: LandingSettings, clients: Clients) -> set[str]:
    """List the complete savepoints of the stream as `s3://` paths."""
    found = complete_points(clients.bucket.objects(settings.savepoint_prefix))
    return {settings.url(stored.key.removesuffix("/_metadata")) for stored in found}


def wait_for_savepoint(
    settings: LandingSettings, clients: Clients, job_id: str, request_id: str, before: set[str]
) -> str:
    """Wait until the requested savepoint is complete, and return its path.

    A local Flink may end before it answers; then the savepoint is one in the bucket that is not in `before`.

    Raises:
        JobFailedError: the savepoint failed, the process ended without one, or it takes longer than the limit.
    """
    started = clients.clock.monotonic()
    while clients.clock.monotonic() - started < settings.stop_limit_seconds:
        ended = clients.process.find() is None
        try:
            state, text = clients.rest.savepoint(job_id, request_id)
        except (UnreachableError, JobFailedError) as exc:
            if made := savepoints(settings, clients) - before:
                return made.pop()
            if ended:
                raise JobFailedError(
                    f"Flink ended without a savepoint; the next start uses the newest checkpoint.\n"
                    f"{clients.process.why_it_ended()}"
                ) from exc
        else:
            if state is SavepointState.COMPLETED:
                return s3_url(text)
            if state is SavepointState.FAILED:
                raise NoSavepointError(f"the savepoint failed, the job runs on: {text}")
        clients.clock.sleep(POLL_SECONDS)
    raise JobFailedError(f"no savepoint within {settings.stop_limit_seconds:.0f} s (log: {clients.process.log})")


def wait_until_cancelled(settings: LandingSettings, clients: Clients, job_id: str) -> None:
    """Wait until the process of a cancelled job has ended; without one on this machine, until Flink reports the end.

    Raises:
        JobFailedError: Flink does not report it within the limit.
    """
    if clients.process.find() is not None:
        wait_for_end(settings, clients)
        return
    started = clients.clock.monotonic()
    while clients.clock.monotonic() - started < settings.stop_limit_seconds:
        state = clients.rest.job_state(job_id)
        if state is None or state.is_over:
            return
        clients.clock.sleep(POLL_SECONDS)
    raise JobFailedError(f"the job is not cancelled after {settings.stop_limit_seconds:.0f} s")


def wait_for_end(settings: LandingSettings, clients: Clients) -> None:
    """Wait until the process of a job that is over has ended; kill it at the limit."""
    started = clients.clock.monotonic()
    while clients.process.find() is not None:
        if clients.clock.monotonic() - started > settings.stop_limit_seconds:
            clients.process.kill()
            return
        clients.clock.sleep(POLL_SECONDS)
