"""A bucket that answers 403: nothing is promised, the status names the refusal, and later each record lands once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from flink_jobs import deploy
from flink_jobs.errors import SetupError
from tests.faults.landing_stack import LandingStack, Servers
from tests.faults.live_watch import LiveWatch
from tests.faults.recording_s3 import RecordingS3, Request, recording_s3
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import Position, objects, wait_for

OWNER = "111122223333"


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
        return deploy.status(self.stack.landing).failure or ""


@pytest.fixture(scope="module")
def run(all_servers: Servers) -> Iterator[Run]:
    with recording_s3(all_servers) as s3, LandingStack(all_servers, "refusals", s3_endpoint=s3.address) as stack:
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


@pytest.mark.parametrize("refuses", [checkpoints, new_objects, parts, completions])
def test_what_is_refused_is_told_and_not_promised_and_lands_once_when_it_is_allowed(
    run: Run, refuses: Callable[[Request], bool]
) -> None:
    """The job fails repeatedly; `job status` names the refusal.

    The first failure may interrupt the commits of the checkpoint before, and the restart then completes them. After
    the second failure the visible objects must not change.
    """
    stack, s3 = run.stack, run.s3
    restarts = deploy.status(stack.landing).restarts
    with LiveWatch(stack) as live, Traffic(stack) as traffic:
        stack.wait_for_checkpoints(stack.checkpoints_completed() + 2)
        s3.refuses = refuses
        wait_for(lambda: deploy.status(stack.landing).restarts > restarts + 1, seconds_max=60, what="two failures")
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
        with pytest.raises(SetupError, match=message):
            stack.start_job()
        assert not stack.job_lives()
        assert not (stack.landing.log_dir / "flink.out").exists()
        run.s3.refuses = lambda _request: False
        assert [] == list(objects(stack.settings, "refused-start/"))
