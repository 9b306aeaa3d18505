"""Transactional topics: only what was committed lands; every other offset is a hole that the broker confirms."""

from __future__ import annotations

from itertools import pairwise

from flink_jobs.ledger import LedgerEntry
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import Raw, event
from tests.integration.truth import Position, read_landed, readable_positions, topic_positions


def events(first: int, count: int) -> list[Raw]:
    return [Raw(event(number), partition=number % 2) for number in range(first, first + count)]


def holes(ledger: list[LedgerEntry]) -> set[Position]:
    return {
        (entry.topic, entry.partition, offset)
        for entry in ledger
        for first, last in entry.hole_ranges
        for offset in range(first, last + 1)
    }


def test_committed_records_land_and_all_other_offsets_are_attested_holes(new_stack: NewStack) -> None:
    """Aborted and committed transactions, a kill and a change of parallelism where holes lie at the seam.

    Landed = what an independent reader of committed records gets; holes = the rest of the offsets up to the last
    landed one, of which that reader gets nothing; entries chain over every seam.
    """
    stack = new_stack(partitions=2)
    stack.start_job()
    aborted = stack.produce_in_transaction(events(0, 20), commit=False)
    committed = stack.produce_in_transaction(events(20, 20))
    stack.wait_until_landed(committed)
    stack.kill_job()
    aborted |= stack.produce_in_transaction(events(40, 30), commit=False)
    stack.start_job()
    committed |= stack.produce_in_transaction(events(70, 20))
    stack.wait_until_landed(committed)
    stack.stop_job()
    aborted |= stack.produce_in_transaction(events(90, 10), commit=False)
    stack.start_job(parallelism=2)
    committed |= stack.produce(events(100, 10))
    stack.wait_until_landed(committed)

    landed, ledger = read_landed(stack.settings), stack.ledger()
    assert set() == landed.doubled
    assert committed == set(landed.accepted)
    assert readable_positions(stack.settings) == committed
    begins = {entry.partition: entry.first_offset for entry in reversed(ledger)}
    offsets = {position for position in topic_positions(stack.settings) if position[2] >= begins[position[1]]}
    assert offsets - committed == holes(ledger)
    assert set() == holes(ledger) & readable_positions(stack.settings)
    assert {position for position in aborted if position in offsets} < holes(ledger)
    assert [] == [
        (before, entry)
        for before, entry in pairwise(ledger)
        if before.partition == entry.partition and before.last_offset + 1 != entry.first_offset
    ]


def test_records_of_an_open_transaction_wait_and_keep_their_order(new_stack: NewStack) -> None:
    """Behind an open transaction nothing lands, not even what others have committed; its end releases all of it."""
    stack = new_stack(partitions=2)
    stack.start_job()
    early = stack.produce(events(0, 10))
    stack.wait_until_landed(early)
    with stack.transaction() as transaction:
        open_ones = transaction.send(events(10, 10))
        behind = stack.produce(events(20, 10))
        checkpoint = stack.checkpoints_completed()
        stack.wait_for_checkpoints(checkpoint + 3)
        assert early == set(read_landed(stack.settings).accepted)
        transaction.end(commit=True)
    stack.wait_until_landed(behind)

    assert early | open_ones | behind == set(read_landed(stack.settings).accepted)
