"""A session cluster of two workers: its processes are killed, and nothing is missing, doubled or promised early.

The tests share two streams, in the order of this file; each test continues where the previous one of its stream ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.restore.points import find_points
from flink_jobs.s3.bucket import Bucket
from tests.faults.cluster import JOB_MANAGER, Checkpoints, Cluster
from tests.faults.crash_points import ON_JOB_MANAGER_BEFORE_COMMIT, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import Position, wait_for
from tests.stacks.seam import Servers

CHECKPOINTS_BEFORE = 4
"""This many are complete before a process is killed, so that it is not killed in its first moments."""


@dataclass
class Run:
    """A job of the cluster, and the records that were sent to it."""

    cluster: Cluster
    stack: LandingStack
    sent: set[Position] = field(default_factory=set)

    def verify(self, traffic: Traffic, live: LiveWatch) -> None:
        """Compare all records that were ever sent with those that landed."""
        self.sent |= traffic.sent
        assert_exactly_once(self.stack, self.sent, live)

    def pending(self) -> set[str]:
        """Return the open uploads in the newest checkpoint, whose commit is due."""
        bucket = Bucket.of(self.stack.landing)
        held = find_points(self.stack.landing, bucket)[-1].state
        return {one.key for one in stream_uploads(self.stack.landing, bucket) if one.upload_id.encode() in held}

    def workers(self) -> set[str]:
        """Return the workers that run the job; none unless every subtask runs."""
        job = self.cluster.rest.find_job(self.stack.landing.job_name)
        return self.cluster.workers_of(job.job_id) if job and job.tasks_running else set()

    def wait_until_it_runs_without(self, dead: str) -> None:
        """Wait until the job has restarted by itself on other workers."""

        def runs() -> bool:
            workers = self.workers()  # one query only: between two queries the job may begin to restart
            return bool(workers) and dead not in workers

        wait_for(runs, seconds_max=90, what=f"a job without {dead}")
        self.stack.wait_for_checkpoints(self.stack.checkpoints_completed() + 2)

    def command(self, *arguments: str) -> str:
        """Run `hourglass job`, and return its output; the exit code must be 0."""
        environment = self.stack.settings.environment() | self.stack.landing.job_environment()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("hourglass")), "job", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment | {"HOURGLASS_TARGET": "remote"},
        )
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def first(all_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    build_agent()
    with (
        Cluster(all_servers, tmp_path_factory.mktemp("cluster")) as cluster,
        cluster.stack("cluster", parallelism=1) as stack,
    ):
        stack.start_job()
        yield Run(cluster, stack)


@pytest.fixture
def run(servers: Servers, first: Run) -> Run:
    """Start the processes that the previous test has killed."""
    assert servers is first.cluster.servers
    first.cluster.start()
    return first


@pytest.fixture(scope="module")
def second(first: Run) -> Iterator[Run]:
    """Stop the job of the first stream: each poll of the watch lists all its objects, and they are thousands by now."""
    first.cluster.start()
    if first.stack.job_lives():
        first.stack.stop_job()
    with first.cluster.stack("cluster-commands", parallelism=2) as stack:
        stack.start_job()
        yield Run(first.cluster, stack)


@pytest.fixture
def other(servers: Servers, second: Run) -> Run:
    """Start the processes that the previous test has killed, for the second stream."""
    assert servers is second.cluster.servers
    second.cluster.start()
    return second


@pytest.mark.parametrize("parallelism", [pytest.param(4, marks=pytest.mark.long), 2])
def test_another_parallelism_right_after_a_death_before_the_commit(run: Run, parallelism: int) -> None:
    """Other subtasks, on both workers, commit the pending files of the checkpoint once.

    The JobManager dies after the checkpoint is complete and before a worker is notified, and is started again. It does
    not know the job, so the client ends.
    """
    stack, cluster = run.stack, run.cluster
    with LiveWatch(stack) as live, Traffic(stack) as traffic:
        stack.wait_for_checkpoints(CHECKPOINTS_BEFORE)
        cluster.crashes.arm(ON_JOB_MANAGER_BEFORE_COMMIT)
        assert JOB_MANAGER == cluster.wait_for_death()
        pending = run.pending()
        cluster.start()
        stack.wait_until_job_ends()
        handle = stack.start_job(parallelism=parallelism)
    run.verify(traffic, live)
    assert pending, "the checkpoint holds nothing that was still to be committed"
    assert "/chk-" in str(handle.restored_from)
    assert 2 == len(run.workers())


def test_a_worker_dies_in_traffic_and_the_other_in_the_middle_of_its_commits(run: Run) -> None:
    """The job restarts by itself in the slots of the other worker, then on a new one."""
    stack, cluster = run.stack, run.cluster
    with LiveWatch(stack) as live, Traffic(stack) as traffic, Checkpoints(cluster.rest, stack.landing):
        stack.wait_for_checkpoints(CHECKPOINTS_BEFORE)
        both = run.workers()
        killed = min(both)
        cluster.kill(killed)
        run.wait_until_it_runs_without(killed)
        [left] = run.workers()
        cluster.start()
        cluster.crashes.arm(CrashPoint.BETWEEN_COMMITS)
        assert left == cluster.wait_for_death()
        run.wait_until_it_runs_without(left)
    run.verify(traffic, live)
    assert {killed, left} == both


@pytest.mark.long  # the first test restarts the JobManager, too, and the last one submits by the command
def test_the_job_manager_is_killed_and_the_command_submits_the_job_again(run: Run) -> None:
    """A new JobManager does not know the job; `hourglass job start` continues from its newest checkpoint."""
    stack, cluster = run.stack, run.cluster
    with LiveWatch(stack) as live, Traffic(stack) as traffic, Checkpoints(cluster.rest, stack.landing):
        stack.wait_for_checkpoints(stack.checkpoints_completed() + CHECKPOINTS_BEFORE)
        cluster.kill(JOB_MANAGER)
        cluster.start()
        stack.wait_until_job_ends()
        said = run.command("start")
    run.verify(traffic, live)
    assert "/chk-" in said


def test_the_client_is_killed_and_its_job_ends_before_the_next_begins(other: Run) -> None:
    """The job outlives the process that renews its lease; a start on the same machine cancels it, then takes over."""
    stack, cluster = other.stack, other.cluster
    with LiveWatch(stack) as live, Traffic(stack) as traffic:
        orphan = job_of(stack, cluster)
        stack.kill_job()
        handle = stack.start_job()
        states = cluster.rest.job_state(orphan), cluster.rest.job_state(handle.job_id)
    other.verify(traffic, live)
    assert ("CANCELED", "RUNNING") == states


def test_the_commands_carry_the_state_of_a_cluster_along(other: Run) -> None:
    """`restart --parallelism`, `status`, `stop` and `start --savepoint` work as on one machine."""
    stack = other.stack
    with LiveWatch(stack) as live, Traffic(stack) as traffic:
        other.command("restart", "--parallelism", "3")
        assert '"state": "RUNNING"' in other.command("status", "--json")
        wait_for(
            lambda: {0, 1, 2} <= {entry.subtask for entry in stack.ledger()},
            seconds_max=60,
            what="entries of three subtasks",
        )
        savepoint = other.command("stop").split("savepoint: ")[1].strip()
        said = other.command("start", "--savepoint", savepoint)
    other.verify(traffic, live)
    assert f"starting from {savepoint}" in said
    other.command("stop")


def job_of(stack: LandingStack, cluster: Cluster) -> str:
    """Return the id of the running job."""
    job = cluster.rest.find_job(stack.landing.job_name)
    assert job is not None
    return job.job_id
