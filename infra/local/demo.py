"""The demonstration: six hours of simulated traffic through the whole chain, and the proof that every hour agrees."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.processes import StackError
from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import simulate
from producers.simulation.plan import SimulationPlan, plan_hours
from producers.simulation.sent import SentLedger, sent_hours

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo sends.

    Args:
        hours: full hours before now; those that an earlier demo sent are not sent again.
        events_per_hour: records, malformed ones included.
        malformed: share of them, 0 to 1.
        seconds_max: limit of the wait until every hour is published.
    """

    hours: int = 6
    events_per_hour: int = 10_000
    malformed: float = 0.01
    shards: int = 2
    seconds_max: float = 600.0


def run_demo(stack: Stack, plan: DemoPlan, report: Callable[[str], None]) -> list[ProofRow]:
    """Send, relay, wait, and return the proof of every full hour.

    1. The simulator sends the hours that no earlier demo has sent.
    2. Only then Dagster's own events follow: their record time is now, and the simulated hours would be late behind
       them.
    3. Every full hour that has records is waited for until it is published.

    Raises:
        StackError: when the hours are not published within the limit.
    """
    simulate_new_hours(stack.settings, plan, report)
    stack.start_relay()
    return wait_until_published(stack.settings, plan.seconds_max, report)


def simulate_new_hours(settings: LocalSettings, plan: DemoPlan, report: Callable[[str], None]) -> None:
    """Send the last full hours that the simulator's ledger does not have."""
    path = settings.data_dir / "simulator" / "sent.jsonl"
    hours = plan_hours(datetime.now(UTC), plan.hours, sent_hours(path))
    if not hours:
        report("every full hour is there already: nothing new to simulate")
        return
    events = plan.events_per_hour * len(hours)
    report(f"simulating {events:,} events, {plan.malformed:.0%} of them malformed, over {len(hours)} hours")
    simulation = SimulationPlan(hours=hours, events=events, malformed=plan.malformed, shards=plan.shards)
    with SentLedger(path) as ledger:
        sent = simulate(simulation, EventProducer(ProducerSettings()), ledger)
    if not sent.complete:
        raise StackError(f"{sent.acked:,} of {events:,} records are in the topic: {sent.stopped or 'see the logs'}")


def wait_until_published(settings: LocalSettings, seconds_max: float, report: Callable[[str], None]) -> list[ProofRow]:
    """Wait until every full hour agrees, telling what changes."""
    deadline = time.monotonic() + seconds_max
    told = ""
    while True:
        rows = [row for row in proof_rows(settings) if row.is_full(datetime.now(UTC))]
        now = f"{sum(row.state == 'published' for row in rows)} of {len(rows)} hours published"
        if now != told:
            report(now)
            told = now
        if rows and all(row.agree for row in rows):
            return rows
        if time.monotonic() > deadline:
            return rows
        time.sleep(POLL_SECONDS)
