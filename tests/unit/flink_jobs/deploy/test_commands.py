from __future__ import annotations

import struct
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
    NotRunningError,
    RestoreRefusedError,
    SetupError,
    UnreachableError,
)
from flink_jobs.flink.rest import JobState, SavepointState
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import FlinkTarget, LandingSettings
from tests.fakes.flink import JOB_ID, METADATA, PID, FakeFlink, FakeObjects, FakeSeconds, FakeTopics

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)
OLD, NEW = "b" * 32, "c" * 32
CHECKPOINTS = "flink/platform-events/checkpoints"
SAVEPOINTS = "flink/platform-events/savepoints"
LEDGER_ENTRY = StoredObject("platform-events/ledger/2025/08/01/03/part-e85ca4bd91f2.7-u-0.jsonl", NOON)


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
        self.clients = Clients(FakeTopics(self.topics), self.objects, self.flink, self.flink, FakeSeconds())

    def start(self, *, from_offsets: bool = False, savepoint: str | None = None) -> deploy.JobHandle:
        """Start the job in this clients."""
        return deploy.start(
            self.settings, from_offsets=from_offsets, savepoint=savepoint, report=self.said.append, clients=self.clients
        )

    settings = LandingSettings(_env_file=None)


def test_a_new_stream_begins_with_the_earliest_records() -> None:
    """Where nothing has landed, offsets that a lost bucket left in the group would skip records."""
    given = Given()
    handle = given.start()
    assert (JOB_ID, PID, None) == (handle.job_id, handle.pid, handle.restored_from)
    assert ["start earliest"] == given.effects


def test_it_continues_from_the_newest_by_time_and_not_by_name_or_number() -> None:
    """Each start has a new id, and numbers begin anew when a job does."""
    given = Given([stored(f"{CHECKPOINTS}/{NEW}/chk-3", 9), stored(f"{CHECKPOINTS}/{OLD}/chk-40", 5), LEDGER_ENTRY])
    given.start()
    assert [f"start s3://hourglass/{CHECKPOINTS}/{NEW}/chk-3"] == given.effects


def test_a_savepoint_wins_over_a_checkpoint_of_its_second() -> None:
    """It ended the job, so nothing came after it; the bucket's times have whole seconds."""
    given = Given([stored(f"{SAVEPOINTS}/savepoint-bbbbbb-1f"), stored(f"{CHECKPOINTS}/{OLD}/chk-40")])
    given.start()
    assert [f"start s3://hourglass/{SAVEPOINTS}/savepoint-bbbbbb-1f"] == given.effects


def test_of_two_checkpoints_of_one_second_the_higher_number_is_newer() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10"), stored(f"{CHECKPOINTS}/{OLD}/chk-9")])
    given.start()
    assert [f"start s3://hourglass/{CHECKPOINTS}/{OLD}/chk-10"] == given.effects


def test_what_has_no_metadata_is_not_complete() -> None:
    """Flink writes `_metadata` last."""
    parts = [StoredObject(f"{CHECKPOINTS}/{OLD}/chk-10/part", NOON), StoredObject(f"{CHECKPOINTS}/_metadata", NOON)]
    given = Given(parts)
    given.start()
    assert ["start earliest"] == given.effects


def test_a_given_restore_point_is_taken_when_none_is_newer() -> None:
    path = f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-10"
    for spelled in (path, f"{path}/", path.replace("s3", "hourglass-state", 1)):
        assert path == Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10")]).start(savepoint=spelled).restored_from


@pytest.mark.parametrize("path", ["s3://elsewhere/s", "s3://hourglass/flink/other/savepoints/savepoint-bbbbbb-1"])
def test_a_savepoint_of_another_stream_is_refused(path: str) -> None:
    """Its offsets are those of other topics; the error names where the right ones lie."""
    given = Given([stored("flink/other/savepoints/savepoint-bbbbbb-1")])
    with pytest.raises(RestoreRefusedError, match=f"no savepoint of the stream platform-events.*{SAVEPOINTS}"):
        given.start(savepoint=path)
    assert [] == given.effects


def test_a_savepoint_that_is_not_complete_is_refused() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10")])
    with pytest.raises(RestoreRefusedError, match="its _metadata is gone"):
        given.start(savepoint=f"s3://hourglass/{SAVEPOINTS}/savepoint-cccccc-1")
    assert [] == given.effects


FILE = f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-11/0123"


def naming(file: str) -> bytes:
    """Describe a checkpoint that needs a file of 40 bytes."""
    return METADATA + b"\x02" + struct.pack(">QH", 40, len(file)) + file.encode() + b"/more"


NAMES_A_FILE = naming(FILE)


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (b"", "its _metadata has 0 bytes"),
        (METADATA[:15], "its _metadata has 15 bytes"),
        (b"\x00" * 6000, "does not begin like one of Flink"),
        (
            METADATA.replace(b"platform-events", b"another"),
            "that reads other topics than platform-events.*HOURGLASS_TOPIC",
        ),
        (NAMES_A_FILE, f"state file {FILE} is gone"),
    ],
    ids=["empty", "truncated", "garbage", "other topics", "file gone"],
)
def test_a_damaged_newest_checkpoint_is_refused_and_never_passed_over(metadata: bytes, problem: str) -> None:
    """The one before it would land again what followed it, and offsets would lose what is pending."""
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10"), stored(f"{CHECKPOINTS}/{OLD}/chk-11", 5)])
    given.objects.bodies[f"{CHECKPOINTS}/{OLD}/chk-11/_metadata"] = metadata
    with pytest.raises(RestoreRefusedError, match=problem):
        given.start()
    assert [] == given.effects


def test_a_state_file_of_another_size_is_refused() -> None:
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-11"), StoredObject(FILE.removeprefix("s3://hourglass/"), NOON, 39)])
    given.objects.bodies[f"{CHECKPOINTS}/{OLD}/chk-11/_metadata"] = NAMES_A_FILE
    with pytest.raises(RestoreRefusedError, match="has 39 of 40 bytes"):
        given.start()


@pytest.mark.parametrize("scheme", ["s3", "s3a", "hourglass-state"])
def test_a_checkpoint_whose_files_are_there_is_restored(scheme: str) -> None:
    """By whichever of the file systems it was written."""
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-11"), StoredObject(FILE.removeprefix("s3://hourglass/"), NOON, 40)])
    given.objects.bodies[f"{CHECKPOINTS}/{OLD}/chk-11/_metadata"] = naming(scheme + FILE.removeprefix("s3"))
    assert f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-11" == given.start().restored_from


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
    """It could still land what the next one lands."""
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


def test_an_older_restore_point_is_refused() -> None:
    """Landed objects are never taken back: what followed it would land twice."""
    given = Given([stored(f"{CHECKPOINTS}/{OLD}/chk-10"), stored(f"{CHECKPOINTS}/{OLD}/chk-11", 5)])
    with pytest.raises(RestoreRefusedError, match="chk-11: what landed after it would land again"):
        given.start(savepoint=f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-10")
    assert [] == given.effects


def test_landed_data_without_a_restore_point_is_refused() -> None:
    """Group offsets lag behind what landed and lose what is pending."""
    given = Given([LEDGER_ENTRY])
    with pytest.raises(RestoreRefusedError, match="--from-offsets"):
        given.start()
    assert [] == given.effects


def test_an_operator_may_insist_on_the_group_offsets() -> None:
    given = Given([LEDGER_ENTRY, stored(f"{CHECKPOINTS}/{OLD}/chk-10")])
    given.start(from_offsets=True)
    assert ["start group"] == given.effects


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
    """Flink would restart it for ever; the error holds the cause that Flink knows."""
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
    given.flink.savepoint_answers = [(SavepointState.IN_PROGRESS, ""), (SavepointState.COMPLETED, "s3://b/save")]
    ends(given)
    assert "s3://b/save" == deploy.stop(given.settings, clients=given.clients)
    assert [f"stop into s3://hourglass/{SAVEPOINTS}"] == given.effects


def test_the_path_comes_from_the_bucket_when_flink_is_gone_already() -> None:
    """A local Flink exits with its job, often before the question."""
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


def test_a_restart_continues_from_its_own_savepoint() -> None:
    given = running()
    ends(given, stored(f"{SAVEPOINTS}/savepoint-aaaaaa-2", 5))
    deploy.restart(given.settings, clients=given.clients)
    assert [
        f"stop into s3://hourglass/{SAVEPOINTS}",
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
    assert (32, 3, 2, 1) == (found.lag, found.accepted, found.rejected, found.repeated)


def test_a_failure_that_flink_tells_its_log_alone_is_told_with_its_repair() -> None:
    """Of a failed checkpoint its page says no more than where to look."""
    given = Given(states=[JobState.RESTARTING])
    given.flink.root_cause = lambda _job_id: "failed, view the Job Manager log"  # type: ignore[method-assign, assignment]
    failure = deploy.status(given.settings, clients=given.clients).failure or ""
    assert ["failed, view the Job Manager log", "Caused by: AccessDenied"] == failure.splitlines()[:2]
    assert "s3:PutObject" in failure
    assert "s3://hourglass/flink/platform-events/*" in failure


def test_no_answer_is_an_error_that_names_the_repair() -> None:
    with pytest.raises(LandingJobError, match="no Flink answers"):
        deploy.status(Given.settings, clients=Given(states=[None]).clients)
