"""One job for a path: real processes of a second, a killed and a paused job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import LeaseHeldError
from flink_jobs.job_log import LOG_FILE
from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import OpenUpload
from flink_jobs.settings import Codec
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.integration.truth import Position, objects, read_landed, topic_positions, wait_for
from tests.stacks.seam import Server, Servers

LEASE_SECONDS = 5.0
PAYLOAD_CHARACTERS = 60_000
Twins = Callable[..., tuple[LandingStack, LandingStack]]


@pytest.fixture
def twins(servers: Servers) -> Iterator[Twins]:
    """Make two jobs of one stream, each with its own data folder, as on two machines."""
    with ExitStack() as stacks:

        def make(stream: str, **changes: Any) -> tuple[LandingStack, LandingStack]:
            def one(name: str) -> LandingStack:
                folder = servers.settings.data_dir / f"{stream}-{name}"
                stack = LandingStack(servers, stream, data_dir=folder, lease_seconds=LEASE_SECONDS, **changes)
                return stacks.enter_context(stack)

            return one("first"), one("second")

        yield make


def records(first: int, count: int, **fields: Any) -> list[Raw]:
    """Make events over all partitions."""
    return [Raw(event(number, **fields), partition=number % 4) for number in range(first, first + count)]


def open_uploads(stack: LandingStack) -> list[OpenUpload]:
    """Return the open uploads of a stream, without those of checkpoints."""
    bucket = Bucket.of(stack.landing)
    return [upload for upload in stream_uploads(stack.landing, bucket) if not upload.key.startswith("flink/")]


def produce_until_uploading(stack: LandingStack) -> set[Position]:
    """Send large records until uploads are open that no checkpoint holds yet.

    The job buffers lines in memory until they fill a part of an upload.
    """
    prefix = stack.landing.layout.prefix(Kind.LANDING)
    numbers = count(1000, 150)
    sent: set[Position] = set()

    def uploading() -> bool:
        sent.update(stack.produce(records(next(numbers), 150, payload={"text": "x" * PAYLOAD_CHARACTERS})))
        return any(upload.key.startswith(prefix) for upload in open_uploads(stack))

    wait_for(uploading, seconds_max=120, what="an open upload", poll_seconds=0.02)
    return sent


def lease_of(stack: LandingStack) -> bytes:
    """Read the one lease of a stream."""
    [(_, body)] = objects(stack.settings, stack.landing.lease_prefix)
    return body


def log_of(stack: LandingStack) -> str:
    """Read the log of the job's driver."""
    return (stack.landing.log_dir / LOG_FILE).read_text()


def status_of(stack: LandingStack) -> str:
    """Run `hourglass job status` for a job that has ended, and return its output."""
    environment = stack.settings.environment() | stack.landing.job_environment() | {"HOURGLASS_TARGET": "remote"}
    hourglass = str(Path(sys.executable).with_name("hourglass"))
    done = subprocess.run(
        [hourglass, "job", "status"], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert 1 == done.returncode, done.stdout
    return " ".join((done.stdout + done.stderr).split())


def visible(stack: LandingStack) -> set[str]:
    """Return the keys of all visible objects of the stream: lines, rejected lines, ledger."""
    kinds = (Kind.LANDING, Kind.REJECTED, Kind.LEDGER)
    return {key for kind in kinds for key, _ in objects(stack.settings, stack.landing.layout.prefix(kind))}


def assert_each_once(stack: LandingStack) -> None:
    """Every record of the topic is in exactly one finished object."""
    landed = read_landed(stack.settings)
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert set() == landed.doubled


def test_a_second_job_on_one_path_refuses_and_nothing_is_doubled(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the holder of the stream; the start is refused before Flink starts, and the first job continues.

    `flink run` and Kubernetes start the job's process without our commands; that process refuses, too.
    """
    first, second = twins("second-refuses")
    sent = first.produce(records(0, 200))
    handle = first.start_job()
    wait_for(lambda: handle.job_id.encode() in lease_of(first), seconds_max=60, what="the lease to name its job")
    with pytest.raises(LeaseHeldError, match=handle.job_id):
        second.start_job()
    assert not (second.landing.log_dir / "flink.out").exists()
    sent |= first.produce(records(200, 200))
    first.wait_until_landed(sent)
    monkeypatch.setattr("flink_jobs.deploy.commands._stream_held", lambda *_: ExitStack())
    with pytest.raises(LeaseHeldError, match="holds the stream"):
        second.start_job()
    assert (second.landing.log_dir / "flink.out").exists()
    sent |= first.produce(records(400, 200))
    first.wait_until_landed(sent)
    first.stop_job()
    assert_each_once(first)


def test_after_a_kill_the_next_start_waits_for_nobody_and_ends_what_was_left(twins: Twins) -> None:
    """The holder is known to be dead; the uploads that no checkpoint holds are aborted before the new job reads."""
    first, second = twins("kill-and-start", checkpoint_seconds=4, codec=Codec.PLAIN)
    sent = first.produce(records(0, 200))
    first.start_job()
    first.wait_until_landed(sent)
    left: set[str] = set()
    while not left:  # a checkpoint between the last look and the kill may have taken all of them
        if not first.job_lives():
            first.start_job()
        sent |= produce_until_uploading(first)
        first.kill_job()
        left = {upload.upload_id for upload in open_uploads(first)}
    second.start_job()
    assert "has not renewed" not in log_of(second)
    second.wait_until_landed(sent)
    second.stop_job()
    assert set() == left & {upload.upload_id for upload in open_uploads(second)}
    assert_each_once(first)


def test_a_stopped_job_that_wakes_up_after_its_lease_has_run_out_lands_nothing_more(twins: Twins) -> None:
    """Another job has taken the stream; the resumed job is killed before it writes, and its uploads are aborted."""
    first, second = twins("stopped", checkpoint_seconds=4, codec=Codec.PLAIN)
    sent = first.produce(records(0, 200))
    first.start_job()
    first.wait_until_landed(sent)
    sent |= produce_until_uploading(first)
    first.pause_job()
    sent |= first.produce(records(400, 200))
    second.start_job()
    second.wait_until_landed(sent)
    landed = visible(second)
    first.resume_job()
    first.wait_until_job_ends(seconds_max=20)
    assert landed == visible(second)
    assert "was not renewed for 5 s" in log_of(first)
    sent |= second.produce(records(600, 200))
    second.wait_until_landed(sent)
    second.stop_job()
    assert_each_once(second)


def test_a_job_whose_bucket_is_away_for_longer_than_its_lease_ends_and_the_next_start_continues(twins: Twins) -> None:
    """The ended job lands nothing that another job could land, too; the log and the status name cause and repair."""
    first, _ = twins("bucket-away")
    sent = first.produce(records(0, 200))
    first.start_job()
    first.wait_until_landed(sent)
    first.servers.kill(Server.BUCKET)
    first.wait_until_job_ends(seconds_max=30)
    assert "the lease cannot be renewed, the job ends in" in log_of(first)
    assert "`hourglass job start` continues from its newest checkpoint" in status_of(first)
    sent |= first.produce(records(200, 200))
    first.servers.start(Server.BUCKET)
    handle = first.start_job()
    assert "/chk-" in str(handle.restored_from)
    first.wait_until_landed(sent)
    first.stop_job()
    assert_each_once(first)


@pytest.mark.long  # the random faults kill the bucket, too, and require that the job lives on
def test_a_job_whose_bucket_comes_back_before_its_lease_has_run_out_runs_on(servers: Servers) -> None:
    """A short outage costs at most one restart by Flink."""
    with LandingStack(servers, "bucket-away-shortly") as stack:
        sent = stack.produce(records(0, 200))
        handle = stack.start_job()
        stack.wait_until_landed(sent)
        servers.kill(Server.BUCKET)
        sent |= stack.produce(records(200, 200))
        servers.start(Server.BUCKET)
        stack.wait_until_landed(sent)
        assert handle.job_id == json.loads(lease_of(stack))["job_id"]
        stack.stop_job()
        assert_each_once(stack)
