"""The ledger of the benchmark of usage."""

from __future__ import annotations

from benchmarks.models.usage import ORGANIZATIONS, REPEATED_EVERY, Record, kept_records, ledger

COUNT = 5_000


def test_the_ledger_keeps_the_first_record_of_each_event() -> None:
    """As it is counted with all records in memory."""
    firsts: dict[int, Record] = {}
    for number in range(COUNT):
        repeats = number >= ORGANIZATIONS and number % REPEATED_EVERY == 0
        event, record = number - ORGANIZATIONS if repeats else number, Record.of(number)
        firsts[event] = min(firsts.get(event, record), record, key=lambda one: one.order)
    assert sorted(firsts.values(), key=lambda one: one.offset) == sorted(
        kept_records(COUNT), key=lambda one: one.offset
    )


def test_days_are_the_sums_of_their_hours() -> None:
    """No event is in two of them."""
    hours, days = ledger(COUNT)
    assert (
        sum(row[0] for row in hours.values()) == sum(row[0] for row in days.values()) == len(list(kept_records(COUNT)))
    )
