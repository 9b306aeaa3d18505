"""Produce simulated hours, and wait until they are published and every number of them agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import pytest

from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import simulate
from producers.simulation.plan import SimulationPlan
from producers.simulation.sent import Sent, SentLedger, read_sent
from producers.simulation.traffic import SimulatedRecord, traffic
from tests.integration.truth import wait_for

LIMIT_SECONDS = 240


def send(
    settings: LocalSettings,
    hours: tuple[datetime, ...],
    events: int,
    interrupt: Callable[[], None] = lambda: None,
) -> Sent:
    """Send simulated hours to the topic, with an interruption in the middle; every record must be acked."""
    path = settings.data_dir / "simulator" / "sent.jsonl"
    plan = SimulationPlan(hours=hours, events=events)
    with SentLedger(path) as ledger:
        records = interrupted(traffic(plan), events // 2, interrupt)
        report = simulate(plan, EventProducer(ProducerSettings()), ledger, records=records)
    assert report.complete, report
    return read_sent(path)


def interrupted(
    records: Iterable[SimulatedRecord], after: int, interrupt: Callable[[], None]
) -> Iterator[SimulatedRecord]:
    """Yield the records, and call the interruption between two of them."""
    for number, record in enumerate(records):
        if number == after:
            interrupt()
        yield record


def rows_of(settings: LocalSettings, stream: str = "platform_events") -> dict[str, ProofRow]:
    """Return the rows of one stream by hour."""
    return {row.hour: row for row in proof_rows(settings) if row.stream == stream}


def wait_until_agreed(settings: LocalSettings, hours: int, stream: str = "platform_events") -> dict[str, ProofRow]:
    """Wait until at least this many hours of a stream are published and each agrees; an hour can end meanwhile."""
    rows: dict[str, ProofRow] = {}

    def agreed() -> bool:
        rows.update(rows_of(settings, stream))
        return len(rows) >= hours and all(row.agree for row in rows.values())

    try:
        wait_for(agreed, seconds_max=LIMIT_SECONDS, what=f"{hours} hours that agree", poll_seconds=1)
    except TimeoutError:
        pytest.fail("not every hour agrees:\n" + "\n".join(map(str, rows.values())))
    return rows
