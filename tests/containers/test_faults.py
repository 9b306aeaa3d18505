"""Each container of the landing chain is killed, restarted or cut off under load: nothing is missing or doubled.

The tests share one stream and its application cluster, in the order of this file; each continues where the previous one
ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from flink_jobs.errors import LandingJobError
from flink_jobs.flink.rest import FlinkRest
from infra.testing.container import ChainContainer
from tests.faults.landing_stack import LandingStack
from tests.faults.live_watch import LiveWatch
from tests.faults.traffic import Traffic
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import Position, wait_for
from tests.stacks.application import ApplicationJob, ApplicationServers
from tests.stacks.seam import Server

pytestmark = pytest.mark.containers

CUT_SECONDS = 20.0
HEAL_SECONDS_MAX = 600.0
CONTAINERS = ("kafka", "s3", "jobmanager", "taskmanager")


@dataclass
class Chain:
    """The servers, one job, and the records that were sent to it."""

    servers: ApplicationServers
    stack: LandingStack
    sent: set[Position] = field(default_factory=set)

    def container(self, name: str) -> ChainContainer:
        """Return a container by its part in the chain."""
        job = self.stack._job
        assert isinstance(job, ApplicationJob)
        assert job.application is not None
        manager, worker = job.application.containers
        parts = (self.servers.kafka, self.servers.store, manager, worker)
        return dict(zip(CONTAINERS, parts, strict=True))[name]

    def survives(self, fault: Callable[[], None]) -> None:
        """Inject a fault under load, wait for a further checkpoint, and compare what was sent with what landed."""
        with LiveWatch(self.stack) as live, Traffic(self.stack) as traffic:
            self.wait_for_checkpoint()
            fault()
            self.wait_for_checkpoint()
        self.sent |= traffic.sent
        self.stack.wait_until_landed(self.sent, HEAL_SECONDS_MAX)
        assert_exactly_once(self.stack, self.sent, live)

    def wait_for_checkpoint(self) -> None:
        """Wait until the job completes a checkpoint that began after this call."""
        began_milliseconds = time.time() * 1000
        wait_for(
            lambda: self._newest_milliseconds() > began_milliseconds,
            seconds_max=HEAL_SECONDS_MAX,
            what="a further checkpoint",
            poll_seconds=0.5,
        )

    def _newest_milliseconds(self) -> int:
        """Return when the newest checkpoint began; 0 while the job does not run."""
        rest = FlinkRest(self.stack.landing.flink_rest)
        try:
            job = rest.find_job(self.stack.landing.job_name)
            return (rest.checkpoints(job.job_id).newest_milliseconds or 0) if job else 0
        except LandingJobError:
            return 0


@pytest.fixture(scope="module")
def chain(servers: ApplicationServers) -> Iterator[Chain]:
    with LandingStack(servers, "faults") as stack:
        stack.start_job()
        yield Chain(servers, stack)


@pytest.mark.parametrize("name", CONTAINERS)
def test_nothing_is_missing_or_doubled_after_a_kill(chain: Chain, name: str) -> None:
    """Kill -9, then a start with what is on its disk, as the engine's restart policy does."""

    def kill_and_start() -> None:
        container = chain.container(name)
        container.kill()
        container.start_again()

    chain.survives(kill_and_start)


@pytest.mark.parametrize("name", CONTAINERS)
def test_nothing_is_missing_or_doubled_after_a_restart(chain: Chain, name: str) -> None:
    """`docker restart`: SIGTERM, and a start."""
    chain.survives(lambda: chain.container(name).restart())


@pytest.mark.parametrize("server", list(Server))
def test_nothing_is_missing_or_doubled_after_a_cut_of_the_network(chain: Chain, server: Server) -> None:
    """The job is cut off from the bucket, or from the broker, for 20 seconds; everything else reaches it."""
    chain.survives(lambda: cut(chain, server))


def cut(chain: Chain, server: Server) -> None:
    """Cut a server off from the job for a while; the job must notice it."""
    began = time.monotonic()
    chain.servers.cut(server)
    wait_for(lambda: time.monotonic() - began >= CUT_SECONDS, seconds_max=2 * CUT_SECONDS, what="the end of the cut")
    chain.servers.heal(server)
