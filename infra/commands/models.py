"""`hourglass models`: what is built of proven hours, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from infra.commands.console import Json, output, print_line

if TYPE_CHECKING:
    from orchestration.proven.plan import Planned

WRONG, USAGE = 1, 2

models = typer.Typer(help="What is built of proven hours, and why.", no_args_is_help=True)


@models.callback()
def group() -> None:
    """Keep the commands of a group."""


@models.command("plan")
def plan(*, as_json: Json = False) -> None:
    """Print what would be built and why: hours that were published or amended, and changed code with its dependants.

    It compares the definitions of this checkout with the events of the Dagster instance of DAGSTER_HOME, so a change of
    code is shown before it is deployed. Nothing is changed, and Snowflake is not asked. Exit code 0: nothing is out of
    date; 1: something is; 2: it cannot be known.
    """
    found = _planned()
    if as_json:
        print(json.dumps({"planned": [one.as_row() for one in found]}, indent=1))
    elif found:
        table = Table("asset", "partitions", "because", "what happens")
        for one in found:
            table.add_row(*map(Text, _cells(one)))
        output().print(table)
    if not found:
        print_line("everything is built of the hours as they are published, by the code as it is")
        return
    raise typer.Exit(WRONG)


def _planned() -> Sequence[Planned]:
    import dagster as dg

    from flink_jobs.contracts.clock import SystemClock
    from orchestration.definitions import defs
    from orchestration.proven.graph import Graph
    from orchestration.proven.history import InstanceHistory
    from orchestration.proven.plan import plan as plan_of
    from orchestration.proven.standing import Standing

    try:
        instance = dg.DagsterInstance.get()
    except dg.DagsterError as exc:
        print_line(f"no instance of Dagster can be read: {exc}; set DAGSTER_HOME")
        raise typer.Exit(USAGE) from None
    assets = defs().get_repository_def().asset_graph
    with instance:
        return plan_of(Standing(Graph(assets, SystemClock().utc_now()), InstanceHistory(instance)))


def _cells(one: Planned) -> Sequence[str]:
    happens = f"{one.state}, built by {one.built_by}" + (f": {one.waits_for}" if one.waits_for else "")
    return (one.key.to_user_string(), _spelled(one.partitions), "; ".join(one.because), happens)


def _spelled(partitions: Sequence[str]) -> str:
    """Return some partitions in one line: the first, the last and how many."""
    if len(partitions) <= 1:
        return "".join(partitions)
    return f"{partitions[0]} to {partitions[-1]} ({len(partitions)})"
