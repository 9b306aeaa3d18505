from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flink_jobs.contracts.layout import (
    LAST_MILLISECOND,
    AcceptedLine,
    Hour,
    Kind,
    LayoutError,
    LinkKey,
    ObjectKey,
    PublicationKey,
    RejectedLine,
    SealKey,
    StreamLayout,
    split_epoch,
)

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without zone
LAST_HOUR = Hour(datetime(9999, 12, 31, 23, tzinfo=UTC))
HOURS = MOMENTS.map(Hour.containing)
EPOCHS = st.builds(
    lambda instance, sequence: f"{instance}.{sequence}", st.from_regex(r"[0-9a-f]{16}", fullmatch=True), st.integers(1)
)
WRITTEN = st.sampled_from([Kind.LANDING, Kind.REJECTED, Kind.LEDGER])


@given(HOURS)
@example(LAST_HOUR)
def test_every_form_of_an_hour_reads_back(hour: Hour) -> None:
    assert [hour] * 4 == [
        Hour.from_path(hour.path),
        Hour.from_partition_key(hour.partition_key),
        Hour.from_label(hour.label),
        Hour.containing(hour.end - timedelta(microseconds=1)),
    ]


@given(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, LAST_MILLISECOND))
@example(LAST_MILLISECOND + 1)
def test_a_record_time_lies_in_its_hour(milliseconds: int) -> None:
    """The job computes the same hour in Java: by integer division, with times before 1970 and after 9999 moved in."""
    hour = Hour.containing_milliseconds(milliseconds)
    assert sorted((0, milliseconds, LAST_MILLISECOND))[1] // 3_600_000 * 3600 == int(hour.start.timestamp())


def test_the_last_hour_ends_and_is_reached() -> None:
    """No `datetime` comes after it."""
    before = LAST_HOUR.plus(-2)
    assert [before, LAST_HOUR.plus(-1), LAST_HOUR] == list(before.until(LAST_HOUR))
    assert [] == list(LAST_HOUR.until(before))
    assert LAST_HOUR.plus(-1).end == LAST_HOUR.start < LAST_HOUR.end


@given(HOURS, HOURS)
def test_paths_sort_as_hours_do(one: Hour, other: Hour) -> None:
    assert (one < other) == (one.path < other.path)


@pytest.mark.parametrize(
    ("moment", "path"),
    [
        (datetime(2025, 8, 1, 1, 59, 59, 999_999, UTC), "2025/08/01/01/"),
        (datetime(2025, 8, 1, 2, tzinfo=UTC), "2025/08/01/02/"),
        (datetime(2024, 2, 29, 23, 30, tzinfo=UTC), "2024/02/29/23/"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025/12/31/23/"),
    ],
)
def test_the_hour_is_that_of_utc(moment: datetime, path: str) -> None:
    assert path == Hour.containing(moment).path


@pytest.mark.parametrize(
    "wrong", ["2025/13/01/00", "2025/02/29/00", "2025/08/01/24", "2025/8/1/3", "", "x2025/08/01/03"]
)
def test_what_is_no_hour_is_an_error(wrong: str) -> None:
    with pytest.raises(LayoutError):
        Hour.from_path(wrong)


def test_a_moment_without_zone_is_an_error() -> None:
    with pytest.raises(LayoutError, match="needs a zone"):
        Hour.containing(datetime(2025, 8, 1, 3))  # noqa: DTZ001 - the mistake under test


@given(HOURS, WRITTEN, EPOCHS, st.sampled_from(["", ".zst", ".gz"]), st.uuids())
def test_a_key_of_the_job_reads_back(hour: Hour, kind: Kind, epoch: str, codec: str, writer: object) -> None:
    """`part-<epoch>-<writer>-<count>` is the name that Flink's file sink makes of the epoch."""
    key = f"{StreamLayout('s-1').hour_prefix(kind, hour)}part-{epoch}-{writer}-0.jsonl{codec}"
    assert (
        ObjectKey(key, "s-1", kind, hour, epoch, codec.lstrip(".")) == ObjectKey.parse(key) == ObjectKey.try_parse(key)
    )


@pytest.mark.parametrize(
    "foreign",
    [
        "platform-events/landing/2025/08/01/03/.part-e85ca4bd91f2.7-u-0.jsonl.inprogress",
        "platform-events/landing/2025/08/01/03/part-e85ca4bd91f2-u-0.jsonl",
        "platform-events/landing/2025/08/01/03/part-e85ca4bd91f2.7-u-0.json",
        "platform-events/seals/2025/08/01/03/part-e85ca4bd91f2.7-u-0.jsonl",
        "platform-events/landing/2025/08/01/part-e85ca4bd91f2.7-u-0.jsonl",
        "a/b/landing/2025/08/01/03/part-e85ca4bd91f2.7-u-0.jsonl",
    ],
)
def test_a_foreign_key_is_an_error(foreign: str) -> None:
    with pytest.raises(LayoutError):
        ObjectKey.parse(foreign)
    assert ObjectKey.try_parse(foreign) is None


@given(HOURS, st.integers(1, 99_999))
def test_a_seal_reads_back(hour: Hour, revision: int) -> None:
    key = StreamLayout().seal_key(hour, revision)
    assert SealKey(key, "platform-events", hour, revision) == SealKey.parse(key)


@given(HOURS, st.integers(1, 99_999), st.integers(0, 10**12))
def test_a_publication_reads_back_with_its_revision_and_its_records(hour: Hour, revision: int, records: int) -> None:
    key = StreamLayout().publication_key(hour, revision, records)
    assert PublicationKey(key, "platform-events", hour, revision, records) == PublicationKey.parse(key)
    with pytest.raises(LayoutError):
        SealKey.parse(key)


@pytest.mark.parametrize("foreign", ["r0001.json", "r1-5.json", "r0001-.json", "r0001-5.json.tmp"])
def test_another_object_below_published_is_an_error(foreign: str) -> None:
    with pytest.raises(LayoutError, match="not a publication"):
        PublicationKey.parse(f"platform-events/published/2025/08/01/03/{foreign}")


@given(st.integers(1, 9_999_999_999), st.integers(1, 9_999_999_999))
def test_a_link_reads_back_and_the_newest_is_listed_first(one: int, other: int) -> None:
    key = StreamLayout().link_key(one)
    assert LinkKey(key, "platform-events", one) == LinkKey.try_parse(key)
    assert (one > other) == (key < StreamLayout().link_key(other))


@pytest.mark.parametrize("foreign", ["platform-events/chain/", "platform-events/chain/9999999998-2.json", "a/b.json"])
def test_a_foreign_key_is_no_link(foreign: str) -> None:
    assert LinkKey.try_parse(foreign) is None


@pytest.mark.parametrize("wrong", ["", "Upper", "a/b", "-a", "a" * 64, "../x"])
def test_a_stream_whose_name_could_leave_its_prefix_is_an_error(wrong: str) -> None:
    with pytest.raises(LayoutError):
        StreamLayout(wrong)


def test_lines_of_the_job_are_read_in_full() -> None:
    """The texts are those that the Java tests expect from the writer."""
    start = '{"topic":"a.b","partition":3,"offset":1234,"timestamp":"2025-08-01T03:59:59.123Z","key":null,'
    accepted = AcceptedLine.model_validate_json(start + '"event":{  "a" : 1 }}')
    assert ({"a": 1}, datetime(2025, 8, 1, 3, 59, 59, 123_000, UTC)) == (accepted.event, accepted.timestamp)
    rejected = RejectedLine.model_validate_json(
        start + '"reason":"not_json","detail":"byte 7: \\"why\\"","payload_base64":"AAECCg==",'
        '"headers":[["trace","AQ=="],["n\\"",null]]}'
    )
    assert ("not_json", [("trace", "AQ=="), ('n"', None)]) == (rejected.reason, rejected.headers)
    assert (b"\0\1\2\n", None) == (rejected.record_value(), rejected.record_key())
    assert [("trace", b"\1"), ('n"', None)] == rejected.record_headers()


@pytest.mark.parametrize(
    ("key", "members"), [(b"a", '"key":"a"'), (None, '"key":null'), (b"a\xff", '"key":"a\ufffd","key_base64":"Yf8="')]
)
def test_a_rejected_record_gives_back_its_exact_key(key: bytes | None, members: str) -> None:
    """A key that is not text is replaced only in its readable form; a tombstone has no value."""
    line = RejectedLine.model_validate_json(
        '{"topic":"t","partition":0,"offset":1,"timestamp":"2025-08-01T03:59:59.123Z","reason":"empty",'
        f'"detail":"byte 0: x","payload_base64":null,{members}}}'
    )
    assert (key, None) == (line.record_key(), line.record_value())


@given(instance=st.from_regex(r"[0-9a-f]{12,32}", fullmatch=True), sequence=st.integers(0))
def test_an_epoch_is_an_instance_and_a_sequence_number(instance: str, sequence: int) -> None:
    """The operator joins both with a point."""
    assert (instance, sequence) == split_epoch(f"{instance}.{sequence}")
