from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry

WRITTEN = (
    '{"job":"job","job_id":"00000000000000000000000000000000","checkpoint":42,"subtask":0,'
    '"epoch":"e85ca4bd91f20011.7","topic":"t","partition":0,'
    '"first_offset":7,"last_offset":11,"records":5,"offset_sum":45,"holes":0,"hours":{'
    '"2025-06-10T23":{"accepted":{"records":1,"min_offset":10,"max_offset":10,"offset_sum":10,'
    '"min_timestamp":"2025-06-10T23:59:59.999Z","max_timestamp":"2025-06-10T23:59:59.999Z","bytes":10}},'
    '"2025-06-11T00":{"accepted":{"records":2,"min_offset":7,"max_offset":8,"offset_sum":15,'
    '"min_timestamp":"2025-06-11T00:00:00.001Z","max_timestamp":"2025-06-11T00:00:00.002Z","bytes":20},'
    '"rejected":{"records":2,"min_offset":9,"max_offset":11,"offset_sum":20,'
    '"min_timestamp":"2025-06-11T00:00:00.000Z","max_timestamp":"2025-06-11T00:00:00.000Z","bytes":10}}},'
    '"reasons":{"missing:x":1,"not_json":1},"types":{"A":2,"other":1},"flags":{"clock_skew":2,"unknown_type":1}}'
)
"""What the Java tests expect from the operator, byte for byte."""


def test_an_entry_of_the_operator_is_read_in_full() -> None:
    entry = LedgerEntry.model_validate_json(WRITTEN)
    assert WRITTEN == entry.model_dump_json(exclude_unset=True).replace(":00.001000Z", ":00.001Z").replace(
        ":00.002000Z", ":00.002Z"
    ).replace("59.999000Z", "59.999Z").replace('"2025-06-11T00:00:00Z"', '"2025-06-11T00:00:00.000Z"')


def test_an_entry_without_flags_is_read() -> None:
    """Flags are absent if no record has one, and in all entries of operators that did not count them."""
    entry = LedgerEntry.model_validate_json(WRITTEN.replace(',"flags":{"clock_skew":2,"unknown_type":1}', ""))
    assert {} == entry.flags


def test_an_entry_promises_an_object_for_each_hour_and_kind_with_records() -> None:
    early, late = Hour.from_label("2025-06-10T23"), Hour.from_label("2025-06-11T00")
    promised = [(early, Kind.LANDING), (late, Kind.LANDING), (late, Kind.REJECTED)]
    assert promised == LedgerEntry.model_validate_json(WRITTEN).promises()


@given(st.sampled_from(["records", "offset_sum", "holes", "first_offset", "last_offset"]), st.integers(1, 10**12))
def test_an_entry_that_does_not_add_up_is_refused(field: str, error: int) -> None:
    """Every number of an entry is checked against another one."""
    entry: dict[str, Any] = LedgerEntry.model_validate_json(WRITTEN).model_dump()
    with pytest.raises(ValidationError):
        LedgerEntry.model_validate(entry | {field: entry[field] + error})


def test_sums_beyond_64_bits_are_read() -> None:
    huge = 2**63 - 3
    text = WRITTEN.split('"first_offset"', maxsplit=1)[0] + (
        f'"first_offset":{huge},"last_offset":{huge + 1},"records":2,"offset_sum":{2 * huge + 1},"holes":0,"hours":'
        f'{{"2025-06-11T00":{{"accepted":{{"records":2,"min_offset":{huge},"max_offset":{huge + 1},'
        f'"offset_sum":{2 * huge + 1},"min_timestamp":"2025-06-11T00:00:00Z","max_timestamp":"2025-06-11T00:00:00Z",'
        '"bytes":20}}},"reasons":{},"types":{"A":2}}'
    )
    assert 2 * huge + 1 == LedgerEntry.model_validate_json(text).offset_sum


def test_a_field_that_the_contract_does_not_know_is_refused() -> None:
    """An entry of a newer operator must not be read in part."""
    with pytest.raises(ValidationError):
        LedgerEntry.model_validate_json(WRITTEN.replace('"job":', '"new":1,"job":'))


def with_holes(**fields: Any) -> LedgerEntry:
    """An entry of the offsets 10, 14 and 15: it begins at 7, so 7-9 and 11-13 are holes."""
    cell = {
        "records": 3, "min_offset": 10, "max_offset": 15, "offset_sum": 39, "bytes": 3,
        "min_timestamp": "2025-06-11T00:00:00Z", "max_timestamp": "2025-06-11T00:00:00Z",
    }  # fmt: skip
    entry: dict[str, Any] = {
        "job": "job", "job_id": "0" * 32, "checkpoint": 1, "subtask": 0, "epoch": "e.1", "topic": "t", "partition": 0,
        "first_offset": 7, "last_offset": 15, "records": 3, "offset_sum": 39, "holes": 6,
        "hours": {"2025-06-11T00": {"accepted": cell}},
    }  # fmt: skip
    return LedgerEntry.model_validate(entry | fields)


def test_holes_are_named_so_that_the_broker_can_be_asked_about_them() -> None:
    assert ((7, 9), (11, 13)) == with_holes(hole_ranges=[[7, 9], [11, 13]]).hole_ranges


def test_an_entry_of_before_holes_were_named_is_still_valid() -> None:
    assert () == with_holes().hole_ranges


@pytest.mark.parametrize(
    "wrong",
    [
        [[7, 9]],
        [[7, 9], [11, 12]],
        [[7, 9], [11, 14]],
        [[11, 13], [7, 9]],
        [[7, 9], [10, 12]],
        [[6, 8], [11, 13]],
        [[7, 9], [13, 15]],
        [[9, 7], [11, 13]],
    ],
)
def test_holes_that_do_not_add_up_or_lie_elsewhere_are_refused(wrong: list[list[int]]) -> None:
    """Each range lies inside the entry, behind the one before and apart from it; together they are all holes."""
    with pytest.raises(ValidationError, match="holes"):
        with_holes(hole_ranges=wrong)


def test_entries_of_earlier_releases_are_read() -> None:
    """They count repeated offsets and have no topic id; half an identity distinguishes nothing."""
    assert 3 == with_holes(repeated=3).repeated
    assert with_holes().identity is None
    assert with_holes(topic_id="wSCkbKqZTQuJ8Ysf9iYD1w").identity is None
    both = with_holes(cluster_id="cluster", topic_id="wSCkbKqZTQuJ8Ysf9iYD1w").identity
    assert "wSCkbKqZTQuJ8Ysf9iYD1w in the cluster cluster" == str(both)
