"""A bucket that answers 403: nothing is promised, the status names the refusal, and later each record lands once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from flink_jobs import deploy
from flink_jobs.deploy.ending import ended_with
from flink_jobs.errors import JobFailedError, LandingJobError, NoSavepointError
from tests.faults.broken_job import Patch, broken_project
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.live_watch import LiveWatch
from tests.faults.recording_s3 import RecordingS3, Request, recording_s3
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once, findings
from tests.integration.truth import Position, objects, read_landed, topic_positions, wait_for
from tests.stacks.seam import Servers

OWNER = "111122223333"
FAILS_SOON = (
    Patch("flink_jobs/flink/config.py", "FAILURES_MAX = 30", "FAILURES_MAX = 1"),
    Patch("flink_jobs/flink/config.py", 'RESTART_DELAY = "10 s"', 'RESTART_DELAY = "1 s"'),
)
"""A job that ends after its second failure and not after five minutes."""


@dataclass
class Run:
    """A job whose bucket is behind a proxy, and the records that were sent to it."""

    stack: LandingStack
    s3: RecordingS3
    sent: set[Position]

    def visible(self) -> set[str]:
        """Return every visible object: data, rejects, ledger."""
        return {key for key, _ in objects(self.stack.settings, f"{self.stack.settings.stream}/")}

    def failure(self) -> str:
        """Return the newest failure, as `hourglass job status` prints it."""
        return self.stack.status().failure or ""


@pytest.fixture(scope="module")
def run(all_servers: Servers) -> Iterator[Run]:
    with (
        recording_s3(all_servers.settings, host=all_servers.listening_host) as s3,
        LandingStack(all_servers, "refusals", s3_endpoint=s3.address) as stack,
    ):
        stack.start_job()
        yield Run(stack, s3, set())
        s3.refuses = lambda _request: False
        stack.stop_job()


def of_the_job(request: Request) -> bool:
    """Return whether the request is Flink's, not that of the Python process that renews the lease."""
    return "python" not in request.headers.get("user-agent", "").lower()


def checkpoints(request: Request) -> bool:
    return request.method in {"PUT", "POST"} and request.key.startswith("flink/refusals/checkpoints/")


def new_objects(request: Request) -> bool:
    return request.operation == "CreateMultipartUpload" and request.key.startswith("refusals/landing/")


def parts(request: Request) -> bool:
    return request.operation == "UploadPart" and request.key.startswith("refusals/landing/")


def completions(request: Request) -> bool:
    return request.operation == "CompleteMultipartUpload" and request.key.startswith("refusals/landing/")


@pytest.mark.either_stack
@pytest.mark.parametrize(
    "refuses",
    [
        checkpoints,
        new_objects,
        pytest.param(parts, marks=pytest.mark.long),
        pytest.param(completions, marks=pytest.mark.long),
    ],
)
def test_what_is_refused_is_told_and_not_promised_and_lands_once_when_it_is_allowed(
    run: Run, refuses: Callable[[Request], bool]
) -> None:
    """The job fails repeatedly; `job status` names the refusal.

    The first failure may interrupt the commits of the checkpoint before, and the restart then completes them. After
    the second failure the visible objects must not change.
    """
    stack, s3 = run.stack, run.s3
    restarts = stack.status().restarts
    with LiveWatch(stack) as live, Traffic(stack) as traffic:
        stack.wait_for_checkpoints(stack.checkpoints_completed() + 2)
        s3.refuses = refuses
        wait_for(lambda: stack.status().restarts > restarts + 1, seconds_max=120, what="two failures")
        before = run.visible()
        failure = run.failure()
        s3.refused.clear()
        wait_for(lambda: bool(s3.refused), seconds_max=60, what="another attempt", poll_seconds=0.1)
        after = run.visible()
        s3.refuses = lambda _request: False
    run.sent |= traffic.sent
    assert_exactly_once(stack, run.sent, live)
    assert before == after
    assert "the bucket refuses the job's keys: allow them" in failure, failure


@pytest.mark.either_stack
@pytest.mark.parametrize(
    ("refuses", "message", "owner"),
    [
        (lambda request: "x-amz-expected-bucket-owner" in request.headers, rf"not belong to account {OWNER}", OWNER),
        (
            lambda request: request.method == "PUT" and "refused-start" in request.key,
            r"refuses PutObject .*HOURGLASS_S3_ACCESS_KEY_ID",
            None,
        ),
        (lambda request: "refused-start" in request.query.get("prefix", [""])[0], r"refuses ListObjectsV2", None),
    ],
    ids=["another-owner", "read-only", "no-listing"],
)
def test_a_start_is_refused_before_anything_runs(
    run: Run, refuses: Callable[[Request], bool], message: str, owner: str | None
) -> None:
    """The start refuses a bucket that belongs to another account, and keys that may not write or list."""
    with LandingStack(run.stack.servers, "refused-start", s3_endpoint=run.s3.address, bucket_owner=owner) as stack:
        run.s3.refuses = refuses
        with pytest.raises(LandingJobError, match=message):
            stack.start_job()
        assert not stack.job_lives()
        assert not (stack.landing.log_dir / "flink.out").exists()
        run.s3.refuses = lambda _request: False
        assert [] == list(objects(stack.settings, "refused-start/"))


def test_a_failing_job_is_stopped_when_asked_and_its_last_failure_is_kept_after_its_end(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop with savepoint is refused and changes nothing; a restart without one works; a start after the end, too."""
    stack, s3 = run.stack, run.s3
    s3.refuses = parts
    run.sent |= stack.produce([Raw(event(number), partition=number % 4) for number in range(100)])
    wait_for(lambda: stack.status().state == "RESTARTING", seconds_max=60, what="a failure")
    with pytest.raises(NoSavepointError, match=r"(?s)RESTARTING .*--without-savepoint"):
        stack.stop_job()
    pid = deploy.process_id(stack.landing)
    assert pid

    broken = broken_project(tmp_path, FAILS_SOON)
    with monkeypatch.context() as patched:
        patched.setattr("flink_jobs.deploy.process.PROJECT", broken)
        package = SimpleNamespace(__file__=str(broken / "flink_jobs" / "__init__.py"))
        patched.setattr("flink_jobs.deploy.process.flink_jobs", package)
        assert pid != deploy.restart(stack.landing, without_savepoint=True, report=print).pid
    stack.wait_until_job_ends()
    ending = ended_with(stack.landing)
    assert ending
    assert isinstance(ending.error, JobFailedError)
    assert "answered 403 AccessDenied" in str(ending.error)
    assert "allow them s3:GetObject" in str(ending.error)
    assert 1 == ending.restarts
    assert ending.at

    s3.refuses = lambda _request: False
    stack.start_job()
    stack.wait_until_landed(run.sent)
    assert ended_with(stack.landing) is None
    landed = read_landed(stack.settings)
    assert set() == landed.doubled
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert [] == findings(stack)
