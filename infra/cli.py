"""`hourglass`: the command line, with the commands of all packages.

Exit codes everywhere: 0 success, 1 found something wrong, 2 usage or set-up.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.table import Column, Table
from rich.text import Text

from infra.commands.console import Json, console, output, print_progress
from infra.commands.doctor import doctor_command
from infra.commands.hours import hours
from infra.commands.job import job
from infra.commands.ledger import ledger
from infra.commands.meta import meta
from infra.commands.metrics import metrics
from infra.commands.models import models
from infra.commands.provision import provision_command
from infra.commands.snowflake import snowflake
from infra.commands.snowflake_columns import columns
from infra.commands.snowflake_export import export
from infra.commands.snowflake_server import serve
from infra.commands.testing import fixtures_command
from infra.local.processes import StackError
from infra.local.settings import LocalSettings
from producers.emit import emit_command
from producers.simulate import simulate_command

if TYPE_CHECKING:
    from types import FrameType

    from infra.local.proof import ProofRow
    from infra.local.publication import Proof
    from infra.local.stack import Stack

WRONG, USAGE = 1, 2
METAPIPELINE_SECONDS_MAX = 180.0

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(job, name="job")
app.add_typer(ledger, name="ledger")
app.add_typer(hours, name="hours")
app.add_typer(meta, name="meta")
app.add_typer(metrics, name="metrics")
app.add_typer(models, name="models")
app.add_typer(snowflake, name="snowflake")
snowflake.command("serve")(serve)
snowflake.command("columns")(columns)
snowflake.command("export")(export)
app.command("doctor")(doctor_command)
app.command("provision")(provision_command)
app.command("testing")(fixtures_command)
app.command("emit")(emit_command)
app.command("simulate")(simulate_command)


@app.callback()
def configure() -> None:
    """Platform events from Kafka to Snowflake, one proven hour at a time.

    Settings come from HOURGLASS_ variables and `.env`. Commands use the local stack of this checkout. With
    HOURGLASS_TARGET=remote they use the servers of the other settings.
    """
    settings = LocalSettings()
    if settings.target == "local":
        os.environ.update(settings.environment())


@app.command()
def up(*, detach: Annotated[bool, typer.Option("--detach", help="Return when everything serves.")] = False) -> None:
    """Start the local stack: broker, S3 server, Flink, local Snowflake, Dagster."""
    stack = _stack()
    if detach:
        _up_or_down_again(stack)
        _print_addresses(stack.settings)
        return
    stack.refuse_if_up()
    try:
        stack.up()
        _print_addresses(stack.settings)
        console.print("Ctrl-C stops the stack.")
        signal.pause()
    finally:
        _down(stack)


@app.command()
def down(
    *, now: Annotated[bool, typer.Option("--now", help="Neither finish runs nor make a savepoint.")] = False
) -> None:
    """Stop the local stack; data stays."""
    _stack().down(now=now)


@app.command()
def status(
    *,
    as_json: Json = False,
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="Days to show, back from the newest hour with records.")
    ] = 3,
    every: Annotated[bool, typer.Option("--all", help="Show every hour; counts every row in Snowflake.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Wait until every full hour is published, and show every hour."),
    ] = None,
) -> None:
    """Show the proof of the last hours: accepted, landed, registered and queryable records, and whether all agree.

    Hours with records that are not published are always shown, with the reason. Exit code 1: numbers differ, or an hour
    should be published by now and is not; 2: it cannot be known.
    """
    from infra.local.proof import proof_rows

    waited = None if wait is None else _waited(wait)
    rows = waited.rows if waited else proof_rows(LocalSettings(), None if every else 24 * days)
    if as_json:
        print(json.dumps([row.as_json() for row in rows], indent=1))
    elif rows:
        print_proof(rows)
    else:
        console.print("no hour has records yet: `hourglass simulate`, `hourglass emit`")
    if (waited and not waited.agreed) or any(row.agree is False for row in rows):
        raise typer.Exit(WRONG)
    if any(row.reported.unknown for row in rows):
        raise typer.Exit(USAGE)


def _waited(seconds_max: float) -> Proof:
    from infra.local.publication import wait_until_published

    proof = wait_until_published(LocalSettings(), seconds_max, print_progress)
    if not proof.agreed:
        print_progress(f"not every full hour is published and agrees after {seconds_max:g} s")
    return proof


@app.command()
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end; exit 0 only if every full hour agrees.")
    ] = False,
    hours: Annotated[int, typer.Option(min=1, max=48, help="Full hours before now to simulate.")] = 6,
    events: Annotated[int, typer.Option(min=100, help="Records of each hour.")] = 10_000,
) -> None:
    """Run the whole chain over simulated hours, print the proof table, and run the metapipeline over it."""
    from infra.local.demo import DemoPlan, run_demo
    from infra.local.metapipeline import run_metapipeline

    stack = _stack()
    stack.refuse_if_up()
    agreed = False
    try:
        stack.up()
        proof = run_demo(stack, DemoPlan(hours=hours, events_per_hour=events), print_progress)
        agreed = proof.agreed
        print_proof(proof.rows)
        ran = run_metapipeline(stack.settings, METAPIPELINE_SECONDS_MAX, print_progress)
        for line in ran.lines():
            output().print(line, markup=False, soft_wrap=True)
        agreed = agreed and not any(change.failed for change in ran.changes)
        console.print(f"Every full hour agrees: {'yes' if agreed else 'NO'}. Memory of the stack: {_gib(stack)}.")
        if not once:
            _print_addresses(stack.settings)
            console.print("Ctrl-C stops the stack; what landed is kept.")
            signal.pause()
    finally:
        _down(stack)
    if not agreed:
        raise typer.Exit(WRONG)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def relay(context: typer.Context) -> None:
    """Send a Dagster instance's own events into a topic of their own: Dagster running Dagster."""
    from producers.dagster.relay import relay_command

    relaying = typer.Typer()
    relaying.command()(relay_command)
    relaying(args=context.args, prog_name="hourglass relay")


@app.command()
def sql(
    statement: Annotated[
        str, typer.Argument(help='One statement, such as "SELECT COUNT(*) FROM EXT_FLINK_EVENT_LOG".')
    ],
    *,
    as_json: Json = False,
) -> None:
    """Run one statement against the configured Snowflake."""
    from snowflake_components.connection import SnowflakeSettings, query

    result = query(SnowflakeSettings(), statement)
    if as_json:
        print(json.dumps(result.rows, indent=1, default=str))
        return
    table = Table(*(Column(Text(name)) for name in result.columns))
    for row in result.rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row.values()))
    output().print(table)


def print_proof(rows: Sequence[ProofRow]) -> None:
    """Print the proof: one table per stream, one row per hour."""
    for stream, its_rows in groupby(rows, lambda row: row.stream):
        _print_stream(stream, list(its_rows))


def _print_stream(stream: str, rows: Sequence[ProofRow]) -> None:
    from infra.local.proof import COLUMNS

    table = Table(*COLUMNS, "agree", title=f"{stream}: every hour, hop by hop", title_justify="left")
    for column in table.columns[2:9]:
        column.justify = "right"
    for row in rows:
        values = row.as_json()
        table.add_row(
            *(_cell(values[name]) for name in COLUMNS),
            {True: "[green]yes[/]", False: "[red]NO[/]", None: "-"}[row.agree],
        )
    output().print(table)
    for row in rows:
        if row.reason or row.reported.unknown:
            repair = f"; repair: {row.reported.repair}" if row.reported.repair else ""
            output().print(f"{row.hour}: {row.reason or row.reported.unknown}{repair}", markup=False, soft_wrap=True)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Run the command line. An expected error is printed in one line, with exit code 2."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except ValidationError as error:
        from orchestration.settings import wrong_variables

        prefix = "HOURGLASS_SNOWFLAKE_" if error.title == "SnowflakeSettings" else "HOURGLASS_"
        console.print(
            f"hourglass: settings: {wrong_variables(error, prefix)}", style="red", markup=False, soft_wrap=True
        )
        sys.exit(USAGE)
    except _expected_errors() as error:
        console.print(f"hourglass: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(USAGE)


def _expected_errors() -> tuple[type[Exception], ...]:
    """Return the errors whose message has the repair; only loaded packages can have raised theirs."""
    names = {
        "flink_jobs.errors": "LandingJobError",
        "producers.errors": "ProducerError",
        "snowflake_components.errors": "SnowflakeError",
        "snowflake_components.documents.messages": "DocumentError",
        "orchestration.landing.errors": "LandingError",
        "orchestration.metapipeline.errors": "MetapipelineError",
    }
    loaded = [getattr(sys.modules[module], name) for module, name in names.items() if module in sys.modules]
    return (StackError, *loaded)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stack() -> Stack:
    from infra.local.stack import Stack

    return Stack(LocalSettings(), print_progress)


def _up_or_down_again(stack: Stack) -> None:
    stack.refuse_if_up()
    try:
        stack.up()
    except BaseException:
        stack.down(now=True)
        raise


def _down(stack: Stack) -> None:
    """Stop the stack; Ctrl-C during the stop kills what is left."""
    try:
        stack.down()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.down(now=True)


def _gib(stack: Stack) -> str:
    return f"{stack.memory_bytes() / 2**30:.1f} GiB"


def _print_addresses(settings: LocalSettings) -> None:
    console.print(f"Dagster   http://127.0.0.1:{settings.dagster_port}")
    console.print(f"Flink     http://127.0.0.1:{settings.flink_port}")
    console.print(f"Logs      {_relative(settings.log_dir)}")


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
