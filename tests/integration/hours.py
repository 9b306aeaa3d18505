"""Produce simulated hours, and wait until they are published and every number of them agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import pytest
from dagster import DagsterInstance

from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from orchestration.landing.sensor.run_tags import hours_of
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import simulate
from producers.simulation.plan import SimulationPlan
from producers.simulation.sent import Sent, SentLedger, read_sent
from producers.simulation.traffic import SimulatedRecord, traffic
from tests.integration.truth import wait_for

LIMIT_SECONDS = 900
"""Fourteen times what four hours take on two idle cores: beside other tests they take four times as long."""


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
        pytest.fail("not every hour agrees:\n" + "\n".join([*map(str, rows.values()), *_runs()]))
    return rows


def _runs() -> Iterator[str]:
    """Describe every run of the instance and what it did last: a slow machine differs from a stuck run by this."""
    with DagsterInstance.get() as instance:
        for record in instance.get_run_records(ascending=True):
            run = record.dagster_run
            events = instance.all_logs(run.run_id)
            last = (
                f"{datetime.fromtimestamp(events[-1].timestamp, UTC):%H:%M:%S} {events[-1].message}" if events else ""
            )
            took = f"{record.start_time or 0:.0f} to {record.end_time or 0:.0f}"
            hours = ", ".join(sorted(hour.partition_key for hour in hours_of(run.tags)))
            yield f"run {run.run_id[:8]} of {hours or run.job_name}: {run.status.value}, {took}, {last}"
