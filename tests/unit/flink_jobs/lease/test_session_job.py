from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from flink_jobs.errors import UnreachableError
from flink_jobs.flink.rest import JobState
from flink_jobs.lease.keeper import LocalJob
from flink_jobs.lease.session_job import SessionClusterJob, end_orphan

JOB = "a" * 32


@dataclass
class FakeCluster:
    """A cluster that records requests; with `away` it does not answer."""

    states: list[JobState | None] = field(default_factory=list)
    check_seconds: float | None = None
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def job_state(self, job_id: str) -> JobState | None:
        """Return the next state."""
        self._note(f"state {job_id[:1]}")
        return self.states.pop(0)

    def cancel(self, job_id: str) -> None:
        """Cancel."""
        self._note(f"cancel {job_id[:1]}")

    def prolong(self, job_id: str, until_milliseconds: int) -> None:
        """Record the prolongation."""
        self._note(f"prolong {job_id[:1]} {until_milliseconds}")

    def client_check_seconds(self) -> float | None:
        """Return the interval."""
        self._note("check")
        return self.check_seconds

    def _note(self, what: str) -> None:
        if self.away:
            raise UnreachableError("no Flink answers")
        self.asked.append(what)


class Client(LocalJob):
    """The Java process of a client, which records its end in the list of its cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        super().__init__(0)
        self.cluster = cluster

    def end(self) -> None:
        """Record the end."""
        self.cluster.asked.append("kill the client")


def unsubmitted(cluster: FakeCluster, said: list[str] | None = None) -> SessionClusterJob:
    """Make a job with a lease of five seconds at the moment 1000."""
    report = (said if said is not None else []).append
    return SessionClusterJob(cluster, Client(cluster), 5.0, lambda: 1000, report)


def job(cluster: FakeCluster, said: list[str] | None = None) -> SessionClusterJob:
    """Make a job that was submitted."""
    made = unsubmitted(cluster, said)
    made.submitting()
    made.submitted(JOB)
    return made


@pytest.mark.parametrize(("check_seconds", "expected"), [(2.0, 7.0), (None, 65.0)])
def test_the_lease_stands_until_the_cluster_has_looked_for_the_client(
    check_seconds: float | None, expected: float
) -> None:
    """A cluster whose interval is unknown may have Flink's default of a minute."""
    assert expected == job(FakeCluster(check_seconds=check_seconds)).outlives_seconds()
    assert 65.0 == job(FakeCluster(check_seconds=check_seconds, away=True)).outlives_seconds()


def test_each_renewal_lets_the_job_go_on_for_one_lease() -> None:
    cluster = FakeCluster()
    job(cluster).prolong()
    assert ["prolong a 6000"] == cluster.asked


def test_a_cluster_that_is_away_is_told_of_once() -> None:
    """The lease is still renewed, and the cluster cancels a job without prolongation by itself."""
    cluster, said = FakeCluster(away=True), list[str]()
    ours = job(cluster, said)
    ours.prolong()
    ours.prolong()
    assert ["the cluster cannot be informed of the renewed lease: no Flink answers"] == said
    cluster.away = False
    ours.prolong()
    assert ["prolong a 6000"] == cluster.asked


def test_a_job_without_a_lease_is_cancelled_and_its_client_killed() -> None:
    """The client is also killed if the cluster is away, which then cancels by itself."""
    cluster = FakeCluster()
    job(cluster).end()
    assert ["cancel a", "kill the client"] == cluster.asked
    cluster = FakeCluster(away=True)
    job(cluster).end()
    assert ["kill the client"] == cluster.asked


@pytest.mark.parametrize(
    ("state", "over"),
    [(JobState.RUNNING, False), (JobState.FAILED, True), (JobState.FINISHED, True), (None, False)],
)
def test_only_the_word_of_the_cluster_that_ran_it_counts(state: JobState | None, over: bool) -> None:
    """A restarted JobManager does not know the job, whose tasks may still run."""
    assert over == job(FakeCluster([state])).is_over()
    assert not job(FakeCluster([state], away=True)).is_over()


def test_a_job_whose_submission_was_not_answered_may_run() -> None:
    """Before the submission it certainly does not run."""
    ours = unsubmitted(FakeCluster([JobState.FAILED]))
    assert ours.is_over()
    ours.submitting()
    assert not ours.is_over()


def test_an_orphan_is_cancelled_and_asked_for_until_it_is_over() -> None:
    cluster, said = FakeCluster([JobState.RUNNING, JobState.CANCELLING, JobState.CANCELED]), list[str]()
    assert [False, False, True] == [end_orphan(cluster, said.append, JOB) for _ in range(3)]
    assert ["state a", "cancel a", "state a", "cancel a", "state a"] == cluster.asked
    assert f"job {JOB} has lost its client" in said[0]


@pytest.mark.parametrize("cluster", [FakeCluster([None]), FakeCluster(away=True)])
def test_an_orphan_that_nobody_knows_is_waited_for(cluster: FakeCluster) -> None:
    assert not end_orphan(cluster, print, JOB)
