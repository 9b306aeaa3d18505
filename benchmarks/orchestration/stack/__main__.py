"""`python -m benchmarks.orchestration.stack`: measure a backlog and one large hour on the real stack."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import psutil
import typer
from dagster import DagsterInstance

from benchmarks.orchestration.stack.hours import (
    first_stream,
    send,
    wait_for,
    wait_until_landed,
    wait_until_published,
)
from flink_jobs.contracts.clock import SystemClock
from infra.local import dagster_runs
from infra.local.ports import free_ports
from infra.local.processes import wait_until_healthy
from infra.local.servers import dagster
from infra.local.settings import PORT_FIELDS, PROJECT, LocalSettings
from infra.local.stack import Stack

HERE = Path(__file__).parent
FIRST = datetime(2025, 8, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS_PER_HOUR = 600
LARGE_HOUR = 100_000

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Measured:
    """Wall seconds, and the runs that published the hours."""

    what: str
    seconds: float
    gate_seconds: float
    goal_seconds: float
    runs: int
    cores: int
    load_before: float


@app.command()
def run(
    hours: Annotated[int, typer.Option(min=4, help="hours of the backlog")] = 72,
    *,
    write: Annotated[bool, typer.Option("--write", help="Write results.json.")] = False,
) -> None:
    """Let a backlog land without the daemon, start it, and time it; then one hour of 100,000 records."""
    folder = PROJECT / ".benchmark" / "orchestration"
    shutil.rmtree(folder, ignore_errors=True)
    ports = dict(zip(PORT_FIELDS, free_ports(len(PORT_FIELDS)), strict=True))
    settings = LocalSettings.model_validate({"data_dir": folder, **ports})
    stack = Stack(settings, typer.echo)
    try:
        stack.up()
        results = [measure_backlog(stack, hours), measure_large_hour(stack, hours)]
    finally:
        stack.down(now=True)
    for one in results:
        typer.echo(f"{one.what}: {one.seconds} s, {one.runs} runs")
    if write:
        text = json.dumps([asdict(one) for one in results], indent=1)
        (HERE / "results.json").write_text(text + "\n", encoding="utf-8")


def measure_backlog(stack: Stack, hours: int) -> Measured:
    """Time the start of the daemon to the last publication; the landing job is at rest by then."""
    stack.table.stop("dagster-daemon")
    wanted = [FIRST + number * HOUR for number in range(hours)]
    # one more hour, so that time goes on behind the last one
    send(stack.settings, [*wanted, FIRST + hours * HOUR], (hours + 1) * EVENTS_PER_HOUR)
    stream = first_stream()
    wait_until_landed(stream, (hours + 1) * EVENTS_PER_HOUR)
    load = psutil.getloadavg()[0]
    before, started = number_of_runs(), SystemClock().utc_now()
    start_daemon(stack)
    ended = wait_until_published(stream, wanted)
    wait_for(lambda: not dagster_runs.unfinished(), "the end of the runs")
    finished = SystemClock().utc_now()
    typer.echo(f"the last hour was published after {(ended - started).total_seconds():.1f} s")
    return Measured(
        what=f"backlog of {hours} hours of {EVENTS_PER_HOUR} records, with dbt: daemon start to the end of the runs",
        seconds=round((finished - started).total_seconds(), 1),
        gate_seconds=240,
        goal_seconds=120,
        runs=number_of_runs() - before,
        cores=os.cpu_count() or 0,
        load_before=round(load, 2),
    )


def measure_large_hour(stack: Stack, hours: int) -> Measured:
    """Time the ledger entry that makes an hour complete to the publication of the hour; the sensor runs."""
    large, following = FIRST + (hours + 1) * HOUR, FIRST + (hours + 2) * HOUR
    stream, load = first_stream(), psutil.getloadavg()[0]
    landed = (hours + 1) * EVENTS_PER_HOUR
    before = number_of_runs()
    send(stack.settings, [large], LARGE_HOUR)
    wait_until_landed(stream, landed + LARGE_HOUR)
    send(stack.settings, [following], EVENTS_PER_HOUR)
    wait_until_landed(stream, landed + LARGE_HOUR + EVENTS_PER_HOUR)
    complete = SystemClock().utc_now()
    ended = wait_until_published(stream, [large])
    return Measured(
        what=f"one hour of {LARGE_HOUR:,} records: complete to published",
        seconds=round((ended - complete).total_seconds(), 1),
        gate_seconds=30,
        goal_seconds=15,
        runs=number_of_runs() - before,
        cores=os.cpu_count() or 0,
        load_before=round(load, 2),
    )


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
