from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import psutil
import pytest

from flink_jobs.errors import LeaseHeldError, LeaseLostError
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder, Liveness
from flink_jobs.lease.record import HeldLease, LeaseRecord
from flink_jobs.settings import LandingSettings
from tests.fakes.flink import FakeObjects, FakeSeconds

SETTINGS = LandingSettings(_env_file=None)
HERE = Holder.this_process()
ELSEWHERE = Holder("far", "another kernel/1", 7, 1.0)
DEAD = replace(HERE, pid=2**22 + 1)
PREFIX = "flink/platform-events/leases/"


@dataclass
class Given:
    """A bucket, a clock, and an event while a starter waits."""

    bucket: FakeObjects = field(default_factory=FakeObjects)
    clock: FakeSeconds = field(default_factory=FakeSeconds)
    said: list[str] = field(default_factory=list)

    @property
    def leases(self) -> Leases:
        """The leases of the stream."""
        return Leases(SETTINGS, self.bucket, self.clock)

    def take(self, holder: Holder = HERE) -> HeldLease:
        """Acquire the stream."""
        return self.leases.take(holder, self.said.append)

    def numbers(self) -> list[int]:
        """The numbers of the remaining leases."""
        return sorted(int(stored.key.removeprefix(PREFIX)[:8]) for stored in self.bucket.stored)

    def later(self, effect: Callable[[], object]) -> None:
        """Call an event at the next sleep."""
        sleep = self.clock.sleep

        def once(seconds: float) -> None:
            self.clock.sleep = sleep  # type: ignore[method-assign]
            sleep(seconds)
            effect()

        self.clock.sleep = once  # type: ignore[method-assign]


def test_the_first_holder_takes_number_one() -> None:
    given = Given()
    lease = given.take()
    assert (f"{PREFIX}00000001.json", 1, HERE) == (lease.key, lease.record.number, lease.record.holder)
    assert 0 == given.clock.now


def test_a_living_process_of_this_machine_is_refused_at_once_by_name() -> None:
    """The error names the holder, its lease and the repair; the starter does not wait."""
    given = Given()
    given.take()
    with pytest.raises(LeaseHeldError, match=rf"pid {os.getpid()} on {HERE.host}.*00000001.json.*Stop that one"):
        given.take()
    assert (0, [1]) == (given.clock.now, given.numbers())


def test_a_dead_process_of_this_machine_is_succeeded_at_once() -> None:
    """A start after kill -9 does not wait, and removes the lease of the dead process."""
    given = Given()
    given.take(DEAD)
    assert 2 == given.take().record.number
    assert (0, [2]) == (given.clock.now, given.numbers())


def test_a_job_that_outlives_its_dead_holder_is_waited_for() -> None:
    """A cluster runs it and notices the death later, so the lease is valid for its own time and that delay."""
    given = Given()
    given.leases.take(DEAD, given.said.append, 60.0)
    assert 2 == given.take().record.number
    assert 90 < given.clock.now < 92


def test_a_job_that_outlives_its_dead_holder_is_succeeded_as_soon_as_it_is_over() -> None:
    """Only the holder's own job is ended, and only if the holder is known to be dead."""
    given = Given()
    leases = Leases(SETTINGS, given.bucket, given.clock, lambda job_id: (job_id, given.clock.now) >= ("j", 3))
    lease = leases.take(DEAD, given.said.append, 60.0)
    leases.renew(lease, "j")
    assert 2 == leases.take(HERE, given.said.append).record.number
    assert 3 == given.clock.now


def test_a_released_lease_is_taken_at_once() -> None:
    given = Given()
    given.leases.release(given.take(ELSEWHERE))
    assert 2 == given.take().record.number
    assert 0 == given.clock.now


def test_a_silent_holder_of_another_machine_is_succeeded_after_the_time_that_its_lease_stands() -> None:
    """The time is measured by the starter's clock only; the starter prints for whom it waits."""
    given = Given()
    given.take(ELSEWHERE)
    assert 2 == given.take().record.number
    assert SETTINGS.lease_seconds < given.clock.now < SETTINGS.lease_seconds + 2
    assert "pid 7 on far, has not renewed its lease for 5 of 30 s" in given.said[0]


def test_a_renewing_holder_of_another_machine_is_refused() -> None:
    given = Given()
    theirs = given.take(ELSEWHERE)
    given.later(lambda: given.leases.renew(theirs, "j1"))
    with pytest.raises(LeaseHeldError, match=r"\(j1\), pid 7 on far"):
        given.take()
    assert given.clock.now < SETTINGS.lease_seconds


def test_the_time_of_the_lease_itself_counts_and_not_the_starters() -> None:
    given = Given()
    theirs = given.take(ELSEWHERE)
    patient = replace(theirs.record, lease_seconds=100.0)
    given.bucket.put(theirs.key, patient.to_json())
    given.take()
    assert 100 < given.clock.now


def test_of_two_starters_one_wins_and_the_other_refuses() -> None:
    """The loser of the creation reads again, and finds the winner."""
    given = Given()

    def other_first(key: str) -> None:
        given.bucket.on_create = lambda _key: None
        rival = LeaseRecord(number=1, token="x", holder=HERE, job="j", lease_seconds=30)
        given.bucket.put(key, rival.to_json())

    given.bucket.on_create = other_first
    with pytest.raises(LeaseHeldError):
        given.take()
    assert [1] == given.numbers()


def test_a_creation_whose_answer_was_lost_is_known_by_its_token() -> None:
    """The retry finds the object of the first attempt, with our token."""
    given = Given()
    create = given.bucket.create
    given.bucket.create = lambda key, body: create(key, body) and create(key, body)  # type: ignore[method-assign]
    assert 1 == given.take().record.number


def test_a_number_that_others_have_passed_already_is_no_lease() -> None:
    """Between our listing and our creation two others acquired and released, and the lower number was removed."""
    given = Given()

    def two_pass(_key: str) -> None:
        given.bucket.on_create = lambda _key: None
        passed = LeaseRecord(number=2, token="x", holder=DEAD, job="j", lease_seconds=30)
        given.bucket.put(f"{PREFIX}00000002.json", passed.to_json())

    given.bucket.on_create = two_pass
    assert 3 == given.take().record.number
    assert [3] == given.numbers()


def test_a_listing_that_leaves_out_what_was_just_written_takes_no_lease_away() -> None:
    """Only a higher number shows that a lease is lost; a missing number does not."""
    given = Given()
    given.take(DEAD)
    stored, kept = given.bucket.objects, given.bucket.stored
    given.bucket.objects = lambda prefix, after="": iter(one for one in stored(prefix, after) if one in kept)  # type: ignore[method-assign]
    lease = given.take()
    assert 2 == lease.record.number
    given.leases.renew(lease, None)


def test_an_unreadable_object_counts_as_a_held_lease_until_it_has_run_out() -> None:
    """A broken object neither holds a stream forever nor releases it at once."""
    given = Given()
    given.bucket.put(f"{PREFIX}00000004.json", b"{")
    assert 5 == given.take().record.number
    assert SETTINGS.lease_seconds < given.clock.now


def test_a_stopped_process_of_this_machine_is_watched_like_one_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Holder, "life", lambda _holder: Liveness.STOPPED)
    given = Given()
    given.take()
    assert 2 == given.take().record.number
    assert SETTINGS.lease_seconds < given.clock.now


def test_the_former_holder_learns_at_its_next_renewal_that_it_lost() -> None:
    given = Given()
    theirs = given.take(ELSEWHERE)
    given.take()
    with pytest.raises(LeaseLostError, match=r"another job has taken the stream from .*00000001\.json"):
        given.leases.renew(replace(theirs, renewed_at=given.clock.now), None)


def test_a_lease_that_has_run_out_is_not_renewed_although_nobody_has_taken_the_stream() -> None:
    """Between the listing and the write another job could acquire it."""
    given = Given()
    lease = given.take()
    given.clock.now = SETTINGS.lease_seconds
    with pytest.raises(LeaseLostError, match=r"not renewed for 30 s.*`hourglass job start`"):
        given.leases.renew(lease, None)
    record = given.leases.read()
    assert record
    assert 0 == record.renewed


def test_the_time_of_a_lease_counts_from_the_request_that_wrote_it() -> None:
    """A slow response does not prove that the lease was still held when it arrived."""
    given = Given()
    put = given.bucket.put

    def slow(key: str, body: bytes) -> None:
        put(key, body)
        given.clock.sleep(20)

    given.bucket.put = slow  # type: ignore[method-assign]
    lease = given.take()
    assert (0, 20) == (lease.renewed_at, given.clock.now)
    assert 20 == given.leases.renew(lease, None).renewed_at


def test_life_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pid identifies a process on one machine only, and only together with a start time."""
    assert Liveness.RUNS is HERE.life()
    assert Liveness.ENDED is DEAD.life()
    assert Liveness.ENDED is replace(HERE, created=HERE.created - 60).life()
    assert Liveness.UNKNOWN is ELSEWHERE.life()
    for state, life in {
        psutil.STATUS_STOPPED: Liveness.STOPPED,
        psutil.STATUS_ZOMBIE: Liveness.ENDED,
        psutil.STATUS_SLEEPING: Liveness.RUNS,
    }.items():
        monkeypatch.setattr(psutil.Process, "status", lambda _process, state=state: state)
        assert life is HERE.life()


def test_what_is_written_is_read_and_what_is_no_lease_is_refused() -> None:
    record = LeaseRecord(number=1, token="x", holder=HERE, job="j", lease_seconds=30.0, job_id="j1", renewed=2)
    assert (30.0, 20.0) == (record.renewal_seconds, replace(record, outlives_seconds=10.0).renewal_seconds)
    assert replace(record, outlives_seconds=7.0) == LeaseRecord.from_json(
        replace(record, outlives_seconds=7.0).to_json()
    )
    assert record == LeaseRecord.from_json(record.to_json())
    grown = json.dumps(json.loads(record.to_json()) | {"later": 1}).encode()
    assert record == LeaseRecord.from_json(grown)
    bad: list[bytes] = [b"{", b"[]", b"7", b"{}", grown.replace(b"30.0", b"NaN"), grown.replace(b"30.0", b"0")]
    for body in [*bad, grown.replace(b'"number": 1', b'"number": "x"'), grown.replace(b'"host"', b'"hast"')]:
        with pytest.raises(ValueError):  # noqa: PT011 - the class depends on the defect
            LeaseRecord.from_json(body)


def test_a_lease_may_be_held_for_another_process() -> None:
    """The driver acquires it for the Java process, which may die first."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = Holder.of_process(process.pid)
        assert Liveness.RUNS is holder.life()
        process.kill()
        process.wait()
    assert Liveness.ENDED is holder.life()
