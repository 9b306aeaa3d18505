from __future__ import annotations

import json

from flink_jobs.audit.audit import Audit, Hours, audit, compare_with_broker
from flink_jobs.contracts.layout import Hour
from producers.kafka import OffsetRange
from tests.fakes.broker_reader import FakeBrokerReader
from tests.fakes.landed import START, LandedBucket

A1, A2 = "aaaaaaaaaaaa.1", "aaaaaaaaaaaa.2"
LEDGER = "platform-events/ledger/2025/08/01/05/part-aaaaaaaaaaaa.1-0-0.jsonl"
ALL = Hours()


def look(bucket: LandedBucket, reader: FakeBrokerReader, *, read: bool = True, hours: Hours = ALL) -> Audit:
    seen = audit(bucket, bucket.layout, hours=hours, read=read, report=lambda _line: None)
    compare_with_broker(seen, reader, ["t"], hours, lambda _line: None)
    return seen


def found(bucket: LandedBucket, reader: FakeBrokerReader, *, read: bool = True) -> list[str]:
    return [str(finding) for finding in look(bucket, reader, read=read).findings.kept]


def with_hole(offset: int) -> LandedBucket:
    """Land 1 to 59, and book one offset as a hole: remove its line and take it out of its cell and counts."""
    bucket = LandedBucket()
    bucket.land(A1, 1, 59)
    data = "platform-events/landing/2025/08/01/03/part-aaaaaaaaaaaa.1-0-0.jsonl"
    lines = bucket.bodies[data].splitlines(keepends=True)
    bucket.bodies[data] = b"".join(line for line in lines if json.loads(line)["offset"] != offset)
    entry = json.loads(bucket.bodies[LEDGER])
    cell = entry["hours"]["2025-08-01T03"]["accepted"]
    for counted in (entry, cell):
        counted["records"] -= 1
        counted["offset_sum"] -= offset
    cell["bytes"] -= 11
    entry["holes"] = 1
    entry["types"]["A"] -= 1
    bucket.bodies[LEDGER] = json.dumps(entry).encode() + b"\n"
    return bucket


def test_a_partition_that_landed_to_its_end_has_no_lag() -> None:
    """Lag is the number of offsets behind the last booked one, also where nothing is booked."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 59)
    seen = look(bucket, FakeBrokerReader({0: OffsetRange(0, 60), 1: OffsetRange(5, 12), 2: OffsetRange(7, 7)}))

    assert [] == seen.findings.kept
    assert {("t", 0): 0, ("t", 1): 7, ("t", 2): 0} == {chain.at: its.lag for chain, its in seen.coverage.items()}


def test_a_hole_where_nothing_can_be_read_is_a_hole() -> None:
    """At a transaction marker or an aborted record the consumer gets nothing either."""
    reader = FakeBrokerReader({0: OffsetRange(0, 60)}, unreadable={0, 33})

    assert [] == found(with_hole(33), reader)
    assert [] == found(with_hole(33), reader, read=False)


def test_a_skipped_record_does_not_pass_for_a_hole() -> None:
    """An independent consumer reads it; the finding names its offset if all lines were read, else its entry."""
    reader = FakeBrokerReader({0: OffsetRange(1, 60)})

    assert ["hole_readable: t[0]: offsets 33 can be read, and lie in no object"] == found(with_hole(33), reader)
    assert [(0, "33")] == reader.asked
    counted = "of offsets 1-59 59 can be read, 58 are booked; epoch aaaaaaaaaaaa.1 (job job-1, checkpoint 7)"
    assert [f"hole_readable: t[0]: {counted} counts 1 holes"] == found(with_hole(33), reader, read=False)


def test_of_an_entry_that_lists_its_holes_only_these_are_read() -> None:
    """The offset is known without reading lines."""
    bucket = with_hole(33)
    entry = json.loads(bucket.bodies[LEDGER])
    bucket.bodies[LEDGER] = json.dumps(entry | {"hole_ranges": [[33, 33]]}).encode() + b"\n"
    reader = FakeBrokerReader({0: OffsetRange(1, 60)})

    findings = (
        "hole_readable: t[0]: offsets 33 can be read; epoch aaaaaaaaaaaa.1 (job job-1, checkpoint 7) counts 1 holes"
    )
    assert [findings] == found(bucket, reader, read=False)
    assert [(0, "33")] == reader.asked
    assert [] == found(bucket, FakeBrokerReader({0: OffsetRange(1, 60)}, unreadable={33}), read=False)


def test_offsets_below_the_low_watermark_are_skipped() -> None:
    """The broker has deleted them, so it is unknown whether they were readable."""
    reader = FakeBrokerReader({0: OffsetRange(40, 60)})

    assert [] == found(with_hole(33), reader)
    assert [] == found(with_hole(33), reader, read=False)
    assert [] == reader.asked


def test_records_before_the_first_entry_that_can_be_read_never_landed() -> None:
    """The job begins at the earliest record, so a readable record before its first entry was left out."""
    bucket = LandedBucket()
    bucket.land(A1, 30, 59)

    reader = FakeBrokerReader({0: OffsetRange(20, 60)}, unreadable=set(range(23, 30)))
    assert ["never_landed: t[0]: offsets 20-22 can be read, the first entry begins at 30"] == found(bucket, reader)
    assert [] == found(bucket, FakeBrokerReader({0: OffsetRange(20, 60)}, unreadable=set(range(20, 30))))


def test_offsets_that_the_broker_never_had_are_found() -> None:
    """The broker was rolled back, or restored from an older copy."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 59)

    findings = ["beyond_broker: t[0]: offsets 50-59 are booked, the broker ends at 50"]
    assert findings == found(bucket, FakeBrokerReader({0: OffsetRange(0, 50)}))
    findings = ["beyond_broker: t[0]: offsets 59-59 are booked, the broker ends at 59"]
    assert findings == found(bucket, FakeBrokerReader({0: OffsetRange(0, 59)}))


def test_with_chosen_hours_holes_are_read_by_entry() -> None:
    """Offsets of hours that were not read are no holes."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 99)
    reader = FakeBrokerReader({0: OffsetRange(0, 100)})

    assert [] == look(bucket, reader, hours=Hours(Hour(START), Hour(START))).findings.kept
    assert [] == reader.asked
