from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from flink_jobs.deploy import commands as deploy
from flink_jobs.deploy.clients import Clients
from flink_jobs.errors import (
    AlreadyRunsError,
    JobFailedError,
    LandingJobError,
    LeaseHeldError,
    NoSavepointError,
    NotRunningError,
    RestoreRefusedError,
    SetupError,
    TopicChangedError,
    TopicUnchangedError,
    UnreachableError,
)
from flink_jobs.flink.rest import JobState, SavepointState
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import FlinkTarget, LandingSettings, StartingOffsets
from producers.kafka import OffsetRange
from tests.fakes.broker_reader import NEW_TOPIC_ID, TOPIC_ID, FakeBrokerReader
from tests.fakes.flink import JOB_ID, PID, FakeFlink, FakeObjects, FakeSeconds, FakeTopics, metadata
from tests.fakes.landed import LandedBucket

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)
OLD, NEW = "b" * 32, "c" * 32
CHECKPOINTS = "flink/platform-events/checkpoints"
SAVEPOINTS = "flink/platform-events/savepoints"


def stored(key: str, seconds: int = 0) -> StoredObject:
    return StoredObject(f"{key}/_metadata", NOON + timedelta(seconds=seconds))


@dataclass
class Given:
    """The clients of one test."""

    stored: list[StoredObject] = field(default_factory=list)
    states: list[JobState | str | None] = field(default_factory=lambda: [None, JobState.CREATED, JobState.RUNNING])
    topics: dict[str, int] = field(default_factory=lambda: {"platform-events": 4})
    effects: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flink = FakeFlink(self.states, self.effects)
        self.objects = FakeObjects(self.stored)
        self.broker = FakeBrokerReader({0: OffsetRange(0, 100)})
        self.clients = Clients(
            FakeTopics(self.topics),
            self.objects,
            self.flink,
            self.flink,
            FakeSeconds(),
            self.broker,
        )

    def start(self, offsets: StartingOffsets = StartingOffsets.EARLIEST) -> deploy.JobHandle:
        """Start the job with these clients."""
        return deploy.start(self.settings, offsets=offsets, report=self.said.append, clients=self.clients)

    settings = LandingSettings(_env_file=None)


def test_a_new_stream_begins_with_the_earliest_records() -> None:
    """If nothing has landed, group offsets from before a lost bucket would skip records."""
    given = Given()
    handle = given.start()
    assert (JOB_ID, PID, None) == (handle.job_id, handle.pid, handle.restored_from)
    assert ["start earliest"] == given.effects


def test_it_continues_from_the_newest_restore_point() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-40"), stored(f"{CHECKPOINTS}/{OLD}/chk-41")])
    given.start()
    assert [f"start s3://hourglass/{CHECKPOINTS}/{OLD}/chk-41"] == given.effects


def test_a_refused_restore_point_starts_nothing() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-40")])
    given.objects.bodies[f"{CHECKPOINTS}/{OLD}/chk-40/_metadata"] = b""
    with pytest.raises(RestoreRefusedError, match="its _metadata has 0 bytes"):
        given.start()
    assert [] == given.effects


def test_another_machines_job_is_refused_before_anything_starts_and_a_start_leaves_the_stream_free() -> None:
    given = Given()
    given.start()
    lease = Leases(given.settings, given.objects, given.clients.clock).read()
    assert lease
    assert lease.released
    given.flink.alive = False
    held = replace(lease, released=False)
    given.objects.put(f"flink/platform-events/leases/{lease.number:08d}.json", held.to_json())
    with pytest.raises(LeaseHeldError, match="holds the stream"):
        given.start()
    assert ["start earliest"] == given.effects


def test_a_cluster_that_is_away_is_found_before_anything_starts() -> None:
    given = Given()
    given.settings = given.settings.model_copy(update={"flink_target": FlinkTarget.SESSION})
    with pytest.raises(UnreachableError, match="no Flink answers"):
        given.start()
    assert [] == given.effects


def test_a_job_whose_client_is_dead_is_cancelled_before_the_next_one_starts() -> None:
    """It could still land the records of the next one."""
    given = Given()
    dead = Holder.this_process()
    dead = Holder(dead.host, dead.machine, 2**22 + 1, 1.0)
    leases = Leases(given.settings, given.objects, given.clients.clock)
    leases.renew(leases.take(dead, given.said.append, 60.0), JOB_ID)
    given.flink.orphan_states = [JobState.RUNNING, JobState.CANCELED]
    given.start()
    assert ["cancel a", "start earliest"] == given.effects


def test_a_refusal_of_the_jobs_own_process_is_told_as_it_is() -> None:
    given = Given(states=[None, "dead"])
    given.flink.refused = LeaseHeldError("somebody holds the stream")
    with pytest.raises(LeaseHeldError, match="somebody"):
        given.start()


@pytest.mark.parametrize("offsets", [StartingOffsets.GROUP, StartingOffsets.LEDGER])
def test_an_operator_may_pass_over_restore_points(offsets: StartingOffsets) -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10")])
    given.start(offsets)
    assert [f"start {offsets}"] == given.effects


@pytest.mark.parametrize("offsets", [offsets for offsets in StartingOffsets if offsets != StartingOffsets.NEW_TOPIC])
def test_a_topic_that_was_created_again_is_refused_before_anything_starts(offsets: StartingOffsets) -> None:
    given = Given()
    key = f"{CHECKPOINTS}/{OLD}/chk-10/_metadata"
    given.objects.put(key, metadata(10, topic_id=TOPIC_ID))
    given.broker.topic_id = NEW_TOPIC_ID
    if offsets is StartingOffsets.LEDGER:  # it reads no restore point
        given.objects.bodies |= LandedBucket().land("aaaaaaaaaaaa.1", 0, 9, topic_id=TOPIC_ID)
        given.objects.stored += [StoredObject(key, NOON) for key in given.objects.bodies if "/ledger/" in key]
        given.settings = given.settings.model_copy(update={"topic": "t"})
        given.topics["t"] = 4
    with pytest.raises(TopicChangedError, match=f"{TOPIC_ID} .* {NEW_TOPIC_ID} "):
        given.start(offsets)
    assert [] == given.effects


def test_an_accepted_topic_starts_without_a_restore_point_and_only_the_job_removes_the_former_ones() -> None:
    given = Given()
    given.objects.put(f"{CHECKPOINTS}/{OLD}/chk-10/_metadata", metadata(10, topic_id=TOPIC_ID))
    with pytest.raises(TopicUnchangedError, match="nothing changed"):
        given.start(StartingOffsets.NEW_TOPIC)
    given.broker.topic_id = NEW_TOPIC_ID
    given.start(StartingOffsets.NEW_TOPIC)
    assert ["start new-topic"] == given.effects
    assert not any(key.startswith(CHECKPOINTS) for key in given.objects.deleted)


def test_a_restart_leaves_a_job_alone_that_it_could_not_start_again() -> None:
    """The address is of another cluster, for example."""
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10")])
    given.objects.bodies[f"{CHECKPOINTS}/{OLD}/chk-10/_metadata"] = metadata(10, topic_id=TOPIC_ID)
    given.broker.cluster_id = "elsewhere"
    with pytest.raises(TopicChangedError, match="in the cluster elsewhere"):
        deploy.restart(given.settings, report=given.said.append, clients=given.clients)
    assert [] == given.effects


def test_a_start_after_the_ledger_reports_what_is_read_again() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10")])
    given.start(StartingOffsets.LEDGER)
    again = f"platform-events[0] 0-99: s3://hourglass/{CHECKPOINTS}/{OLD}/chk-10 had read them"
    assert any(line.startswith(again) for line in given.said), given.said


def test_a_second_job_is_refused() -> None:
    """Two jobs would land every record twice."""
    given = Given()
    given.flink.alive = True
    with pytest.raises(AlreadyRunsError, match=str(PID)):
        given.start()


@pytest.mark.parametrize(
    ("topics", "message"), [({}, "no topic platform-events"), ({"platform-events": 0}, "has 0 partitions")]
)
def test_a_wrong_topic_is_refused_before_anything_starts(topics: dict[str, int], message: str) -> None:
    given = Given(topics=topics)
    with pytest.raises(SetupError, match=message):
        given.start()
    assert [] == given.effects


def test_a_bucket_that_is_away_is_found_before_anything_starts() -> None:
    given = Given()
    given.objects.failure = UnreachableError("the bucket does not answer")
    with pytest.raises(UnreachableError):
        given.start()
    assert [] == given.effects


def test_a_process_that_dies_is_told_with_its_reason() -> None:
    given = Given(states=[None, "dead"])
    with pytest.raises(JobFailedError, match="a reason"):
        given.start()


def test_a_job_that_never_runs_is_ended_again_within_the_limit() -> None:
    """Flink would restart it forever; the error holds Flink's cause."""
    given = Given(states=[JobState.RESTARTING])
    with pytest.raises(JobFailedError, match="the cause of a"):
        given.start()
    assert ["start earliest", "kill"] == given.effects
    assert "waiting for the landing job, RESTARTING, 5 s" in given.said


def running() -> Given:
    given = Given([stored(f"{SAVEPOINTS}/savepoint-aaaaaa-1")], states=[JobState.RUNNING])
    given.flink.alive = True
    return given


def ends(given: Given, *made: StoredObject) -> None:
    def end() -> None:
        given.flink.alive = False
        given.objects.stored.extend(made)

    given.flink.on_stop = end


def test_the_path_comes_from_flink_while_it_answers() -> None:
    given = running()
    given.flink.savepoint_answers = [
        (SavepointState.IN_PROGRESS, ""),
        (SavepointState.COMPLETED, "hourglass-state://b/save"),
    ]
    ends(given)
    assert "s3://b/save" == deploy.stop(given.settings, clients=given.clients)
    assert [f"stop into hourglass-state://hourglass/{SAVEPOINTS}"] == given.effects


def test_the_path_comes_from_the_bucket_when_flink_is_gone_already() -> None:
    """A local Flink exits with its job, often before the query."""
    given = running()
    ends(given, stored(f"{SAVEPOINTS}/savepoint-aaaaaa-2", -60))
    assert f"s3://hourglass/{SAVEPOINTS}/savepoint-aaaaaa-2" == deploy.stop(given.settings, clients=given.clients)


def test_an_older_savepoint_is_never_taken_for_the_new_one() -> None:
    given = running()
    ends(given)
    with pytest.raises(JobFailedError, match="ended without a savepoint"):
        deploy.stop(given.settings, clients=given.clients)


def test_a_failed_savepoint_leaves_the_job_alone() -> None:
    given = running()
    given.flink.savepoint_answers = [(SavepointState.FAILED, "the bucket is full")]
    with pytest.raises(JobFailedError, match="the job runs on: the bucket is full"):
        deploy.stop(given.settings, clients=given.clients)
    assert given.flink.alive


def test_a_process_that_lingers_after_its_savepoint_is_ended() -> None:
    given = running()
    given.flink.savepoint_answers = [(SavepointState.COMPLETED, "s3://b/save")]
    deploy.stop(given.settings, clients=given.clients)
    assert "kill" == given.effects[-1]


def test_a_job_that_is_over_cannot_be_stopped() -> None:
    given = Given(states=[JobState.FINISHED])
    with pytest.raises(NotRunningError):
        deploy.stop(given.settings, clients=given.clients)


def failing() -> Given:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-41")], states=[JobState.RESTARTING])
    given.flink.alive = True
    return given


@pytest.mark.parametrize("state", [JobState.RESTARTING, JobState.FAILING, JobState.CREATED, None])
def test_a_job_that_does_not_run_is_left_alone_and_the_way_on_is_named(state: JobState | None) -> None:
    """Flink would answer with a sentence about tasks; None is a process whose Flink does not answer."""
    given = failing()
    given.states[:] = [state]
    for command in (deploy.stop, deploy.restart):
        with pytest.raises(NoSavepointError, match=r"Nothing has changed.*stop --without-savepoint") as refused:
            command(given.settings, clients=given.clients)
        assert str(state or "no Flink answers") in str(refused.value)
        assert (state is not None) == ("the cause of a" in str(refused.value))
    assert [] == given.effects
    assert given.flink.alive


def test_a_savepoint_that_the_bucket_refuses_is_told_with_its_repair_and_the_way_on() -> None:
    given = running()
    given.flink.savepoint_answers = [(SavepointState.FAILED, "AccessDenied")]
    with pytest.raises(NoSavepointError, match=r"(?s)the job runs on: AccessDenied.*s3:PutObject.*--without-savepoint"):
        deploy.stop(given.settings, clients=given.clients)


def test_a_failing_job_is_cancelled_when_it_is_asked_for_and_the_restore_point_is_named() -> None:
    given = failing()
    assert f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-41" == deploy.cancel(given.settings, clients=given.clients)
    assert ["cancel a"] == given.effects
    assert not given.flink.alive


def test_a_process_that_lingers_after_the_cancellation_is_killed_at_the_limit() -> None:
    given = failing()
    given.flink.lingers = True
    deploy.cancel(given.settings, clients=given.clients)
    assert ["cancel a", "kill"] == given.effects
    assert given.settings.stop_limit_seconds < given.clients.clock.monotonic()


def test_a_process_whose_flink_does_not_answer_is_killed() -> None:
    given = failing()
    given.states[:] = [None]
    deploy.cancel(given.settings, clients=given.clients)
    assert ["kill"] == given.effects


@pytest.mark.parametrize("error", [None, JobFailedError("the job failed for good")])
@pytest.mark.parametrize("command", [deploy.cancel, deploy.start])
def test_the_process_of_a_job_that_has_ended_is_awaited(
    command: Callable[..., object], error: LandingJobError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It releases its lease; neither a kill nor a refusal is needed."""
    given = failing()
    given.states[:] = [None if error else JobState.FAILED]
    given.flink.refused = error
    monkeypatch.setattr(given.clients.clock, "sleep", lambda _seconds: end(given))
    command(given.settings, clients=given.clients)
    assert "kill" not in given.effects


def end(given: Given) -> None:
    given.flink.alive = False
    given.states[:] = [JobState.RUNNING]


def test_the_job_of_another_machine_is_cancelled_and_awaited() -> None:
    given = failing()
    given.flink.alive = False
    given.flink.orphan_states = [JobState.CANCELLING, JobState.CANCELED]
    deploy.cancel(given.settings, clients=given.clients)
    assert ["cancel a"] == given.effects
    assert [] == given.flink.orphan_states


def test_a_bucket_that_is_away_does_not_keep_a_job_alive() -> None:
    given = failing()
    given.objects.failure = UnreachableError("the bucket is away")
    assert deploy.cancel(given.settings, clients=given.clients) is None
    assert not given.flink.alive


def test_without_a_job_there_is_nothing_to_cancel() -> None:
    given = Given(states=[JobState.FAILED])
    with pytest.raises(NotRunningError, match="`hourglass job status`"):
        deploy.cancel(given.settings, clients=given.clients)
    given.states[:] = [None]
    with pytest.raises(UnreachableError):
        deploy.cancel(given.settings, clients=given.clients)


def test_a_restart_without_a_savepoint_continues_from_the_newest_checkpoint() -> None:
    given = failing()
    given.states[:] = [JobState.RESTARTING, JobState.RUNNING]
    deploy.restart(given.settings, without_savepoint=True, report=given.said.append, clients=given.clients)
    assert ["cancel a", f"start s3://hourglass/{CHECKPOINTS}/{OLD}/chk-41"] == given.effects
    assert "stopped without a savepoint" in given.said


def test_a_start_beside_a_failing_job_names_its_state_and_the_way_on() -> None:
    with pytest.raises(AlreadyRunsError, match=r"is RESTARTING: `hourglass job status`.*restart --without-savepoint"):
        failing().start()


def test_a_restart_continues_from_its_own_savepoint() -> None:
    given = running()
    ends(given, stored(f"{SAVEPOINTS}/savepoint-aaaaaa-2", 5))
    given.objects.bodies[f"{SAVEPOINTS}/savepoint-aaaaaa-2/_metadata"] = metadata(2)
    deploy.restart(given.settings, clients=given.clients)
    assert [
        f"stop into hourglass-state://hourglass/{SAVEPOINTS}",
        f"start s3://hourglass/{SAVEPOINTS}/savepoint-aaaaaa-2",
    ] == given.effects


def test_it_tells_state_checkpoint_and_restarts() -> None:
    given = Given(states=[JobState.RUNNING])
    found = deploy.status(given.settings, clients=given.clients)
    assert ("RUNNING", JOB_ID, None, 2) == (found.state, found.job_id, found.pid, found.restarts)
    assert f"the cause of {JOB_ID[:1]}" == found.failure
    assert datetime(2025, 8, 1, 3, 59, 59, 123000, tzinfo=UTC) == found.checkpoint_at
    assert (f"s3://hourglass/{JOB_ID}/chk-7", 7, 1) == (
        found.checkpoint_path,
        found.checkpoints_completed,
        found.checkpoints_failed,
    )
    assert (32, 3, 2) == (found.lag, found.accepted, found.rejected)


def test_a_failure_that_flink_tells_its_log_alone_is_told_with_its_repair() -> None:
    """The REST API only refers to the log for the cause of a failed checkpoint."""
    given = Given(states=[JobState.RESTARTING])
    given.flink.root_cause = lambda _job_id: "failed, view the Job Manager log"  # type: ignore[method-assign, assignment]
    failure = deploy.status(given.settings, clients=given.clients).failure or ""
    assert ["failed, view the Job Manager log", "Caused by: AccessDenied"] == failure.splitlines()[:2]
    assert "s3:PutObject" in failure
    assert "s3://hourglass/flink/platform-events/*" in failure


def test_no_answer_is_an_error_that_names_the_repair() -> None:
    with pytest.raises(LandingJobError, match="no Flink answers"):
        deploy.status(Given.settings, clients=Given(states=[None]).clients)
