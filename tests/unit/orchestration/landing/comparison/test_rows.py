"""`rows_queryable`: rows are compared with the ledger by count, by offsets, and for NULLs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.landing.clients.table_rows import RowGroup
from orchestration.landing.comparison.rows import compare_rows
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import Seal, draft_seal
from tests.fakes.landing import H1, FakeLanding


@pytest.fixture
def seal(fake: FakeLanding) -> Seal:
    """Hour 01: offsets 0 and 2 of partition 0 in one object, 0 and 1 of partition 1 in another."""
    complete, evidence = prove(fake.stream, Request(H1))
    return draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())


@pytest.fixture
def rows(fake: FakeLanding) -> tuple[RowGroup, ...]:
    """The rows that the table shows after a refresh."""
    fake.table.refresh(H1)
    return fake.table.client.rows(H1)


def without_contents(seal: Seal) -> Seal:
    """Return the seal as an earlier release wrote it."""
    return seal.model_copy(update={"objects": tuple(item.model_copy(update={"contents": ()}) for item in seal.objects)})


def test_a_healthy_hour_is_queryable(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """The rows are right per object and partition, and in total."""
    found = compare_rows(seal, rows)
    assert (True, "4 rows are queryable", 4, 4, 0) == (
        found.passed,
        found.sentence,
        found.numbers["accepted"],
        found.numbers["queryable"],
        found.numbers["objects_compared_by_count_alone"],
    )


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"records": 1, "offsets": 1, "offset_sum": 0, "max_offset": 0}, "1 rows of offsets 0-0, sum 0"),
        ({"offsets": 1, "offset_sum": 0, "max_offset": 0}, "2 rows of offsets 0-0, 1 different, sum 0"),
        ({"offset_sum": 7, "max_offset": 7}, "2 rows of offsets 0-7, sum 7"),
        ({"offset_sum": None, "min_offset": None, "max_offset": None, "offsets": 0}, "2 rows of no offset"),
        ({"partition": 4}, "nothing"),
        ({"topic": None}, "nothing"),
    ],
    ids=["lost", "lost and doubled", "replaced", "no offset", "another partition", "no topic"],
)
def test_rows_with_other_offsets_are_red_and_named(
    seal: Seal, rows: tuple[RowGroup, ...], change: dict[str, Any], shown: str
) -> None:
    """Most of these leave the number of rows as it was sealed."""
    first = next(group for group in rows if group.partition == 0)
    found = compare_rows(seal, [replace(first, **change), *(group for group in rows if group is not first)])
    expected = f"{first.key}, platform-events[0]: sealed 2 rows of offsets 0-2, sum 2; queryable {shown}"
    assert not found.passed
    assert expected in found.numbers["differing"]  # type: ignore[operator]  # a list of texts


def test_rows_whose_sum_is_right_by_chance_are_red(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """Of the offsets 1 to 4 the inner two are lost and the outer two doubled: count, sum and ends are right."""
    content = (
        seal.objects[0]
        .contents[0]
        .model_copy(update={"records": 4, "offset_sum": 10, "min_offset": 1, "max_offset": 4})
    )
    item = seal.objects[0].model_copy(update={"records": 4, "contents": (content,)})
    sealed = seal.model_copy(update={"objects": (item,), "accepted": 4})
    group = replace(rows[0], key=item.key, partition=content.partition, records=4, offset_sum=10, max_offset=4)
    assert compare_rows(sealed, [replace(group, min_offset=1, offsets=4)]).passed
    assert not compare_rows(sealed, [replace(group, min_offset=1, offsets=2)]).passed


def test_objects_that_make_up_for_each_other_are_red(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """The total is right and both objects are wrong."""
    first, second = rows
    found = compare_rows(seal, [replace(first, records=3), replace(second, records=1)])
    assert (False, 4) == (found.passed, found.numbers["queryable"])


def test_rows_of_a_file_that_is_not_sealed_are_red(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """They would be read as part of the hour."""
    found = compare_rows(seal, [*rows, replace(rows[0], key="copy.jsonl", records=1)])
    assert ["copy.jsonl: sealed 0 rows, queryable 1"] == found.numbers["differing"]


def test_a_null_in_a_required_column_is_red_and_named(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """Every offset is right; the sentence names the column and the rows."""
    found = compare_rows(seal, [replace(group, nulls={"ORGANIZATION": 2, "EVENT_ID": 1}) for group in rows])
    assert (False, ["EVENT_ID: 2 rows", "ORGANIZATION: 4 rows"]) == (found.passed, found.numbers["nulls"])
    assert "ORGANIZATION is NULL in 4 of 4 rows" in found.sentence


def test_a_seal_whose_objects_do_not_add_up_is_red(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """Each object has its rows, and the seal claims one accepted record more."""
    found = compare_rows(seal.model_copy(update={"accepted": 5}), rows)
    assert (False, "2025-08-01T01: 4 rows, 5 were accepted") == (found.passed, found.sentence)


def test_a_seal_of_an_earlier_release_is_compared_by_count_and_says_so(seal: Seal, rows: tuple[RowGroup, ...]) -> None:
    """It reads as before, a lost row is red, and the result names what was not compared."""
    earlier = Seal.model_validate_json(without_contents(seal).model_dump_json(exclude_defaults=True))
    found = compare_rows(earlier, rows)
    assert (True, 2) == (found.passed, found.numbers["objects_compared_by_count_alone"])
    assert "4 rows are queryable; 2 objects were sealed without offsets and compared by count alone" == found.sentence
    short = compare_rows(earlier, [replace(rows[0], records=1), rows[1]])
    assert (False, [f"{rows[0].key}: sealed 2 rows, queryable 1"]) == (short.passed, short.numbers["differing"])
