"""`python -m benchmarks.orchestration.stack`: measure a backlog and one large hour on the real stack."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import psutil
import typer
from dagster import DagsterInstance

from benchmarks.orchestration.sections import Section, shown, write_section
from benchmarks.orchestration.stack.hours import (
    first_stream,
    wait_for,
    wait_until_landed,
    wait_until_published,
)
from benchmarks.orchestration.timed import COLUMNS, Timed, machine
from flink_jobs.contracts.clock import SystemClock
from infra.local import dagster_runs
from infra.local.demo import send
from infra.local.ports import free_ports
from infra.local.processes import wait_until_healthy
from infra.local.servers import dagster
from infra.local.settings import PORT_FIELDS, PROJECT, LocalSettings
from infra.local.stack import Stack
from producers.settings import ProducerSettings
from producers.simulation.plan import SimulationPlan

FIRST = datetime(2025, 8, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS_PER_HOUR = 600
LARGE_HOUR = 100_000

app = typer.Typer(add_completion=False)


@app.command()
def run(
    hours: Annotated[int, typer.Option(min=4, help="hours of the backlog")] = 72,
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the section into RESULTS.md.")] = False,
) -> None:
    """Let a backlog land without the daemon, start it, and time it; then one hour of 100,000 records."""
    folder = PROJECT / ".benchmark" / "orchestration"
    shutil.rmtree(folder, ignore_errors=True)
    ports = dict(zip(PORT_FIELDS, free_ports(len(PORT_FIELDS)), strict=True))
    settings = LocalSettings.model_validate({"data_dir": folder, **ports})
    stack = Stack(settings, typer.echo)
    try:
        stack.up()
        load = psutil.getloadavg()[0]
        results = [shown(measure_backlog(stack, hours)), shown(measure_large_hour(hours))]
    finally:
        stack.down(now=True)
    if write:
        text = (
            "The whole stack on this machine, from an empty start: Kafka, two landing jobs, S3 server, local "
            f"Snowflake, Dagster with two runs at a time, dbt. {machine(load)}"
        )
        write_section("stack", Section.of(3, "A backlog and a large hour", text, COLUMNS, results))


def measure_backlog(stack: Stack, hours: int) -> Timed:
    """Time the start of the daemon to the last publication; the landing job is at rest by then."""
    stack.table.stop("dagster-daemon")
    wanted = [FIRST + number * HOUR for number in range(hours)]
    # one more hour, so that time goes on behind the last one
    send_hours([*wanted, FIRST + hours * HOUR], (hours + 1) * EVENTS_PER_HOUR)
    stream = first_stream()
    wait_until_landed(stream, (hours + 1) * EVENTS_PER_HOUR)
    before, started = number_of_runs(), SystemClock().utc_now()
    start_daemon(stack)
    ended = wait_until_published(stream, wanted)
    wait_for(lambda: not dagster_runs.unfinished(), "the end of the runs")
    finished = SystemClock().utc_now()
    return Timed(
        what=f"backlog of {hours} hours of {EVENTS_PER_HOUR} records, with dbt: daemon start to the end of the runs",
        seconds=round((finished - started).total_seconds(), 1),
        gate=240,
        goal=120,
        detail=f"{number_of_runs() - before} runs; the last hour was published after "
        f"{(ended - started).total_seconds():.0f} s",
    )


def measure_large_hour(hours: int) -> Timed:
    """Time the ledger entry that makes an hour complete to the publication of the hour; the sensor runs."""
    large, following = FIRST + (hours + 1) * HOUR, FIRST + (hours + 2) * HOUR
    stream = first_stream()
    landed = (hours + 1) * EVENTS_PER_HOUR
    before = number_of_runs()
    send_hours([large], LARGE_HOUR)
    wait_until_landed(stream, landed + LARGE_HOUR)
    send_hours([following], EVENTS_PER_HOUR)
    wait_until_landed(stream, landed + LARGE_HOUR + EVENTS_PER_HOUR)
    complete = SystemClock().utc_now()
    ended = wait_until_published(stream, [large])
    return Timed(
        what=f"one hour of {LARGE_HOUR:,} records: complete to published",
        seconds=round((ended - complete).total_seconds(), 1),
        gate=30,
        goal=15,
        detail=f"{number_of_runs() - before} runs",
    )


def send_hours(hours: Sequence[datetime], events: int) -> None:
    """Send simulated records of some hours."""
    send(SimulationPlan(hours=tuple(hours), events=events), ProducerSettings())


def start_daemon(stack: Stack) -> None:
    """Start the daemon and wait for its heartbeats."""
    (program,) = [one for one in dagster.programs(stack.settings) if one.name == "dagster-daemon"]
    wait_until_healthy(program, stack.table.start(program))


def number_of_runs() -> int:
    """Count the runs of the instance."""
    with DagsterInstance.get() as instance:
        return instance.get_runs_count()


if __name__ == "__main__":
    app()
