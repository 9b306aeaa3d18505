"""A session cluster of two workers: its processes die one by one, and nothing is missing, doubled or promised early."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flink_jobs.bucket import Bucket
from flink_jobs.tenure import contents, newest_points, stream_uploads
from tests.faults.cluster import JOB_MANAGER, Checkpoints, Cluster
from tests.faults.crash_points import ON_JOB_MANAGER_BEFORE_COMMIT, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack, Servers
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import wait_for

CHECKPOINTS_BEFORE = 6
"""So many are complete before something dies: it does not die in its first moments."""


@pytest.fixture(scope="module")
def whole(all_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    build_agent()
    with Cluster(all_servers, tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(servers: Servers, whole: Cluster) -> Cluster:
    """Bring back what the test before has killed."""
    assert servers is whole.servers
    whole.start()
    return whole


def recovered(stack: LandingStack, cluster: Cluster, restarts: int) -> None:
    """Wait until the job has restarted by itself and has completed a checkpoint since."""
    job = cluster.rest.find_job(stack.landing.job_name)
    assert job is not None
    wait_for(
        lambda: cluster.rest.restarts(job.job_id) > restarts and runs(stack, cluster),
        seconds_max=90,
        what="the job's own restart",
    )
    stack.wait_for_checkpoints(stack.checkpoints_completed() + 2)


def runs(stack: LandingStack, cluster: Cluster) -> bool:
    job = cluster.rest.find_job(stack.landing.job_name)
    return job is not None and job.tasks_running


def test_a_worker_dies_in_traffic_and_another_dies_in_the_middle_of_its_commits(cluster: Cluster) -> None:
    """The job goes on in the slots of the worker that is left, then on new ones; each record lands once."""
    with cluster.stack("worker-dies", parallelism=2) as stack, LiveWatch(stack) as live:
        handle = stack.start_job()
        with Traffic(stack) as traffic, Checkpoints(cluster.rest, stack.landing):
            stack.wait_for_checkpoints(CHECKPOINTS_BEFORE)
            both = cluster.workers_of(handle.job_id)
            killed = min(both)
            cluster.kill(killed)
            recovered(stack, cluster, 0)
            left = cluster.workers_of(handle.job_id)
            cluster.start()
            cluster.crashes.arm(CrashPoint.BETWEEN_COMMITS)
            died = cluster.wait_for_death()
            recovered(stack, cluster, 1)
        assert_exactly_once(stack, traffic.sent, live)
        stack.stop_job()
    assert 2 == len(both)
    assert both - {killed} == left
    assert {died} == left


def test_the_job_manager_dies_and_a_new_submission_continues(cluster: Cluster) -> None:
    """It knows nothing of its former jobs; the client ends with its job, and the newest checkpoint is what goes on."""
    with cluster.stack("manager-dies", parallelism=2) as stack, LiveWatch(stack) as live:
        first = stack.start_job()
        with Traffic(stack) as traffic, Checkpoints(cluster.rest, stack.landing):
            stack.wait_for_checkpoints(CHECKPOINTS_BEFORE)
            cluster.kill(JOB_MANAGER)
            cluster.start()
            stack.wait_until_job_ends()
            second = stack.start_job()
        assert_exactly_once(stack, traffic.sent, live)
        stack.stop_job()
    assert first.restored_from is None
    assert f"/{first.job_id}/chk-" in str(second.restored_from)


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 2)])
def test_another_parallelism_right_after_a_death_before_the_commit(cluster: Cluster, before: int, after: int) -> None:
    """What the checkpoint holds and nobody has committed is committed by other subtasks, on other workers, once."""
    with cluster.stack(f"from-{before}-to-{after}", parallelism=before) as stack, LiveWatch(stack) as live:
        stack.start_job()
        with Traffic(stack) as traffic:
            stack.wait_for_checkpoints(CHECKPOINTS_BEFORE)
            cluster.crashes.arm(ON_JOB_MANAGER_BEFORE_COMMIT)
            assert JOB_MANAGER == cluster.wait_for_death()
            pending = pending_uploads(stack)
            cluster.start()
            stack.wait_until_job_ends()
            handle = stack.start_job(parallelism=after)
        assert_exactly_once(stack, traffic.sent, live)
        workers = cluster.workers_of(handle.job_id)
        stack.stop_job()
    assert pending, "the checkpoint holds nothing that was still to be committed"
    assert 2 == len(workers)


def pending_uploads(stack: LandingStack) -> set[str]:
    """Name the open uploads that the newest checkpoint holds: data whose commit is due."""
    bucket = Bucket.of(stack.landing)
    held = contents(bucket, newest_points(stack.landing, bucket)[-1].key)
    return {one.key for one in stream_uploads(stack.landing, bucket) if one.upload_id.encode() in held}
