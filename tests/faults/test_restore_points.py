"""The real job continues from a restore point that is as new as the ledger, or from the ledger.

The tests with the fixture `run` share one stream, those with `crashing` another, in the order of this file; each
continues where the last one ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice

import pytest

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.restore.points import RestorePoint, find_points
from flink_jobs.s3.bucket import Bucket
from flink_jobs.settings import StartingOffsets
from tests.faults.conftest import NewStack
from tests.faults.crash_points import Crashes, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.verdict import findings
from tests.integration.truth import Position, read_landed, topic_positions, wait_for
from tests.stacks.seam import Server, Servers


@dataclass
class Run:
    """A job, the records that were sent to it, and its bucket."""

    stack: LandingStack
    sent: set[Position] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def bucket(self) -> Bucket:
        """The bucket of the job."""
        return Bucket.of(self.stack.landing)

    def send(self, records: int) -> None:
        """Send records to every partition, a fifth of them malformed."""
        self.sent |= self.stack.produce(
            Raw(event(number) if number % 5 else b"no json", partition=number % 4)
            for number in islice(self.numbers, records)
        )

    def land(self, records: int) -> None:
        """Send records and wait until they are booked."""
        self.send(records)
        self.stack.wait_until_landed(self.sent)

    def kill_after(self, records: int) -> None:
        """Land records, and kill the job before a later checkpoint replaces the one that booked them."""
        self.land(records)
        self.stack.kill_job()

    def newest(self) -> RestorePoint:
        """Return the newest restore point."""
        return find_points(self.stack.landing, self.bucket)[-1]

    def delete(self, directory: str) -> None:
        """Delete all objects of a checkpoint."""
        for stored in list(self.bucket.objects(f"{directory}/")):
            self.bucket.delete(stored.key)

    def delete_what_holds_everything(self) -> None:
        """Delete the restore points that have read every sent record; the older ones stay."""
        for point in find_points(self.stack.landing, self.bucket):
            if sum(point.positions.values()) == len(self.sent):
                self.delete(point.key)

    def delete_all_points(self) -> None:
        """Delete every checkpoint and savepoint."""
        for point in find_points(self.stack.landing, self.bucket):
            self.delete(point.key)

    def refusal(self) -> str:
        """Return the message of a refused start, which changes nothing in the bucket."""
        before = read_landed(self.stack.settings)
        with pytest.raises(RestoreRefusedError) as refused:
            self.stack.start_job()
        assert not self.stack.job_lives()
        assert before == read_landed(self.stack.settings)
        return str(refused.value)

    def verify(self) -> None:
        """Land more records; two readers that share no code find each record of the topic exactly once."""
        self.land(40)
        landed = read_landed(self.stack.settings)
        assert set() == landed.doubled
        assert topic_positions(self.stack.settings) == set(landed.accepted) | set(landed.rejected)
        assert set() == self.sent - set(landed.accepted) - set(landed.rejected)
        assert [] == findings(self.stack)


@pytest.fixture(scope="module")
def shared(all_servers: Servers) -> Iterator[Run]:
    with LandingStack(all_servers, "restore-points") as stack:
        yield Run(stack)


@pytest.fixture
def run(servers: Servers, shared: Run) -> Run:
    """Start the job unless the previous test has left it running."""
    assert servers is shared.stack.servers
    if not shared.stack.job_lives():
        shared.stack.start_job()
    return shared


def test_without_its_newest_checkpoint_the_start_is_refused_and_the_ledger_continues(new_stack: NewStack) -> None:
    """Flink would silently restore the older one, and records that the deleted one had landed would land again."""
    run = Run(new_stack(checkpoint_seconds=5))
    run.stack.start_job()
    run.land(200)
    run.kill_after(100)  # within the five seconds for which the one before is kept
    run.delete_what_holds_everything()
    older = run.newest()
    assert sum(older.positions.values()) < len(run.sent)
    said = run.refusal()
    assert f"s3://hourglass/{older.key} is older than the ledger: " in said
    for partition in range(4):
        position = older.positions[run.stack.settings.topic, partition]
        last = max(offset for _, number, offset in run.sent if number == partition)
        assert f"[{partition}] continues at {position}, landed is up to {last}" in said
    run.stack.start_job(offsets=StartingOffsets.LEDGER)
    run.verify()
    run.stack.kill_job()
    run.stack.start_job()
    run.verify()


def test_with_a_cut_newest_checkpoint_the_start_is_refused(run: Run) -> None:
    run.land(200)
    run.stack.kill_job()
    newest = run.newest()
    key = f"{newest.key}/_metadata"
    body = run.bucket.read(key) or b""
    for length in (10, 600):
        run.bucket.put(key, body[:length])
        assert f"s3://hourglass/{newest.key} cannot be restored: " in run.refusal()
    run.bucket.put(key, body)
    run.stack.start_job()
    run.verify()


def test_a_bucket_whose_times_are_reversed_continues_where_it_was(run: Run) -> None:
    """A copy or a backup can reverse them: the newest checkpoint was written first, the oldest savepoint last."""
    run.land(200)
    savepoint = run.stack.stop_job().removeprefix("s3://hourglass/")
    run.stack.start_job()
    run.kill_after(100)
    newest = run.newest()
    others = {point.key for point in find_points(run.stack.landing, run.bucket)} - {newest.key, savepoint}
    for directory in (newest.key, *sorted(others, reverse=True), savepoint):
        for stored in list(run.bucket.objects(f"{directory}/")):
            body = run.bucket.read(stored.key)
            run.bucket.delete(stored.key)
            run.bucket.put(stored.key, body or b"")
    points = {point.key: point for point in find_points(run.stack.landing, run.bucket)}
    assert points[newest.key].modified <= points[savepoint].modified
    assert f"s3://hourglass/{newest.key}" == run.stack.start_job().restored_from
    run.verify()


def test_without_any_checkpoint_the_ledger_continues(run: Run) -> None:
    """Nothing is missing or doubled, also when the job dies before or after its first checkpoint."""
    run.kill_after(200)
    run.send(100)
    run.delete_all_points()
    assert "books " in run.refusal()
    run.stack.start_job(offsets=StartingOffsets.LEDGER, checkpoint_seconds=3600)
    run.stack.kill_job()
    run.stack.start_job(offsets=StartingOffsets.LEDGER, checkpoint_seconds=1)
    run.verify()
    run.stack.kill_job()
    run.stack.start_job()
    run.verify()


@pytest.fixture(scope="module")
def crashing(all_servers: Servers) -> Iterator[tuple[Run, Crashes]]:
    all_servers.start(*Server)
    build_agent()
    with LandingStack(all_servers, "cut-commits", parallelism=2) as stack:
        crashes = Crashes(stack.landing.data_dir / "crashes")
        stack.start_job(crashes.environment)
        yield Run(stack), crashes


@pytest.mark.parametrize(
    "point", [CrashPoint.INSIDE_COMMIT, pytest.param(CrashPoint.BETWEEN_COMMITS, marks=pytest.mark.long)]
)
def test_a_cut_commit_without_checkpoints_doubles_nothing(crashing: tuple[Run, Crashes], point: CrashPoint) -> None:
    """Objects are visible that the ledger lacks; the start completes the uploads of their epoch, the ledger's last."""
    run, crashes = crashing
    run.land(200)
    crashes.arm(point)

    def dead() -> bool:
        run.send(40)
        return not run.stack.job_lives()

    wait_for(dead, seconds_max=90, what=f"the death at {point}", poll_seconds=0.1)
    assert f"{point}:1" == crashes.reached
    run.delete_all_points()
    run.stack.start_job(crashes.environment, offsets=StartingOffsets.LEDGER)
    run.verify()


def test_objects_whose_ledger_entry_is_lost_are_booked_by_reading_them(run: Run) -> None:
    """The newest ledger objects and all checkpoints are lost; the start reads the lines to find what has landed."""
    run.land(200)
    before = {stored.key for stored in run.bucket.objects(run.stack.landing.layout.prefix(Kind.LEDGER))}
    run.kill_after(100)
    for stored in list(run.bucket.objects(run.stack.landing.layout.prefix(Kind.LEDGER))):
        if stored.key not in before:
            run.bucket.delete(stored.key)
    run.delete_all_points()
    assert "books " in run.refusal()
    run.stack.start_job(offsets=StartingOffsets.LEDGER)
    run.verify()
