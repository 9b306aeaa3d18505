"""The demo: six hours of simulated traffic through the whole chain, and the proof table of every hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.processes import StackError
from infra.local.publication import Proof, wait_until_published
from infra.local.stack import Stack
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import default_ledger, simulate
from producers.simulation.plan import SimulationPlan, plan_hours
from producers.simulation.sent import SentLedger, sent_hours


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The traffic of the demo, and its time limit.

    Args:
        hours: full hours before now, without those that an earlier demo sent.
        events_per_hour: records, malformed ones included.
        malformed: share of malformed records, 0 to 1.
        shards: databases of origin.
        seconds_max: longest wait until every hour is published.
    """

    hours: int = 6
    events_per_hour: int = 10_000
    malformed: float = 0.01
    shards: int = 2
    seconds_max: float = 600.0


def run_demo(stack: Stack, plan: DemoPlan, report: Callable[[str], None]) -> Proof:
    """Send, relay, wait, and return the proof of every hour of every stream.

    1. Start the relay of Dagster's own events into their own stream.
    2. Send the hours that no earlier demo has sent.
    3. Wait until every full hour with records is published.

    Raises:
        StackError: a record was not acknowledged.
    """
    stack.start_relay()
    simulate_new_hours(plan, report)
    return wait_until_published(stack.settings, plan.seconds_max, report)


def simulate_new_hours(plan: DemoPlan, report: Callable[[str], None]) -> None:
    """Send the last full hours that are not in the simulator's ledger."""
    producer_settings = ProducerSettings()
    hours = plan_hours(datetime.now(UTC), plan.hours, sent_hours(default_ledger(producer_settings)))
    if not hours:
        report("every full hour was sent before: nothing to simulate")
        return
    events = plan.events_per_hour * len(hours)
    report(f"simulating {events:,} events, {plan.malformed:.0%} of them malformed, over {len(hours)} hours")
    simulation = SimulationPlan(hours=hours, events=events, malformed=plan.malformed, shards=plan.shards)
    send(simulation, producer_settings)


def send(plan: SimulationPlan, settings: ProducerSettings) -> None:
    """Send simulated traffic, and note in the simulator's ledger what was sent.

    Raises:
        StackError: a record was not acknowledged.
    """
    with SentLedger(default_ledger(settings)) as ledger:
        sent = simulate(plan, EventProducer(settings), ledger)
    if not sent.complete:
        raise StackError(
            f"{sent.acked:,} of {plan.events:,} records are in the topic: {sent.stopped or 'see the logs'}"
        )
