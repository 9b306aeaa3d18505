"""Faults at random times under traffic; one seed decides them all and is part of the test's name.

`HOURGLASS_FAULT_SEED` repeats a run, `HOURGLASS_FAULT_ROUNDS` adds the seeds after it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event

import pytest

from tests.faults.conftest import NewStack
from tests.faults.landing_stack import LandingStack
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import wait_for
from tests.stacks.seam import Server

FIRST_SEED = int(os.environ["HOURGLASS_FAULT_SEED"])
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("HOURGLASS_FAULT_ROUNDS") or 1))
KILLS = 2
FROZEN_SECONDS = 20.0
LEASE_SECONDS = 60.0
"""A job ends when it cannot renew; outages of up to two thirds of this time do not end it."""
PARTITIONS_MORE = 6


def during(seconds: float) -> None:
    """Wait while a fault lasts or the job runs; the seed decides the time."""
    Event().wait(seconds)


@contextmanager
def traffic_on(stack: LandingStack) -> Iterator[tuple[Traffic, LiveWatch]]:
    """Start the job; send records and poll the bucket until the faults are over."""
    stack.start_job()
    with LiveWatch(stack) as live:
        with Traffic(stack) as traffic:
            yield traffic, live
        assert_exactly_once(stack, traffic.sent, live)


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_of_the_job_at_random_times_lose_and_double_nothing(new_stack: NewStack, seed: int) -> None:
    """The job is killed before, between and during commits, also while it restores; the sets stay equal."""
    random = Random(seed)  # noqa: S311 - a schedule, not a secret
    stack = new_stack(parallelism=2)
    with traffic_on(stack):
        for _ in range(KILLS):
            during(random.uniform(0.5, 6))
            stack.kill_job()
            stack.start_job()


def kill_bucket(stack: LandingStack, random: Random) -> None:
    stack.servers.kill(Server.BUCKET)
    during(random.uniform(0, 5))
    stack.servers.start(Server.BUCKET)


def kill_broker(stack: LandingStack, random: Random) -> None:
    stack.servers.kill(Server.BROKER)
    during(random.uniform(0, 5))
    stack.servers.start(Server.BROKER)


def kill_both(stack: LandingStack, random: Random) -> None:
    servers = [Server.BUCKET, Server.BROKER]
    random.shuffle(servers)
    for server in servers:
        stack.servers.kill(server)
    stack.servers.start(*servers)


def freeze_bucket(stack: LandingStack, _random: Random) -> None:
    stack.servers.pause(Server.BUCKET)
    during(FROZEN_SECONDS)
    stack.servers.resume(Server.BUCKET)


def freeze_job(stack: LandingStack, random: Random) -> None:
    stack.pause_job()
    during(random.uniform(3, 8))
    stack.resume_job()


FAULTS: tuple[Callable[[LandingStack, Random], None], ...] = (
    kill_bucket,
    kill_broker,
    kill_both,
    freeze_bucket,
    freeze_job,
)


@pytest.mark.parametrize("seed", SEEDS)
def test_servers_that_die_or_freeze_around_the_job_cost_nothing(new_stack: NewStack, seed: int) -> None:
    """The job is at most paused; it recovers from faults of its servers in any order, without help."""
    random = Random(seed)  # noqa: S311 - a schedule, not a secret
    faults = list(FAULTS)
    random.shuffle(faults)
    stack = new_stack(parallelism=2, lease_seconds=LEASE_SECONDS)
    with traffic_on(stack) as (_, live):
        for fault in faults:
            during(random.uniform(0.5, 4))
            fault(stack, random)
            polls = live.polls
            wait_for(lambda polls=polls: live.polls > polls, seconds_max=60, what="the bucket")  # type: ignore[misc]  # bound above
        assert stack.job_lives(), "the job did not get over it"


@pytest.mark.long
def test_a_savepoint_moves_the_job_from_one_subtask_to_four_and_to_two(new_stack: NewStack) -> None:
    """The job is rescaled under traffic; positions and pending files move to their new subtasks."""
    stack = new_stack(parallelism=1)
    with traffic_on(stack):
        for parallelism in (4, 2):
            during(2.0)
            savepoint = stack.stop_job()
            assert savepoint == stack.start_job(parallelism=parallelism).restored_from


def test_partitions_that_a_topic_gains_are_read_without_a_restart(new_stack: NewStack) -> None:
    """New partitions land from their first offset on, and survive a kill like the others."""
    stack = new_stack(parallelism=2, partition_discovery_seconds=2)
    with traffic_on(stack) as (traffic, _):
        during(1.0)
        stack.add_partitions(PARTITIONS_MORE)
        traffic.partitions = PARTITIONS_MORE
        wait_for(
            lambda: {entry.partition for entry in stack.ledger()} == set(range(PARTITIONS_MORE)),
            seconds_max=60,
            what="entries of the new partitions",
        )
        stack.kill_job()
        stack.start_job()
