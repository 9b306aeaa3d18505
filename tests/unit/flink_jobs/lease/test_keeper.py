from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest

from flink_jobs.errors import UnreachableError
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder
from flink_jobs.lease.keeper import LeaseKeeper, LocalJob
from flink_jobs.settings import LandingSettings
from tests.fakes.flink import FakeObjects, FakeSeconds

SETTINGS = LandingSettings(_env_file=None)
HERE = Holder.this_process()
SECOND = "flink/platform-events/leases/00000002.json"


@dataclass
class Watched:
    """A keeper of the lease of a job; `done` lists the effects on the job and on this process."""

    outlives_seconds: float | None = None
    bucket: FakeObjects = field(default_factory=FakeObjects)
    clock: FakeSeconds = field(default_factory=FakeSeconds)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leases = Leases(SETTINGS, self.bucket, self.clock)
        self.lease = self.leases.take(HERE, print, self.outlives_seconds)
        self.keeper = LeaseKeeper(self.leases, self.lease, self, self.clock, self.leave)

    def submitted(self, job_id: str) -> None:
        """Record the id."""
        self.done.append(f"submitted {job_id}")

    def prolong(self) -> None:
        """Record the prolongation."""
        self.done.append(f"prolong at {self.clock.now:.0f}")

    def end(self) -> None:
        """End the job."""
        self.done.append("end")

    def leave(self, code: int) -> None:
        """End this process."""
        self.done.append(f"leave with {code}")


def test_a_lease_is_renewed_three_times_within_its_time_and_names_the_job() -> None:
    """A cluster lets the job run for one more lease time after each renewal."""
    watched = Watched()
    watched.keeper.name_job("j1")
    watched.clock.now = 10
    assert SETTINGS.lease_seconds / 3 == watched.keeper.renew()
    record = watched.leases.read()
    assert record
    assert (1, "j1", False) == (record.renewed, record.job_id, record.released)
    assert ["submitted j1", "prolong at 10"] == watched.done


def test_a_job_that_cannot_renew_ends_when_its_lease_has_run_out(caplog: pytest.LogCaptureFixture) -> None:
    """It does not end earlier: a short outage costs nothing.

    The log names the cause when it occurs, and at the end beside the repair, where `hourglass job status` reads it.
    """
    watched = Watched()
    watched.bucket.failure = UnreachableError("away")
    watched.clock.now = SETTINGS.lease_seconds - 1
    assert [1.0, 1.0, 1.0] == [watched.keeper.renew(), watched.keeper.renew(), watched.keeper.watch()]
    assert [] == watched.done
    watched.clock.now = SETTINGS.lease_seconds
    watched.keeper.watch()
    assert ["end", "leave with 1"] == watched.done
    cause, repair = caplog.messages
    assert "the lease cannot be renewed, the job ends in 1 s: UnreachableError('away')" == cause
    assert repair.startswith("LeaseLostError: the lease flink/platform-events/leases/00000001.json was not renewed")
    assert "`hourglass job start` continues from its newest checkpoint" in repair
    assert repair.endswith("; the last renewal failed: UnreachableError('away')")


def test_a_bucket_that_comes_back_in_time_changes_nothing() -> None:
    watched = Watched()
    watched.bucket.failure = UnreachableError("away")
    watched.keeper.renew()
    watched.bucket.failure = None
    watched.clock.now = SETTINGS.lease_seconds - 1
    watched.keeper.renew()
    watched.clock.now += SETTINGS.lease_seconds - 1
    assert 1.0 == watched.keeper.watch()
    assert ["prolong at 29"] == watched.done


@pytest.mark.parametrize("thread", ["renew", "watch"])
def test_a_process_that_wakes_up_after_its_lease_has_run_out_ends_whichever_thread_is_first(thread: str) -> None:
    """It was paused, or its machine suspended; it does not renew, even if nobody has taken the stream."""
    watched = Watched()
    watched.clock.now = SETTINGS.lease_seconds + 60
    getattr(watched.keeper, thread)()
    assert ["end", "leave with 1"] == watched.done
    record = watched.leases.read()
    assert record
    assert 0 == record.renewed


def test_a_job_whose_stream_was_taken_ends_at_its_next_renewal(caplog: pytest.LogCaptureFixture) -> None:
    """The job ends even if its machine's clock did not count the pause."""
    watched = Watched()
    watched.bucket.put(SECOND, replace(watched.lease.record, number=2).to_json())
    watched.keeper.renew()
    assert ["end", "leave with 1"] == watched.done
    assert "another job has taken the stream" in caplog.text


def test_the_job_is_ended_before_anything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A write to a log can block."""
    watched = Watched()
    logged_at_end: list[int] = []
    watched.end = lambda: logged_at_end.append(len(caplog.messages))  # type: ignore[method-assign]
    watched.clock.now = SETTINGS.lease_seconds
    watched.keeper.watch()
    assert ([0], 1) == (logged_at_end, len(caplog.messages))


def test_a_job_of_a_cluster_ends_before_its_lease_runs_out_for_others() -> None:
    """The cluster needs the rest of the time to cancel the job."""
    watched = Watched(outlives_seconds=60.0)
    watched.clock.now = 29
    watched.keeper.watch()
    assert [] == watched.done
    watched.clock.now = 30
    watched.keeper.watch()
    assert (["end", "leave with 1"], 90) == (watched.done, watched.lease.record.lease_seconds)


def test_the_watch_looks_every_second() -> None:
    """The timeout of a wait does not advance while a machine is suspended."""
    assert 1.0 == Watched().keeper.watch()


def test_a_lease_whose_object_was_removed_is_written_again() -> None:
    """Only a higher number takes a stream; the deletion of an object does not."""
    watched = Watched()
    watched.bucket.delete(watched.lease.key)
    watched.keeper.renew()
    assert watched.leases.read()
    assert ["prolong at 0"] == watched.done


def test_an_unexpected_error_counts_as_no_renewal(caplog: pytest.LogCaptureFixture) -> None:
    """If it ended the thread, the job would have no renewals."""
    watched = Watched()
    watched.bucket.failure = ValueError("half a page of XML")
    assert 1.0 == watched.keeper.renew()
    assert "ValueError('half a page of XML')" in caplog.text


def test_a_released_stream_is_free() -> None:
    watched = Watched()
    watched.keeper.start()
    watched.keeper.release()
    assert 2 == watched.leases.take(HERE, print).record.number


def test_the_end_of_a_local_job_is_the_end_of_its_java_process_also_of_a_stopped_one() -> None:
    """A second call has no effect."""
    program = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    with subprocess.Popen([sys.executable, "-c", program]) as java:
        LocalJob(java.pid).end()
        assert -signal.SIGKILL == java.wait(10)
    LocalJob(java.pid).end()
