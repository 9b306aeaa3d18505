"""A TaskManager's machine is lost: cut off the network without a word, and never seen again.

Marked `machines`: network namespaces need root, so it is run by `make test-machines` alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.faults.crash_points import build_agent
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import wait_for
from tests.machines.machines import MachineCluster
from tests.stacks.seam import Servers

pytestmark = pytest.mark.machines
RECOVERY_SECONDS_MAX = 60.0


def test_the_machine_of_a_task_manager_is_lost(servers: Servers, tmp_path: Path) -> None:
    """The job runs on the other machine within a minute; nothing is missing or doubled."""
    build_agent()
    with MachineCluster(servers, tmp_path) as cluster, cluster.stack("machines", parallelism=2) as stack:
        stack.start_job()
        with LiveWatch(stack) as live, Traffic(stack) as traffic:
            stack.wait_for_checkpoints(4)
            job = cluster.rest.find_job(stack.landing.job_name)
            assert job is not None
            both = cluster.workers_of(job.job_id)
            lost = min(both)
            cluster.lose(lost)
            began = time.monotonic()

            def completed_elsewhere() -> bool:
                found = cluster.rest.find_job(stack.landing.job_name)
                return bool(found and found.tasks_running) and lost not in cluster.workers_of(job.job_id)

            wait_for(completed_elsewhere, seconds_max=RECOVERY_SECONDS_MAX, what=f"a job without {lost}")
            sys.stdout.write(f"recovered after {time.monotonic() - began:.0f} s; netem: {cluster.has_netem}\n")
            stack.wait_for_checkpoints(stack.checkpoints_completed() + 2)
        assert_exactly_once(stack, traffic.sent, live)
    assert 2 == len(both)
