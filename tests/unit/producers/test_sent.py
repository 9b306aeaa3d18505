from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.events import EventType
from producers.sending.delivery import Delivery, Outcome
from producers.simulation.malformed import Malformation
from producers.simulation.sent import Position, Sent, SentLedger, SentLedgerError, read_sent, sent_hours
from producers.simulation.traffic import SimulatedRecord


def record(
    event_id: str | None, hour: int = 3, organization: str = "acme", model: str | None = None
) -> SimulatedRecord:
    return SimulatedRecord(
        value=b"{}",
        key="k",
        record_time=datetime(2025, 8, 1, hour, 59, 59, 999_000, tzinfo=UTC),
        event_id=event_id,
        organization=organization,
        event_type=EventType.STEP_SUCCESS,
        dbt_model=model,
        malformation=Malformation.EMPTY if event_id is None else None,
    )


def delivery(offset: int | None, outcome: Outcome = Outcome.ACKED) -> Delivery:
    return Delivery(None, "platform-events", None if offset is None else 1, offset, outcome)


def position(offset: int) -> Position:
    return Position("platform-events", 1, offset)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "simulator" / "sent.jsonl"


def test_a_ledger_adds_up_what_was_sent(path: Path) -> None:
    """Sums are positions by hour and fate, ids, usage by organization, models by day, counts of failed and unknown."""
    with SentLedger(path) as ledger:
        ledger.record(record("a"), delivery(0))
        ledger.record(record("b", organization="globex", model="model.g.stg"), delivery(1))
        ledger.record(record(None), delivery(2))
        ledger.record(record("c", hour=4), delivery(3))
        ledger.record(record("d", hour=4), delivery(None, Outcome.UNKNOWN))
        ledger.record(record("e", hour=4), delivery(None, Outcome.FAILED))
    sent = read_sent(path)
    assert ["2025-08-01T03", "2025-08-01T04"] == list(sent.hours)
    third, fourth = sent.hours.values()
    assert ({position(0), position(1)}, {position(2)}, {"a", "b"}) == (third.accepted, third.rejected, third.event_ids)
    assert (3, 0, 0) == (third.produced, third.failed, third.unknown)
    assert (1, 1, 1) == (fourth.produced, fourth.failed, fourth.unknown)
    assert {position(offset) for offset in range(4)} == sent.positions
    assert {"a", "b", "c"} == sent.event_ids
    assert {("2025-08-01T03", "acme"): 1, ("2025-08-01T03", "globex"): 1, ("2025-08-01T04", "acme"): 1} == sent.usage
    assert {"STEP_SUCCESS": 3} == sent.types
    assert {"2025-08-01": {"model.g.stg"}} == sent.models_by_day


def test_an_event_that_was_sent_twice_is_used_once(path: Path) -> None:
    """A resend is another record with the same id: two positions, one event."""
    with SentLedger(path) as ledger:
        ledger.record(record("a"), delivery(0))
        ledger.record(record("a"), delivery(1))
    sent = read_sent(path)
    assert {position(0), position(1)} == sent.positions
    assert {("2025-08-01T03", "acme"): 1} == sent.usage


def test_a_line_has_everything_about_its_record(path: Path) -> None:
    """The line has the form that other tools read."""
    with SentLedger(path) as ledger:
        ledger.record(record(None), delivery(7))
    assert {
        "event_id": None,
        "organization": "acme",
        "event_type": "STEP_SUCCESS",
        "hour": "2025-08-01T03",
        "well_formed": False,
        "topic": "platform-events",
        "partition": 1,
        "offset": 7,
        "outcome": "acked",
        "malformation": "empty",
    } == json.loads(path.read_text())


def test_a_ledger_is_appended_to(path: Path) -> None:
    """A later simulation appends to the records of earlier ones, and each line is written at once."""
    for number in range(3):
        with SentLedger(path) as ledger:
            ledger.record(record(f"e{number}", hour=number), delivery(number))
            assert number + 1 == len(path.read_text().splitlines())
    assert {"2025-08-01T00", "2025-08-01T01", "2025-08-01T02"} == sent_hours(path)


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_line_that_a_crash_has_cut_counts_for_nothing(path: Path, cut: int) -> None:
    """The other lines stay, and the next one begins on a new line."""
    with SentLedger(path) as ledger:
        ledger.record(record("a"), delivery(0))
        ledger.record(record("b"), delivery(1))
    path.write_bytes(path.read_bytes()[:-cut])
    assert {"a"} == read_sent(path).event_ids
    with SentLedger(path) as ledger:
        ledger.record(record("c"), delivery(2))
    assert {"a", "c"} == read_sent(path).event_ids


def test_no_ledger_is_an_empty_one(path: Path) -> None:
    """Before the first simulation nothing was sent."""
    assert Sent() == read_sent(path)
    assert frozenset() == sent_hours(path)


def test_a_foreign_line_is_named(path: Path) -> None:
    """A file that is not a ledger is an error with its line, not an empty result."""
    path.parent.mkdir()
    path.write_text('{"hour":"2025-08-01T03","outcome":"acked","well_formed":true}\n[]\n')
    with pytest.raises(SentLedgerError, match=r"sent\.jsonl:2: not a line"):
        sent_hours(path)
