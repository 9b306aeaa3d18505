"""The demonstration: six hours of simulated traffic through the whole chain, and the proof that every hour agrees."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dagster import DagsterInstance

from flink_jobs.contracts.layout import Hour
from infra.local import dagster_runs
from infra.local.processes import StackError
from infra.local.produced import produced_per_hour
from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from orchestration.landing.proof.report import published_hours
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import default_ledger, simulate
from producers.simulation.plan import SimulationPlan, plan_hours
from producers.simulation.sent import SentLedger, sent_hours

POLL_SECONDS = 1.0


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
        StackError: a record was not acknowledged.
    """
    simulate_new_hours(plan, report)
    stack.start_relay()
    return wait_until_published(stack.settings, plan.seconds_max, report)


def simulate_new_hours(plan: DemoPlan, report: Callable[[str], None]) -> None:
    """Send the last full hours that the simulator's ledger does not have."""
    producer_settings = ProducerSettings()
    path = default_ledger(producer_settings)
    hours = plan_hours(datetime.now(UTC), plan.hours, sent_hours(path))
    if not hours:
        report("every full hour is there already: nothing new to simulate")
        return
    events = plan.events_per_hour * len(hours)
    report(f"simulating {events:,} events, {plan.malformed:.0%} of them malformed, over {len(hours)} hours")
    simulation = SimulationPlan(hours=hours, events=events, malformed=plan.malformed, shards=plan.shards)
    with SentLedger(path) as ledger:
        sent = simulate(simulation, EventProducer(producer_settings), ledger)
    if not sent.complete:
        raise StackError(f"{sent.acked:,} of {events:,} records are in the topic: {sent.stopped or 'see the logs'}")


def wait_until_published(settings: LocalSettings, seconds_max: float, report: Callable[[str], None]) -> list[ProofRow]:
    """Wait until every full hour of the topic is published, no run is left, and all hops agree.

    Where the limit passes first, the rows show what is missing. Comparing all hops costs more than asking Dagster,
    so it waits for Dagster's word.
    """
    deadline = time.monotonic() + seconds_max
    told = ""
    while True:
        full = full_hours(settings)
        published = full & published_now()
        late = time.monotonic() > deadline
        line = f"{len(published)} of {len(full)} hours published"
        if line != told:
            report(line)
            told = line
        if late or (full and published == full and not dagster_runs.unfinished()):
            rows = [row for row in proof_rows(settings) if Hour.from_label(row.hour) in full]
            if late or all(row.agree for row in rows):
                return rows
        time.sleep(POLL_SECONDS)


def full_hours(settings: LocalSettings) -> set[Hour]:
    """Name the hours that are over and have records in the topic."""
    now = datetime.now(UTC)
    return {hour for hour in map(Hour.from_label, produced_per_hour(settings)) if hour.end <= now}


def published_now() -> set[Hour]:
    """Ask the Dagster instance which hours passed their checks."""
    with DagsterInstance.get() as instance:
        return published_hours(instance)
