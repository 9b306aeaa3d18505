from __future__ import annotations

import json

import pytest

from flink_jobs.contracts.layout import Kind
from orchestration.landing.errors import SealConflictError, SealUnreadableError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.links import Link, digest
from orchestration.landing.proof.seal import (
    Seal,
    draft_seal,
    fingerprint,
    latest_seal,
    newest_seal_keys,
    read_seals,
    write_seal,
)
from tests.fakes.landing import H1, FakeLanding, minutes

KEY_1 = "platform-events/seals/2025/08/01/01/r0001.json"
LINK_1 = "platform-events/chain/9999999998-1.json"


def draft(fake: FakeLanding) -> Seal:
    complete, evidence = prove(fake.stream, Request(H1))
    return draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())


def seal(fake: FakeLanding) -> Seal:
    return write_seal(fake.bucket, fake.stream.layout, draft(fake))


def linked(first: Seal) -> Seal:
    """Return the seal as the first one of the chain."""
    return first.model_copy(update={"link": Link(number=1)})


def late_record(fake: FakeLanding) -> None:
    """Produce and land one more record of hour 01, at the end of partition 0."""
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())


def test_a_seal_has_what_the_ledger_promised_of_the_hour(fake: FakeLanding) -> None:
    """The seal has offsets 0-2 of partition 0, one of them rejected, and offsets 0-1 of partition 1."""
    found = seal(fake)
    assert (1, 4, 1, {"not_json": 1}) == (found.revision, found.accepted, found.rejected, found.reasons)
    assert [(0, 0, 2, 2, 1), (1, 0, 1, 2, 0)] == [
        (p.partition, p.first_offset, p.last_offset, p.accepted, p.rejected) for p in found.partitions
    ]
    assert {("landing", "0123456789ab.1", 2), ("landing", "0123456789ab.2", 2), ("rejected", "0123456789ab.1", 1)} == {
        (item.kind, item.epoch, item.records) for item in found.objects
    }
    assert [LINK_1, "platform-events/seals/2025/08/01/01/r0001.json"] == fake.bucket.written


def test_a_seal_is_readable_and_reads_back(fake: FakeLanding) -> None:
    """The object in the bucket is readable JSON, and gives the same seal."""
    found = seal(fake)
    body = fake.bucket.objects["platform-events/seals/2025/08/01/01/r0001.json"]
    assert "2025-08-01T01" == json.loads(body)["hour"]
    assert found == latest_seal(fake.bucket, fake.stream.layout, H1)
    assert {H1: found} == read_seals(fake.bucket, newest_seal_keys(fake.bucket, fake.stream.layout))


def test_the_same_objects_are_not_sealed_twice(fake: FakeLanding) -> None:
    """A repeated run gets the existing seal, at any time."""
    first = seal(fake)
    fake.clock.sleep(3600)
    assert first == seal(fake)
    assert 2 == len(fake.bucket.written), "a link and a seal"


def test_late_records_make_the_next_revision(fake: FakeLanding) -> None:
    """Revision 2 names its predecessor, and has one object and one record more."""
    first = seal(fake)
    late_record(fake)
    second = seal(fake)
    assert (2, first.fingerprint) == (second.revision, second.previous_fingerprint)
    assert digest(first.body()) == second.previous_sha256
    assert Link(number=2, previous_key=KEY_1, previous_sha256=digest(first.body())) == second.link
    assert (first.accepted + 1, len(first.objects) + 1) == (second.accepted, len(second.objects))
    assert second == latest_seal(fake.bucket, fake.stream.layout, H1)


def test_of_two_writers_with_the_same_objects_one_writes(fake: FakeLanding) -> None:
    """The second finds the seal, compares, and takes it."""
    theirs = linked(draft(fake).model_copy(update={"sealed_at": fake.clock.utc_now()}))
    fake.bucket.rivals += [(LINK_1, theirs.body()), (fake.stream.layout.seal_key(H1, 1), theirs.body())]
    assert theirs == seal(fake)
    assert [] == fake.bucket.written


def test_a_writer_that_died_between_link_and_seal_is_finished_by_the_next_one(fake: FakeLanding) -> None:
    """The link has the seal's bytes: the seal of the dead writer is there before ours."""
    theirs = linked(draft(fake))
    fake.bucket.objects[LINK_1] = theirs.body()
    complete, evidence = prove(fake.stream, Request(H1.plus(1)))
    ours = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    written = write_seal(fake.bucket, fake.stream.layout, ours)
    assert theirs == latest_seal(fake.bucket, fake.stream.layout, H1)
    assert written.link == Link(
        number=2,
        previous_key="platform-events/seals/2025/08/01/01/r0001.json",
        previous_sha256=digest(theirs.body()),
    )


def test_writers_of_different_hours_get_one_order(fake: FakeLanding) -> None:
    """Another writer is first with each of the first three numbers: ours is the fourth, and follows the third."""
    first = linked(draft(fake))
    bodies = [first.body()]
    for number in (2, 3):
        link = Link(number=number, previous_key=f"r{number - 1}", previous_sha256=digest(bodies[-1]))
        bodies.append(first.model_copy(update={"hour": H1.plus(-number), "link": link}).body())
    for number, body in enumerate(bodies, start=1):
        fake.bucket.rivals += [(fake.stream.layout.link_key(number), body), ("other", b"")]
    complete, evidence = prove(fake.stream, Request(H1.plus(1)))
    ours = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    found = write_seal(fake.bucket, fake.stream.layout, ours).link
    assert found is not None
    assert (4, digest(bodies[2])) == (found.number, found.previous_sha256)


def test_a_seal_of_an_earlier_release_that_comes_between_is_refused(fake: FakeLanding) -> None:
    """Our link is written, and the other release has no chain: the next run sees its seal."""
    theirs = draft(fake).model_copy(update={"version": 1})
    fake.bucket.rivals += [("other", b""), (fake.stream.layout.seal_key(H1, 1), theirs.body())]
    with pytest.raises(SealConflictError, match="a writer of an earlier release"):
        seal(fake)
    assert theirs == seal(fake)


def test_a_writer_that_saw_more_follows_with_its_own_revision(fake: FakeLanding) -> None:
    """The other writer sealed without the late record."""
    theirs = linked(draft(fake))
    late_record(fake)
    fake.bucket.rivals.append((LINK_1, theirs.body()))
    assert (2, theirs.fingerprint) == ((ours := seal(fake)).revision, ours.previous_fingerprint)


def test_a_writer_that_saw_less_is_refused(fake: FakeLanding) -> None:
    """The other writer already has the late record: our view is old, and the run proves the hour again."""
    ours = draft(fake)
    late_record(fake)
    theirs = linked(draft(fake))
    fake.bucket.rivals.append((LINK_1, theirs.body()))
    with pytest.raises(SealConflictError, match="is gone or changed"):
        write_seal(fake.bucket, fake.stream.layout, ours)


def test_a_sealed_object_that_changed_is_never_sealed_over(fake: FakeLanding) -> None:
    """Objects do not change, so this one was tampered with, or lost and written again."""
    seal(fake)
    key = next(key for key in fake.bucket.objects if "/landing/2025/08/01/01/" in key)
    fake.bucket.objects[key] += b"more"
    with pytest.raises(SealConflictError, match=key):
        seal(fake)


def test_an_answer_that_got_lost_after_the_write_is_found_again(fake: FakeLanding) -> None:
    """The client retries and finds the object, which is its own."""
    ours = draft(fake)
    written = linked(ours)
    fake.bucket.rivals.append((LINK_1, written.body()))
    assert written == write_seal(fake.bucket, fake.stream.layout, ours)


def test_the_fingerprint_is_of_keys_bytes_and_etags_in_any_order(fake: FakeLanding) -> None:
    """The sensor uses listed objects, the run sealed ones; both have the same fingerprint."""
    found = draft(fake)
    assert fingerprint(found.objects) == fingerprint(reversed(found.objects)) == found.fingerprint
    assert fingerprint(found.objects[1:]) != found.fingerprint


def test_a_damaged_seal_is_an_error_with_its_key(fake: FakeLanding) -> None:
    """A seal is evidence, so it is not skipped in favour of an older one."""
    fake.bucket.objects[fake.stream.layout.seal_key(H1, 1)] = b"{}"
    with pytest.raises(SealUnreadableError, match=r"r0001\.json"):
        latest_seal(fake.bucket, fake.stream.layout, H1)


def test_other_files_among_seals_are_skipped(fake: FakeLanding) -> None:
    """A file of notes is not a revision."""
    fake.bucket.objects[fake.stream.layout.hour_prefix(Kind.SEALS, H1) + "notes.txt"] = b"x"
    assert latest_seal(fake.bucket, fake.stream.layout, H1) is None
    assert {} == read_seals(fake.bucket, newest_seal_keys(fake.bucket, fake.stream.layout))
