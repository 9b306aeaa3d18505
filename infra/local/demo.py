"""The demo: six hours of simulated traffic through the whole chain, and the proof table of every hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flink_jobs.contracts.layout import Hour
from infra.local import dagster_runs
from infra.local.processes import StackError
from infra.local.produced import produced_per_hour
from infra.local.proof import ProofRow, proof_rows
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from infra.local.streams import streams
from orchestration.landing.report.hours import published_hours
from orchestration.settings import StreamAccess
from orchestration.stream.binding import proven_stream
from orchestration.stream.document import StreamDocument
from producers.client import EventProducer
from producers.settings import ProducerSettings
from producers.simulate import default_ledger, simulate
from producers.simulation.plan import SimulationPlan, plan_hours
from producers.simulation.sent import SentLedger, sent_hours

POLL_SECONDS = 1.0


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


@dataclass(frozen=True, slots=True)
class DemoProof:
    """The proof of every stream: rows of full hours and of the running hour.

    `agreed` is whether there are full hours and all of them agree; the running hour has nothing to agree with yet.
    """

    rows: list[ProofRow]
    agreed: bool


def run_demo(stack: Stack, plan: DemoPlan, report: Callable[[str], None]) -> DemoProof:
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


def wait_until_published(settings: LocalSettings, seconds_max: float, report: Callable[[str], None]) -> DemoProof:
    """Wait until every full hour of every stream is published, no run is left, all hops agree, and no stream is empty.

    After the limit, return the rows as they are. The hops are compared only when all hours are published,
    because the comparison is expensive.
    """
    deadline = time.monotonic() + seconds_max
    # a client of the bucket costs more than the listing: each stream keeps its own from one look to the next
    watched = [(entry.document, proven_stream(entry.document, StreamAccess())) for entry in streams()]
    reported = ""
    while True:
        full = {(one.name, hour) for one, _ in watched for hour in full_hours(settings, one)}
        published = full & {(one.name, hour) for one, stream in watched for hour in published_hours(stream)}
        late = time.monotonic() > deadline
        line = f"{len(published)} of {len(full)} hours published"
        if line != reported:
            report(line)
            reported = line
        if late or (full and published == full and not dagster_runs.unfinished()):
            rows = proof_rows(settings)
            agreed = {(row.stream, Hour.from_label(row.hour)) for row in rows if row.agree} >= full
            shown = {row.stream for row in rows} == {one.name for one, _ in watched}
            if late or (agreed and shown):
                return DemoProof(rows, agreed=agreed and bool(full))
        time.sleep(POLL_SECONDS)


def full_hours(settings: LocalSettings, document: StreamDocument) -> set[Hour]:
    """Return the hours that are over and have records in the topics of a stream."""
    now = datetime.now(UTC)
    return {hour for hour in map(Hour.from_label, produced_per_hour(settings, document.topics)) if hour.end <= now}
