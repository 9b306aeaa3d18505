from __future__ import annotations

import json

import pytest

from flink_jobs.contracts.layout import Kind
from orchestration.landing.errors import SealConflictError, SealUnreadableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import Seal, draft_seal, fingerprint, latest_seal, latest_seals, write_seal
from tests.fakes.world import H1, World, minutes


def draft(world: World) -> Seal:
    complete, evidence = prove(world.stream, Request(H1))
    return draft_seal("platform-events", complete, evidence.entries, world.clock.now())


def seal(world: World) -> Seal:
    return write_seal(world.bucket, world.stream.layout, draft(world))


def late_record(world: World) -> None:
    """Produce and land one more record of hour 01, at the end of partition 0."""
    world.broker.records[0] += minutes(40)
    world.job.land(0, 7, 7, world.clock.now())


def test_a_seal_says_what_the_ledger_promised_of_the_hour(world: World) -> None:
    """Partition 0 has offsets 0-2 of hour 01, one of them rejected; partition 1 has 0-1."""
    found = seal(world)
    assert (1, 4, 1, {"not_json": 1}) == (found.revision, found.accepted, found.rejected, found.reasons)
    assert [(0, 0, 2, 2, 1), (1, 0, 1, 2, 0)] == [
        (p.partition, p.first_offset, p.last_offset, p.accepted, p.rejected) for p in found.partitions
    ]
    assert {("landing", "0123456789ab.1", 2), ("landing", "0123456789ab.2", 2), ("rejected", "0123456789ab.1", 1)} == {
        (item.kind, item.epoch, item.records) for item in found.objects
    }
    assert ["platform-events/seals/2025/08/01/01/r0001.json"] == world.bucket.written


def test_a_seal_is_readable_and_reads_back(world: World) -> None:
    """The object in the bucket is JSON of one level of words, and gives the same seal."""
    found = seal(world)
    body = world.bucket.objects["platform-events/seals/2025/08/01/01/r0001.json"]
    assert "2025-08-01T01" == json.loads(body)["hour"]
    assert found == latest_seal(world.bucket, world.stream.layout, H1)
    assert {H1: found} == latest_seals(world.bucket, world.stream.layout)


def test_the_same_objects_are_not_sealed_twice(world: World) -> None:
    """A repeated run gets the seal that stands, whatever the time is."""
    first = seal(world)
    world.clock.wait(3600)
    assert first == seal(world)
    assert 1 == len(world.bucket.written)


def test_late_records_make_the_next_revision(world: World) -> None:
    """Revision 2 names its predecessor, and has one object and one record more."""
    first = seal(world)
    late_record(world)
    second = seal(world)
    assert (2, first.fingerprint) == (second.revision, second.previous_fingerprint)
    assert (first.accepted + 1, len(first.objects) + 1) == (second.accepted, len(second.objects))
    assert second == latest_seal(world.bucket, world.stream.layout, H1)


def test_of_two_writers_with_the_same_objects_one_writes(world: World) -> None:
    """The second finds the seal there, compares, and takes it."""
    theirs = draft(world).model_copy(update={"sealed_at": world.clock.now()})
    key = world.stream.layout.seal_key(H1, 1)
    world.bucket.rivals.append((key, theirs.model_dump_json().encode()))
    assert theirs == seal(world)
    assert [] == world.bucket.written


def test_a_writer_that_saw_more_follows_with_its_own_revision(world: World) -> None:
    """The other one sealed without the late record."""
    theirs = draft(world)
    late_record(world)
    world.bucket.rivals.append((world.stream.layout.seal_key(H1, 1), theirs.model_dump_json().encode()))
    assert (2, theirs.fingerprint) == ((ours := seal(world)).revision, ours.previous_fingerprint)


def test_a_writer_that_saw_less_is_refused(world: World) -> None:
    """The other one has the late record already: our view is old, and the run proves the hour again."""
    ours = draft(world)
    late_record(world)
    theirs = draft(world)
    world.bucket.rivals.append((world.stream.layout.seal_key(H1, 1), theirs.model_dump_json().encode()))
    with pytest.raises(SealConflictError, match="no longer listed"):
        write_seal(world.bucket, world.stream.layout, ours)


def test_a_sealed_object_that_changed_is_never_sealed_over(world: World) -> None:
    """Objects do not change: this one was tampered with, or lost and written again."""
    seal(world)
    key = next(key for key in world.bucket.objects if "/landing/2025/08/01/01/" in key)
    world.bucket.objects[key] += b"more"
    with pytest.raises(SealConflictError, match=key):
        seal(world)


def test_an_answer_that_got_lost_after_the_write_is_found_again(world: World) -> None:
    """The client retries, hears that the object exists, and it is its own."""
    ours = draft(world)
    world.bucket.rivals.append((world.stream.layout.seal_key(H1, 1), ours.model_dump_json(indent=1).encode()))
    assert ours == write_seal(world.bucket, world.stream.layout, ours)


def test_the_fingerprint_is_of_keys_bytes_and_etags_in_any_order(world: World) -> None:
    """The sensor has listed objects, the run sealed ones: both name the same set."""
    found = draft(world)
    assert fingerprint(found.objects) == fingerprint(reversed(found.objects)) == found.fingerprint
    assert fingerprint(found.objects[1:]) != found.fingerprint


def test_a_damaged_seal_is_an_error_with_its_key(world: World) -> None:
    """A seal is evidence: it is not skipped for an older one."""
    world.bucket.objects[world.stream.layout.seal_key(H1, 1)] = b"{}"
    with pytest.raises(SealUnreadableError, match=r"r0001\.json"):
        latest_seal(world.bucket, world.stream.layout, H1)


def test_other_files_beside_seals_are_passed_over(world: World) -> None:
    """Somebody's notes are no revision."""
    world.bucket.objects[world.stream.layout.hour_prefix(Kind.SEALS, H1) + "notes.txt"] = b"x"
    assert latest_seal(world.bucket, world.stream.layout, H1) is None
    assert {} == latest_seals(world.bucket, world.stream.layout)
