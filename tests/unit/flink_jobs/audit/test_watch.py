from __future__ import annotations

import pytest

from flink_jobs.audit.watch import Watch
from flink_jobs.errors import UnreachableError
from tests.fakes.landed import LandedBucket

A1, A2, A3 = "aaaaaaaaaaaa.1", "aaaaaaaaaaaa.2", "aaaaaaaaaaaa.3"
A1_H3 = "platform-events/landing/2025/08/01/03/part-aaaaaaaaaaaa.1-0-0.jsonl"


def findings(watch: Watch) -> list[str]:
    return [str(finding) for finding in watch.findings.kept]


def test_data_before_its_entry_and_entries_out_of_order_are_normal() -> None:
    """A listed object may not be promised yet, and the later of two entries may be seen first."""
    bucket = LandedBucket()
    watch = Watch(bucket, bucket.layout)
    for key, body in LandedBucket().land(A1, 0, 29).items():
        bucket.bodies[key] = body
        watch.poll()
    bucket.land(A3, 60, 79)
    watch.poll()
    bucket.land(A2, 30, 59)
    watch.poll()

    assert [] == findings(watch)
    assert 5 == watch.polls


def test_an_entry_before_its_data_is_found_once() -> None:
    """The promise is broken at the moment of the poll, whatever appears later."""
    bucket = LandedBucket()
    watch = Watch(bucket, bucket.layout)
    put = bucket.land(A1, 1, 9)
    del bucket.bodies[A1_H3]
    watch.poll()
    watch.poll()
    bucket.bodies.update(put)
    watch.poll()

    assert [f"object_missing: 2025-08-01T03 landing: the ledger promises epoch {A1}, no listing has it"] == findings(
        watch
    )


def test_an_object_that_changes_or_goes_is_found() -> None:
    """Finished objects never change."""
    bucket = LandedBucket()
    bucket.land(A1, 1, 9)
    watch = Watch(bucket, bucket.layout)
    watch.poll()
    before = bucket.bodies[A1_H3]
    bucket.bodies[A1_H3] = before + b"x"
    watch.poll()
    del bucket.bodies[A1_H3]
    watch.poll()

    changed = f"it had {len(before)} bytes and ETag {hash(before)}, now {len(before) + 1} and {hash(before + b'x')}"
    assert f"object_changed: {A1_H3}: {changed}" in findings(watch)
    assert f"object_changed: {A1_H3}: it was listed, and is gone" in findings(watch)


def test_a_foreign_key_is_found_once_and_its_going_is_no_change() -> None:
    """Removing it is the repair that the finding asks for."""
    bucket = LandedBucket()
    bucket.land(A1, 1, 9)
    strange = {f"{A1_H3}-copy", "platform-events/ledger/copy", "platform-events/landing/copy"}
    bucket.bodies |= dict.fromkeys(strange, b"")
    watch = Watch(bucket, bucket.layout)
    watch.poll()
    watch.poll()
    bucket.bodies = {key: body for key, body in bucket.bodies.items() if key not in strange}
    watch.poll()

    expected = [f"foreign_key: {key}: the landing job does not write such keys" for key in strange]
    assert sorted(expected) == sorted(findings(watch))


def test_an_overlap_is_found_at_once() -> None:
    """No later entry can repair it."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 29)
    bucket.land("bbbbbbbbbbbb.1", 20, 49, job="job-2")
    watch = Watch(bucket, bucket.layout)
    watch.poll()

    assert findings(watch)[0].startswith("overlap: t[0]: offsets 20-29 are booked twice")


def test_a_poll_that_fails_loses_no_entry() -> None:
    """The bucket becomes unavailable while the ledger is read; the next poll reads the rest."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 29)
    bucket.land("bbbbbbbbbbbb.1", 20, 49)

    def away(key: str) -> None:
        raise UnreachableError(key)

    bucket.on_read = away
    watch = Watch(bucket, bucket.layout)
    with pytest.raises(UnreachableError):
        watch.poll()
    bucket.on_read = lambda _key: None
    watch.poll()

    assert findings(watch)[0].startswith("overlap: t[0]: offsets 20-29 are booked twice")
