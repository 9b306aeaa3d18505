"""`python -m benchmarks.landing`: measure, report, and the servers in between."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.landing.campaign import Campaign, MeasurementFailed, Runner, empty_task
from benchmarks.landing.compared import COMPARISONS, run_comparison
from benchmarks.landing.counting.journal import (
    append,
    circumstances,
    commit,
    newest_batch,
    read_loads,
    read_measurements,
)
from benchmarks.landing.counting.usage import UsageError
from benchmarks.landing.live import LOADS, Pace, all_good, run_load
from benchmarks.landing.paired import Pairing, Side, require_checkout, run_pairs
from benchmarks.landing.peer import CODECS, PeerFailed
from benchmarks.landing.registry import MODULES, peer_named
from benchmarks.landing.reporting.report import write_report
from benchmarks.landing.reporting.summary import OURS
from benchmarks.landing.settings import HERE, BenchmarkSettings
from benchmarks.landing.workload.servers import alone, running_servers, server_names, start_servers, stop_servers
from benchmarks.landing.workload.store import Store
from benchmarks.landing.workload.topic import TopicIncomplete, create_topic
from flink_jobs.errors import LandingJobError
from infra.local.processes import StackError
from infra.local.settings import PROJECT

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The landing job beside its peers.")
SET_UP_WRONG = 2


def say(line: str) -> None:
    """Print progress on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@app.command()
def run(  # noqa: PLR0913  each is an option of the command line
    *,
    peers: Annotated[str, typer.Option(help="names with commas between")] = ",".join(MODULES),
    codecs: Annotated[str, typer.Option(help="codecs with commas between")] = ",".join(CODECS),
    sizes: Annotated[str, typer.Option(help="records of a topic, ascending, with commas between")] = "500000,5000000",
    slow: Annotated[str, typer.Option(help="peers that get --slow-sizes instead")] = "quixstreams",
    slow_sizes: Annotated[str, typer.Option(help="like --sizes")] = "100000,500000",
    runs: Annotated[int, typer.Option(min=1)] = 3,
    kill: Annotated[bool, typer.Option(help="and once more with a kill -9 half-way")] = False,
    output: Annotated[Path | None, typer.Option(help="also write the report into this folder")] = None,
    batch: Annotated[str, typer.Option(help="goes on with a batch of this name; the commit by default")] = "",
) -> None:
    """Measure; what a batch already holds is not measured again."""
    settings = BenchmarkSettings()
    campaign = Campaign(
        batch=batch or commit(),
        peers=_known(peers.split(","), MODULES, "peer"),
        codecs=_known(codecs.split(","), CODECS, "codec"),
        sizes=_sizes(sizes),
        slow=_known(slow.split(","), MODULES, "peer"),
        slow_sizes=_sizes(slow_sizes),
        runs=runs,
    )
    with running_servers(settings, say):
        Runner(campaign, settings, say).run()
    if kill:
        whole = settings.model_copy(update={"s3_whole": True})
        with running_servers(whole, say):
            Runner(replace(campaign, killed=True), whole, say).run()
    measured = read_measurements(settings.measurements, campaign.batch)
    if output is not None:
        write_report(measured, read_loads(settings.loads), output)
    if any(one["failure"] for one in measured):
        raise typer.Exit(1)


@app.command()
def report(
    *,
    batch: Annotated[str, typer.Option(help="the batch that was measured last by default")] = "",
    output: Annotated[Path, typer.Option(help="folder to write results.json, RESULTS.md and results.svg to")] = HERE,
) -> None:
    """Write results.json, the tables and the chart from what was measured."""
    settings = BenchmarkSettings()
    file = settings.measurements
    measurements = read_measurements(file, batch or newest_batch(file))
    if not measurements:
        raise MeasurementFailed(f"{file} holds no measurement of batch {batch!r}: run `make benchmark` first")
    write_report(measurements, read_loads(settings.loads), output)
    say(f"written: {output}")


@app.command()
def load(
    names: Annotated[list[str], typer.Argument(help=f"of {', '.join([*LOADS, *COMPARISONS])}")],
    *,
    seconds: Annotated[int | None, typer.Option(min=10, help="instead of the load's own duration")] = None,
    events_per_second: Annotated[int | None, typer.Option(min=1, help="instead of the load's own rate")] = None,
    sizes: Annotated[str, typer.Option(help="of parallelism and ledger: two numbers of records")] = "500000,5000000",
    runs: Annotated[int, typer.Option(min=1, help="of parallelism and ledger")] = 3,
) -> None:
    """Run ours under loads that go on; print what was found as JSON, a line each, and exit with 1 beyond a limit."""
    settings = BenchmarkSettings()
    _known(names, [*LOADS, *COMPARISONS], "load")
    small, large = _two(sizes)
    measured = commit()
    found = []
    with running_servers(settings, say):
        for name in names:
            one = (
                run_comparison(name, (small, large), runs, settings, say)
                if name in COMPARISONS
                else _run_load(name, settings, seconds, events_per_second)
            )
            sys.stdout.write(json.dumps(one) + "\n")
            append(settings.loads, {**circumstances(measured), **one})
            found.append(one)
    if not all_good(found):
        raise typer.Exit(1)


def _run_load(
    name: str, settings: BenchmarkSettings, seconds: int | None, events_per_second: int | None
) -> dict[str, Any]:
    task = empty_task(f"load-{name}", settings)
    create_topic(task.topic, settings)
    store = Store.of(settings)
    store.create(task.bucket)
    say(f"{name}: topic {task.topic}")
    pace = Pace(events_per_second or LOADS[name].events_per_second, seconds or LOADS[name].seconds)
    found = run_load(name, task, pace, settings.seed, say)
    store.delete(task.bucket)
    return found


@app.command()
def pair(
    *,
    other: Annotated[Path | None, typer.Option(help="another checkout of this project, set up")] = None,
    peer: Annotated[str, typer.Option(help="or a peer")] = "",
    codec: Annotated[str, typer.Option(help=f"of {', '.join(CODECS)}")] = "zstd-1",
    records: Annotated[int, typer.Option(min=1)] = 5_000_000,
    pairs: Annotated[int, typer.Option(min=1, help="an even number gives each side each core as often")] = 4,
) -> None:
    """Run ours beside another commit of it, or beside a peer, at the same time: a ratio that no busy hour distorts.

    Prints JSON; exits with 1 where something did not land.
    """
    if (other is None) == (not peer):
        raise typer.BadParameter("say either --other or --peer")
    if peer:
        _known([peer], MODULES, "peer")
    possible = [name for name in CODECS if name in peer_named(peer or OURS).codecs]
    if codec not in possible:
        raise typer.BadParameter(f"{peer or OURS} writes no {codec}: {', '.join(possible)}")
    settings = BenchmarkSettings()
    ours = Side("this", OURS, PROJECT)
    second = Side(str(other), OURS, require_checkout(other)) if other else Side(peer, peer, PROJECT)
    with running_servers(settings, say):
        found = run_pairs(Pairing(ours, second, codec, records, pairs), settings, say)
    sys.stdout.write(json.dumps({**circumstances(commit()), **found}) + "\n")
    if not found["good"]:
        raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start the servers and leave them running."""
    settings = BenchmarkSettings()
    with alone(settings):
        start_servers(settings, say)


@app.command()
def down() -> None:
    """Stop the servers."""
    settings = BenchmarkSettings()
    with alone(settings):
        stop_servers(settings, server_names(settings))


def _two(text: str) -> tuple[int, int]:
    found = sorted(set(_sizes(text)))
    if len(found) != 2:  # noqa: PLR2004 - a slope has two ends
        raise typer.BadParameter(f"--sizes {text}: two numbers of records, as 500000,2000000")
    return found[0], found[1]


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.replace("_", "").split(","))
    except ValueError:
        raise typer.BadParameter(f"{text}: numbers of records with commas between, as 500000,5000000") from None


def _known(names: Sequence[str], possible: Collection[str], what: str) -> tuple[str, ...]:
    unknown = [name for name in names if name not in possible]
    if unknown:
        raise typer.BadParameter(f"no {what} {', '.join(unknown)}: {', '.join(possible)}")
    return tuple(names)


def main() -> None:
    """Run a command; a wrong set-up ends it with one message and exit code 2."""
    try:
        app()
    except (StackError, LandingJobError, PeerFailed, TopicIncomplete, MeasurementFailed, UsageError) as exc:
        say(str(exc))
        sys.exit(SET_UP_WRONG)


if __name__ == "__main__":
    main()
