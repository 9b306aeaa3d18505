"""One job for a path: what a second one, a killed one and a paused one may do, with real processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import LeaseHeldError
from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import OpenUpload
from flink_jobs.settings import Codec
from tests.faults.landing_stack import LandingStack, Raw, Server, Servers, event
from tests.integration.truth import Position, objects, read_landed, topic_positions, wait_for

LEASE_SECONDS = 5.0
PAYLOAD_CHARACTERS = 60_000
LOG_FILE = "landing_job.log"
Twins = Callable[..., tuple[LandingStack, LandingStack]]


@pytest.fixture
def twins(servers: Servers) -> Iterator[Twins]:
    """Make two jobs of one stream, each with a data folder of its own, as on two machines."""
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
    """List the open uploads of a stream, without those of checkpoints."""
    bucket = Bucket.of(stack.landing)
    return [upload for upload in stream_uploads(stack.landing, bucket) if not upload.key.startswith("flink/")]


def produce_until_uploading(stack: LandingStack) -> set[Position]:
    """Send large records until lines are on their way: to the next checkpoint they belong to nobody's past.

    The job keeps lines in memory until they fill a part of an upload.
    """
    prefix = stack.landing.layout.prefix(Kind.LANDING)
    numbers = count(1000, 150)
    sent: set[Position] = set()

    def uploading() -> bool:
        sent.update(stack.produce(records(next(numbers), 150, payload={"text": "x" * PAYLOAD_CHARACTERS})))
        return any(upload.key.startswith(prefix) for upload in open_uploads(stack))

    wait_for(uploading, seconds_max=30, what="an open upload", poll_seconds=0.02)
    return sent


def lease_of(stack: LandingStack) -> bytes:
    """Read the one lease of a stream."""
    [(_, body)] = objects(stack.settings, stack.landing.lease_prefix)
    return body


def said(stack: LandingStack) -> str:
    """Read what the job's own process wrote down."""
    return (stack.landing.log_dir / LOG_FILE).read_text()


def assert_each_once(stack: LandingStack) -> None:
    """Every record of the topic is in exactly one finished object."""
    landed = read_landed(stack.settings)
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert set() == landed.doubled


def test_a_second_job_on_one_path_refuses_and_nothing_is_doubled(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that holds the stream is named; the refusal comes before Flink starts, and the first goes on.

    `flink run` and Kubernetes start the job's own process past our commands: that refuses by itself, too.
    """
    first, second = twins("second-refuses")
    sent = first.produce(records(0, 200))
    handle = first.start_job()
    wait_for(lambda: handle.job_id.encode() in lease_of(first), seconds_max=10, what="the lease to name its job")
    with pytest.raises(LeaseHeldError, match=handle.job_id):
        second.start_job()
    assert not (second.landing.log_dir / "flink.out").exists()
    sent |= first.produce(records(200, 200))
    first.wait_until_landed(sent)
    monkeypatch.setattr("flink_jobs.deploy._stream_held", lambda *_: ExitStack())
    with pytest.raises(LeaseHeldError, match="holds the stream"):
        second.start_job()
    assert (second.landing.log_dir / "flink.out").exists()
    sent |= first.produce(records(400, 200))
    first.wait_until_landed(sent)
    first.stop_job()
    assert_each_once(first)


def test_after_a_kill_the_next_start_waits_for_nobody_and_ends_what_was_left(twins: Twins) -> None:
    """Its process is known to be dead; the uploads that no checkpoint knows are aborted before the job reads."""
    first, second = twins("kill-and-start", checkpoint_seconds=4, codec=Codec.PLAIN)
    sent = first.produce(records(0, 200))
    first.start_job()
    first.wait_until_landed(sent)
    sent |= produce_until_uploading(first)
    first.kill_job()
    left = {upload.upload_id for upload in open_uploads(first)}
    assert left
    second.start_job()
    assert "is silent" not in said(second)
    second.wait_until_landed(sent)
    second.stop_job()
    assert set() == left & {upload.upload_id for upload in open_uploads(second)}
    assert_each_once(first)


def test_a_paused_job_that_wakes_up_after_it_was_succeeded_lands_nothing_twice(twins: Twins) -> None:
    """Its lease runs out, another job takes the stream; when it goes on, it ends, and its uploads are gone."""
    first, second = twins("paused", checkpoint_seconds=4, codec=Codec.PLAIN)
    sent = first.produce(records(0, 200))
    first.start_job()
    first.wait_until_landed(sent)
    produce_until_uploading(first)
    first.pause_job()
    sent = first.produce(records(400, 200))
    second.start_job()
    second.wait_until_landed(sent)
    first.resume_job()
    first.wait_until_job_ends(seconds_max=20)
    sent = second.produce(records(600, 200))
    second.wait_until_landed(sent)
    second.stop_job()
    assert_each_once(second)
    assert "another job has taken the stream" in said(first)


def test_a_job_whose_bucket_is_away_for_long_pauses_and_goes_on_by_itself(twins: Twins) -> None:
    """Longer than its lease stands: it lands nothing until it knows that it still holds the stream."""
    first, _ = twins("bucket-away")
    sent = first.produce(records(0, 200))
    handle = first.start_job()
    first.wait_until_landed(sent)
    first.servers.kill(Server.BUCKET)
    wait_for(lambda: "the job pauses" in said(first), seconds_max=60, what="the pause")
    sent |= first.produce(records(200, 200))
    first.servers.start(Server.BUCKET)
    first.wait_until_landed(sent)
    assert handle.job_id == json.loads(lease_of(first))["job_id"]
    first.stop_job()
    assert_each_once(first)
