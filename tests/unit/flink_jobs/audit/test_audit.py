from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from flink_jobs.audit.audit import Audit, Hours, audit
from flink_jobs.audit.findings import KEPT_PER_CODE, Code, Finding
from flink_jobs.contracts.layout import Hour
from tests.fakes.landed import START, WRITTEN, LandedBucket, entry_of, record

H3 = Hour(START)
H4 = H3.plus(1)
ALL = Hours()
A1, A2, B1 = "aaaaaaaaaaaa.1", "aaaaaaaaaaaa.2", "bbbbbbbbbbbb.1"
A1_H3 = "platform-events/landing/2025/08/01/03/part-aaaaaaaaaaaa.1-0-0.jsonl"
A1_H4 = "platform-events/landing/2025/08/01/04/part-aaaaaaaaaaaa.1-0-0.jsonl"
A2_H4 = "platform-events/landing/2025/08/01/04/part-aaaaaaaaaaaa.2-0-0.jsonl"
A1_REJECTED = "platform-events/rejected/2025/08/01/03/part-aaaaaaaaaaaa.1-0-0.jsonl"
LEDGER = "platform-events/ledger/2025/08/01/05/"


@pytest.fixture
def bucket() -> LandedBucket:
    """Land partition 0 in two epochs over two hours, partition 1 in one epoch of one hour."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 79)
    bucket.land(A2, 80, 109)
    bucket.land(B1, 0, 49, partition=1)
    return bucket


def look(bucket: LandedBucket, *, hours: Hours = ALL, read: bool = True) -> Audit:
    return audit(bucket, bucket.layout, hours=hours, read=read, report=lambda _line: None)


def found(bucket: LandedBucket, *, read: bool = True) -> list[str]:
    return [str(finding) for finding in look(bucket, read=read).findings.kept]


def edit(bucket: LandedBucket, key: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    bucket.bodies[key] = b"".join(change(bucket.bodies[key].splitlines(keepends=True)))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_a_sound_bucket_has_no_findings(suffix: str) -> None:
    """Every line is read, whatever the codec and the cuts between pieces."""
    bucket = LandedBucket(suffix=suffix)
    bucket.land(A1, 0, 79)
    seen = look(bucket)

    assert [] == seen.findings.kept
    assert 80 == seen.read_lines
    assert [H3, H4] == list(seen.listed)


def test_a_dropped_line_differs_from_its_cell_in_every_number(bucket: LandedBucket) -> None:
    """The last line of the object: count, highest offset, sum, newest timestamp and bytes differ."""
    edit(bucket, A1_H3, lambda lines: lines[:-1])

    numbers = {
        "records": (54, 53),
        "max_offset": (59, 58),
        "offset_sum": (1620, 1561),
        "max_timestamp": ("2025-08-01T03:59:00.000Z", "2025-08-01T03:58:00.000Z"),
        "bytes": (594, 583),
    }
    findings = "; ".join(f"{name}: the ledger says {a}, the object holds {b}" for name, (a, b) in numbers.items())
    assert [f"cell_differs: {A1_H3}: t[0]: {findings}"] == found(bucket)
    assert [] == found(bucket, read=False)


def test_a_line_in_two_objects_is_found_with_both(bucket: LandedBucket) -> None:
    """The offset, and the two objects that hold it."""
    line = bucket.bodies[A1_H4].splitlines(keepends=True)[0]
    edit(bucket, A2_H4, lambda lines: [*lines, line])

    assert f"doubled: t[0]: offsets 61 lie in {A1_H4} and in {A2_H4}" in found(bucket)


def test_a_line_twice_in_one_object_is_found(bucket: LandedBucket) -> None:
    """It is found even if only the sums of the cell show it."""
    edit(bucket, A2_H4, lambda lines: [*lines, lines[3]])

    assert f"doubled: t[0]: offsets 84 lie more than once in {A2_H4}" in found(bucket)


def test_a_line_in_another_hour_is_found_with_its_number(bucket: LandedBucket) -> None:
    """The line's own timestamp shows it."""
    line = bucket.bodies[A1_H3].splitlines(keepends=True)[5]
    edit(bucket, A1_H3, lambda lines: [*lines[:5], *lines[6:]])
    edit(bucket, A1_H4, lambda lines: [line, *lines])

    codes = {finding.code for finding in look(bucket).findings.kept}
    assert {Code.WRONG_HOUR, Code.CELL_DIFFERS} == codes
    assert f"wrong_hour: {A1_H4}:1: t[0] offset 6 is of 2025-08-01T03:06:00.000Z, not of this hour" in found(bucket)


def test_a_deleted_object_is_missing_though_nothing_is_read(bucket: LandedBucket) -> None:
    """The listing alone shows it."""
    del bucket.bodies[A1_REJECTED]

    missing = f"object_missing: 2025-08-01T03 rejected: the ledger promises epoch {A1}, no listing has it"
    assert [missing] == found(bucket, read=False)


def test_a_deleted_ledger_object_leaves_a_gap_and_objects_without_a_promise(bucket: LandedBucket) -> None:
    """The writer of the epoch has booked a later epoch, so its objects no longer wait for an entry."""
    bucket.land(B1.replace(".1", ".2"), 50, 59, partition=1)
    bucket.land(B1.replace(".1", ".3"), 60, 69, partition=1)
    del bucket.bodies[f"{LEDGER}part-bbbbbbbbbbbb.2-0-0.jsonl"]

    before, after = ("epoch bbbbbbbbbbbb.1 (job job-1, checkpoint 7)", "epoch bbbbbbbbbbbb.3 (job job-1, checkpoint 7)")
    orphans = (
        f"platform-events/{kind}/2025/08/01/03/part-bbbbbbbbbbbb.2-0-0.jsonl" for kind in ("landing", "rejected")
    )
    since = "no ledger entry promises it, though its writer has booked epoch bbbbbbbbbbbb.3 since"
    assert [
        f"gap: t[1]: offsets 50-59 are in no entry, between {before} and {after}",
        *(f"object_unpromised: {key}: {since}" for key in orphans),
    ] == found(bucket)


def test_a_double_restore_overlaps_and_doubles(bucket: LandedBucket) -> None:
    """The same offsets are booked under another epoch; the finding names both epochs and both jobs."""
    bucket.land("cccccccccccc.1", 70, 95, job="job-2")

    findings = found(bucket)
    assert (
        "overlap: t[0]: offsets 70-79 are booked twice, by epoch aaaaaaaaaaaa.1 (job job-1, checkpoint 7) "
        "and by epoch cccccccccccc.1 (job job-2, checkpoint 7)" in findings
    )
    assert (
        "overlap: t[0]: offsets 80-95 are booked twice, by epoch cccccccccccc.1 (job job-2, checkpoint 7) "
        "and by epoch aaaaaaaaaaaa.2 (job job-1, checkpoint 7)" in findings
    )
    assert {
        f"doubled: t[0]: offsets 71-79 lie in {A1_H4} and in {A1_H4.replace(A1, 'cccccccccccc.1')}",
        f"doubled: t[0]: offsets 81-89,91-95 lie in {A1_H4.replace(A1, 'cccccccccccc.1')} and in {A2_H4}",
    } <= set(findings)


@pytest.mark.parametrize("suffix", [".jsonl.zst", ".jsonl"])
def test_a_truncated_object_is_found(suffix: str) -> None:
    """A truncated frame cannot be read; a truncated line has no line end."""
    bucket = LandedBucket(suffix=suffix)
    put = bucket.land(A1, 0, 59)
    key = next(key for key in put if "/landing/" in key)
    bucket.bodies[key] = bucket.bodies[key][:-9]

    cut_line = {Code.LINE_UNREADABLE, Code.LINE_UNFINISHED, Code.CELL_DIFFERS}
    expected = {Code.OBJECT_UNREADABLE} if suffix.endswith("zst") else cut_line
    assert expected == {finding.code for finding in look(bucket).findings.kept}


def test_changed_bytes_of_a_compressed_object_are_found() -> None:
    """The frame's checksum shows it, even where the lines would still parse."""
    bucket = LandedBucket(suffix=".jsonl.zst")
    key = next(key for key in bucket.land(A1, 0, 59) if "/landing/" in key)
    body = bytearray(bucket.bodies[key])
    body[-2] ^= 1
    bucket.bodies[key] = bytes(body)

    assert [Code.OBJECT_UNREADABLE] == [finding.code for finding in look(bucket).findings.kept]


def test_an_empty_object_and_foreign_keys_are_found(bucket: LandedBucket) -> None:
    """Snowflake reads every object below the directories."""
    bucket.bodies[A1_H3] = b""
    bucket.bodies["platform-events/landing/2025/08/01/03/_SUCCESS"] = b""
    bucket.bodies["platform-events/rejected/README"] = b"hello"
    bucket.bodies["platform-events/ledger/x.jsonl"] = b"{}"
    bucket.bodies["platform-events/landing/2025/08/01/03/"] = b""  # a directory marker

    assert {
        Finding(Code.OBJECT_EMPTY, A1_H3, "no bytes"),
        *(
            Finding(Code.FOREIGN_KEY, key, "the landing job does not write such keys")
            for key in (
                "platform-events/landing/2025/08/01/03/_SUCCESS",
                "platform-events/rejected/README",
                "platform-events/ledger/x.jsonl",
            )
        ),
    } == set(look(bucket, read=False).findings.kept)


def test_a_gap_is_a_finding_only_when_the_ledger_was_listed_again(bucket: LandedBucket) -> None:
    """A listing of several pages can miss an entry and show its successor; here the third listing closes the chain."""
    bucket.land("aaaaaaaaaaaa.3", 110, 119)
    key = f"{LEDGER}part-{A2}-0-0.jsonl"
    body = bucket.bodies.pop(key)
    looks: list[str] = []

    def appear(prefix: str) -> None:
        looks.append(prefix)
        if looks.count(prefix) == 3:
            bucket.bodies[key] = body

    bucket.on_list = appear
    assert [] == found(bucket)
    assert 3 == sum("/ledger/" in prefix for prefix in looks)


def test_a_second_object_of_an_epoch_in_one_hour_is_found(bucket: LandedBucket) -> None:
    """One epoch makes one object per hour and kind."""
    second = A1_H3.replace("-0-0.", "-0-1.")
    bucket.bodies[second] = bucket.bodies[A1_H3]

    assert f"object_twice: {second}: its epoch has another object in this hour" in found(bucket, read=False)


def test_a_damaged_ledger_line_is_found_with_its_line_and_the_rest_is_read(bucket: LandedBucket) -> None:
    """A damaged entry promises nothing, so that its objects are seen as unpromised, too."""
    key = f"{LEDGER}part-{A2}-0-0.jsonl"
    bucket.bodies[key] += b'{"job":'
    findings = found(bucket)

    assert 2 == len(findings)
    assert findings[0] == f"line_unfinished: {key}: the last line has no end: the object was cut"
    assert findings[1].startswith(f"entry_unreadable: {key}:2: Invalid JSON")


def test_an_entry_that_does_not_add_up_is_a_finding_not_an_error(bucket: LandedBucket) -> None:
    """Every sum of an entry is checked: records, reasons, types, and cells against their entry and hour."""
    key = f"{LEDGER}part-{A2}-0-0.jsonl"
    entry = json.loads(bucket.bodies[key])
    entry["records"] += 1
    bucket.bodies[key] = json.dumps(entry).encode() + b"\n"
    assert f"entry_wrong: {key}:1: Value error, the hours of entry {A2} do not add up to its 31 records" in found(
        bucket
    )

    entry["records"] -= 1
    entry["reasons"]["not_json"] += 1
    entry["types"]["A"] += 2
    entry["hours"]["2025-08-01T04"]["accepted"]["max_timestamp"] = "2025-08-01T05:00:00Z"
    bucket.bodies[key] = json.dumps(entry).encode() + b"\n"
    findings = found(bucket, read=False)
    first, last = "2025-08-01T04:21:00.000Z", "2025-08-01T05:00:00.000Z"
    assert [
        f"entry_wrong: {key}:1: 2025-08-01T04 landing: timestamps {first} to {last} lie outside of the hour",
        f"entry_wrong: {key}:1: reasons count 4 records, 3 were rejected",
        f"entry_wrong: {key}:1: types count 29 records, 27 were accepted",
    ] == findings


def test_an_epoch_with_two_entries_for_a_partition_is_added_up(bucket: LandedBucket) -> None:
    """Offsets that go back begin a second entry within the epoch; one object holds the lines of both."""
    key = f"{LEDGER}part-{A2}-0-0.jsonl"
    two = (entry_of(A2, 80, 90), entry_of(A2, 91, 109))
    bucket.bodies[key] = b"".join(json.dumps(entry).encode() + b"\n" for entry in two)

    assert [] == found(bucket)


def test_an_entry_in_the_object_of_another_epoch_is_found(bucket: LandedBucket) -> None:
    """The entry promises objects of its own epoch, and there are none."""
    key = f"{LEDGER}part-{A2}-0-0.jsonl"
    bucket.bodies[key] = bucket.bodies[key].replace(A2.encode(), b"aaaaaaaaaaaa.9")

    assert f"entry_wrong: {key}:1: the entry is of epoch aaaaaaaaaaaa.9, its object of another" in found(bucket)


def test_reasons_are_compared_with_the_rejected_lines(bucket: LandedBucket) -> None:
    """The counts are equal, but the reasons differ."""
    bucket.bodies[A1_REJECTED] = bucket.bodies[A1_REJECTED].replace(b"not_json", b"not_utf8")

    assert [
        f"reasons_differ: t[0]: epoch {A1}: the ledger counts not_json 8, the rejected lines not_json 2, not_utf8 6"
    ] == found(bucket)


@pytest.mark.parametrize(
    "line",
    [
        b"{}\n",
        b"[]\n",
        b"\n",
        b'{"topic":"t"\n',
        record(0, 6)[2].replace(b'"a": "bc"', b'"a": NaN'),
        record(0, 6)[2].replace(b"}}\n", b'},"more":1}\n'),
        record(0, 6)[2].replace(b'"offset":6', b'"offset":"6"'),
        record(0, 6)[2].replace(b".000Z", b"Z"),
        record(0, 6)[2].replace(b'{"a": "bc"}', b"[1]"),
    ],
)
def test_a_line_that_the_job_does_not_write_is_found(bucket: LandedBucket, line: bytes) -> None:
    """Every line parses to its last byte, with exactly the fields of the contract."""
    edit(bucket, A1_H3, lambda lines: [*lines[:5], line, *lines[5:]])

    findings = found(bucket)
    assert findings[0].startswith(f"line_unreadable: {A1_H3}:6: not a line of the landing job")


def test_objects_written_before_their_entry_was_visible_are_no_finding(bucket: LandedBucket) -> None:
    """The ledger is committed last: an epoch that appears between two listings is no finding, and no promise either."""
    late = LandedBucket().land("dddddddddddd.1", 110, 119)
    looks: list[str] = []

    def appear(prefix: str) -> None:
        looks.append(prefix)
        if prefix.endswith("/landing/"):
            bucket.bodies.update(late)

    bucket.on_list = appear
    assert [] == found(bucket)
    assert ["ledger", "landing", "rejected", "ledger"] == [prefix.split("/")[1] for prefix in looks]


def test_an_epoch_that_appears_after_the_listing_promises_nothing_of_it(bucket: LandedBucket) -> None:
    """Objects that landed after the listing of the data cannot be in it."""
    late = LandedBucket().land("dddddddddddd.1", 110, 119)
    looks: list[str] = []

    def appear(prefix: str) -> None:
        looks.append(prefix)
        if len(looks) == 4:
            bucket.bodies.update(late)

    bucket.on_list = appear
    assert [] == found(bucket)


def test_an_object_waits_for_its_entry_only_for_a_while(bucket: LandedBucket) -> None:
    """An object without an entry is a warning until a later entry appears, then an error."""
    key = next(iter(LandedBucket().land("dddddddddddd.1", 111, 119)))
    bucket.bodies[key] = b"x"
    assert [f"object_pending: {key}: no ledger entry promises it yet"] == found(bucket, read=False)
    assert 0 == look(bucket, read=False).findings.errors

    bucket.written[key] = WRITTEN - timedelta(minutes=11)
    assert [Code.OBJECT_UNPROMISED] == [finding.code for finding in look(bucket, read=False).findings.kept]


def test_chosen_hours_bound_what_is_listed_and_read(bucket: LandedBucket) -> None:
    """The whole chain is read; objects of other hours are not listed."""
    del bucket.bodies[A1_H3]
    seen = look(bucket, hours=Hours(H4, H4))

    assert [] == seen.findings.kept
    assert [H4] == list(seen.listed)
    assert 50 == seen.read_lines
    assert [Code.OBJECT_MISSING] == [finding.code for finding in look(bucket, hours=Hours(None, H3)).findings.kept]


def test_every_finding_counts_though_not_every_one_is_kept() -> None:
    """All findings are counted, but only a limited number is kept in memory."""
    bucket = LandedBucket()
    for number in range(KEPT_PER_CODE + 5):
        bucket.bodies[f"platform-events/landing/{number}"] = b"x"
    seen = look(bucket)

    assert KEPT_PER_CODE == len(seen.findings.kept)
    assert KEPT_PER_CODE + 5 == seen.findings.errors


def test_an_object_that_goes_while_it_is_read_is_found(bucket: LandedBucket) -> None:
    """Finished objects never disappear; this one did between its listing and its reading."""

    def vanish(key: str) -> None:
        if key == A1_H3:
            del bucket.bodies[key]

    bucket.on_read = vanish

    assert f"object_changed: {A1_H3}: it was listed, and is gone" in found(bucket)


def test_every_code_is_documented_with_cause_and_repair() -> None:
    """Codes are a closed list, and `docs/ledger.md` explains each of them."""
    document = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \|[^|]+\|[^|]+\|$", document, flags=re.MULTILINE)

    assert sorted(Code) == sorted(rows)
