"""An application cluster with high availability, as Flink's Kubernetes operator makes it, in the order of this file.

The operator ends a job by removing its JobManager, keeps what high availability knows, and starts another JobManager
with the same job id; its configuration names a restore point that is none, or that the job has left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flink_jobs.errors import LandingJobError
from flink_jobs.job_log import LOG_FILE
from tests.faults.application_cluster import LAST_STATE, ApplicationCluster
from tests.faults.cluster import JOB_MANAGER
from tests.faults.crash_points import build_agent
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import Position, wait_for
from tests.stacks.seam import Servers

pytestmark = pytest.mark.long
OTHER_JOB = "0" * 24 + "cd34ef56"


class Run:
    """A cluster, and everything that was sent to its stream."""

    def __init__(self, cluster: ApplicationCluster, folder: Path) -> None:
        self.cluster = cluster
        self.stack = cluster.landing
        self._log = folder / JOB_MANAGER / LOG_FILE
        self._sent: set[Position] = set()

    def driver_said(self) -> str:
        """Return the log of all drivers so far."""
        return self._log.read_text() if self._log.exists() else ""

    def wait_for_checkpoint(self) -> None:
        """Wait until the job has completed a checkpoint that began from now on."""

        def completed() -> int:
            try:
                job = self.cluster.rest.find_job(self.stack.landing.job_name)
                return self.cluster.rest.checkpoints(job.job_id).completed if job and job.tasks_running else 0
            except LandingJobError:  # the JobManager begins to serve
                return 0

        wait_for(lambda: completed() >= 2, seconds_max=300, what="two checkpoints", poll_seconds=0.5)

    def verify(self, traffic: Traffic, live: LiveWatch) -> None:
        """Compare all records that were ever sent with those that landed."""
        self._sent |= traffic.sent
        assert_exactly_once(self.stack, self._sent, live)


@pytest.fixture(scope="module")
def run(all_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    build_agent()
    folder = tmp_path_factory.mktemp("application")
    cluster = ApplicationCluster(all_servers, folder, "application", parallelism=2)
    with cluster.landing, cluster:
        yield Run(cluster, folder)


def test_a_killed_job_manager_continues_from_its_newest_checkpoint(run: Run) -> None:
    """The lease of the killed driver is not in the way, and nothing is missing or doubled."""
    with LiveWatch(run.stack) as live, Traffic(run.stack) as traffic:
        run.wait_for_checkpoint()
        run.cluster.restart_job_manager()
        run.wait_for_checkpoint()
    run.verify(traffic, live)


def test_a_last_state_upgrade_is_not_refused(run: Run) -> None:
    """The operator's mark is no savepoint; the job's own checkpoint is what Flink restores."""
    with LiveWatch(run.stack) as live, Traffic(run.stack) as traffic:
        run.wait_for_checkpoint()
        run.cluster.deploy(LAST_STATE)
        run.wait_for_checkpoint()
    run.verify(traffic, live)


def test_a_savepoint_upgrade_survives_its_job_manager(run: Run) -> None:
    """A JobManager that is started again still names the savepoint that its job began from."""
    with LiveWatch(run.stack) as live, Traffic(run.stack) as traffic:
        run.wait_for_checkpoint()
        savepoint = run.cluster.stop_with_savepoint()
        run.cluster.upgrade_from(savepoint, OTHER_JOB)
        run.wait_for_checkpoint()
        run.cluster.restart_job_manager()
        run.wait_for_checkpoint()
    run.verify(traffic, live)


def test_a_job_that_another_one_has_overtaken_is_refused(run: Run) -> None:
    """High availability would restore the former job's checkpoint: what landed after it would land again."""
    run.cluster.deploy(LAST_STATE)
    wait_for(lambda: "is older than" in run.driver_said(), seconds_max=300, what="a refusal", poll_seconds=0.2)
