"""The job is killed at each named point of a checkpoint, and nothing is missing, doubled, or promised too early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice, pairwise

import pytest

from flink_jobs.errors import LandingJobError
from tests.faults.crash_points import Crashes, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.live import Watch
from tests.integration.truth import Position, read_landed, topic_positions, wait_for
from tests.stacks.seam import Servers

COMMITS_BEGAN = {CrashPoint.INSIDE_COMMIT, CrashPoint.BETWEEN_COMMITS, CrashPoint.DURING_RESTORE_RECOMMIT}
"""Points at which data is visible that no ledger entry promises yet."""


@dataclass
class Run:
    """A job that is killed repeatedly, and the records that were sent to it."""

    stack: LandingStack
    crashes: Crashes
    sent: set[Position] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """Start the job with the agent in its JVM; it dies only at an armed point."""
        self.stack.start_job(self.crashes.environment)

    def produce_until_it_dies(self, point: CrashPoint) -> None:
        """Send accepted and rejected records until the job dies; it must have died at this point."""
        self.crashes.arm(point)

        def dead() -> bool:
            batch = islice(self.numbers, 40)
            self.sent |= self.stack.produce(
                Raw(event(number) if number % 5 else b"no json", partition=number % 4) for number in batch
            )
            return not self.stack.job_lives()

        wait_for(dead, seconds_max=90, what=f"the death at {point}", poll_seconds=0.1)
        assert f"{point}:1" == self.crashes.reached

    def die_while_it_restores(self) -> None:
        """Leave commits to the next start, and let that start die after the first of them."""
        self.produce_until_it_dies(CrashPoint.AFTER_CHECKPOINT_BEFORE_COMMIT)
        self.crashes.arm(CrashPoint.DURING_RESTORE_RECOMMIT)
        with pytest.raises(LandingJobError):
            self.start()
        assert f"{CrashPoint.DURING_RESTORE_RECOMMIT}:1" == self.crashes.reached


@pytest.fixture(scope="module")
def run(all_servers: Servers) -> Iterator[Run]:
    build_agent()
    with LandingStack(all_servers, "crash-points", parallelism=2) as stack:
        run = Run(stack, Crashes(stack.landing.data_dir / "crashes"))
        run.start()
        yield run


@pytest.mark.parametrize("point", CrashPoint)
def test_a_death_at_a_named_point_leaves_no_trace_after_the_restart(run: Run, point: CrashPoint) -> None:
    """After the restart the sets of positions equal the broker's offsets, every promise is kept, the entries chain."""
    with Watch(run.stack.settings) as watch:
        if point is CrashPoint.DURING_RESTORE_RECOMMIT:
            run.die_while_it_restores()
        else:
            run.produce_until_it_dies(point)
        unpromised = Watch(run.stack.settings).unpromised()
        run.start()
        run.stack.wait_until_landed(run.sent)

    assert set() == watch.broken
    assert watch.polls
    assert (point in COMMITS_BEGAN) <= bool(unpromised)
    landed = read_landed(run.stack.settings)
    assert set() == landed.doubled
    assert topic_positions(run.stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert run.sent == set(landed.accepted) | set(landed.rejected)
    assert [] == [
        (before, entry)
        for before, entry in pairwise(run.stack.ledger())
        if before.partition == entry.partition and before.last_offset + 1 != entry.first_offset
    ]
