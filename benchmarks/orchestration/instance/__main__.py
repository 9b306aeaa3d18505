"""`python -m benchmarks.orchestration.instance`: time the ticks of a real daemon over years of history."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
import yaml
from dagster import DagsterInstance

from benchmarks.orchestration.instance.history import copy_run
from benchmarks.orchestration.instance.location import FIRST, STREAMS, YEARS_HOURS, defs, documents
from benchmarks.orchestration.sections import Section, shown, write_section
from benchmarks.orchestration.timed import COLUMNS, Timed, machine
from infra.local.settings import PROJECT
from tests.fakes.landing import H1

GATE, GOAL = 5.0, 2.0
TICKS = 6
LIMIT_SECONDS = 600
NEW_HOURS = 3
ASSETS = 20
RUNS = f"{NEW_HOURS * STREAMS} runs"
SENSORS = 3 * STREAMS

app = typer.Typer(add_completion=False)


@app.command()
def run(
    hours: Annotated[int, typer.Option(min=10, help="hours of history of each asset")] = YEARS_HOURS,
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the section into RESULTS.md.")] = False,
) -> None:
    """Fill an instance, start the daemon on it, and read how long its ticks took."""
    home = PROJECT / ".benchmark" / "instance"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    # no run is started: the runs that the ticks request stay queued
    settings = {"concurrency": {"runs": {"max_concurrent_runs": 0}}, "telemetry": {"enabled": False}}
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    os.environ["DAGSTER_HOME"] = str(home)
    fill(home, hours)
    load = psutil.getloadavg()[0]
    with daemon(home):
        durations = wait_for_ticks()
    first, later = summed(durations, slice(0, 1)), summed(durations, slice(1, TICKS)) / (TICKS - 1)
    history = f"{hours:,} hours of {ASSETS} assets, {size_of(home):.1f} GiB of SQLite"
    slowest = max(max(its) for its in durations.values())
    results = [
        Timed("the slowest tick of a sensor, with three new hours", round(slowest, 2), GATE, GOAL, history),
        Timed(f"a round of all {SENSORS} sensors: nothing new", round(later, 2), GATE, GOAL),
        Timed(f"a round of all {SENSORS} sensors: three new hours in each stream", round(first, 2), GATE, GOAL, RUNS),
    ]
    for one in results:
        shown(one)
    shutil.rmtree(home)
    if write:
        text = (
            f"A real daemon with {STREAMS} streams over doubles of bucket, broker and Snowflake, on an instance with "
            "years of runs, tags, materialisations and check results. A round is the sum of one tick of each sensor: "
            f"the daemon evaluates one after the other. {machine(load)}"
        )
        write_section("instance", Section.of(4, "Three years of history", text, COLUMNS, results))


def size_of(home: Path) -> float:
    """Return the size of the databases in GiB."""
    return sum(file.stat().st_size for file in (home / "history").rglob("*.db")) / 2**30


def fill(home: Path, hours: int) -> None:
    """Publish one hour of each stream, and copy its run to the other hours but the new ones."""
    logging.getLogger("dagster").setLevel(logging.WARNING)
    new = {H1.plus(number) for number in range(NEW_HOURS)}
    others = [hour for hour in map(FIRST.plus, range(hours)) if hour not in new]
    example = H1.plus(-1) if H1.plus(-1) in others else others[-1]
    for number in range(STREAMS):
        its = documents[number]
        with DagsterInstance.get() as instance:
            job = defs.resolve_job_def(its.keys.named("publish_hour"))
            made = job.execute_in_process(instance=instance, partition_key=H1.partition_key)
        typer.echo(f"{its.name}: copying {len(others):,} runs")
        copy_run(home, made.run_id, H1, [hour for hour in others if hour != example], its.keys.named("landed_hours"))


@contextmanager
def daemon(home: Path) -> Iterator[None]:
    """Run the daemon with its code server."""
    program = str(Path(sys.executable).with_name("dagster-daemon"))
    command = [program, "run", "-m", "benchmarks.orchestration.instance.location"]
    with (home / "daemon.log").open("w") as log:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def wait_for_ticks() -> dict[str, list[float]]:
    """Wait until every sensor has `TICKS` finished ticks; return their seconds, oldest first."""
    deadline = time.monotonic() + LIMIT_SECONDS
    with DagsterInstance.get() as instance:
        while True:
            found = dict(_ticks(instance))
            if len(found) == SENSORS and all(len(its) >= TICKS for its in found.values()):
                return found
            if time.monotonic() > deadline:
                raise SystemExit(f"not every sensor had {TICKS} ticks after {LIMIT_SECONDS} s: {found}")
            time.sleep(1)


def _ticks(instance: DagsterInstance) -> Iterator[tuple[str, list[float]]]:
    for state in instance.all_instigator_state():
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        failed = [tick for tick in ticks if tick.status.value == "FAILURE"]
        if failed:
            raise SystemExit(f"{state.instigator_name}: {failed[0].error}")
        ended: list[Any] = [tick for tick in ticks if tick.end_timestamp]
        yield state.instigator_name, [tick.end_timestamp - tick.timestamp for tick in reversed(ended)][:TICKS]


def summed(durations: dict[str, list[float]], part: slice) -> float:
    """Add up the ticks of all sensors: the daemon evaluates one after the other."""
    return sum(sum(its[part]) for its in durations.values())


if __name__ == "__main__":
    app()
