"""`hourglass models`: what is built of proven hours: whether it is up to date, and what would be built."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from infra.commands.console import Json, output, print_line

if TYPE_CHECKING:
    from orchestration.dbt_runner.model_status import Block, ModelStatus
    from orchestration.proven.plan import Planned

WRONG, UNKNOWN = 1, 2
_HOURS_SHOWN = 24

models = typer.Typer(help="What is built of proven hours: is it up to date, what would be built?", no_args_is_help=True)


@models.callback()
def group() -> None:
    """Keep the commands of a group."""


@models.command("status")
def status_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL...", help="Names of models; all without one.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Answer "is this table up to date?": for each model the first hop that blocks it, and the repair.

    A model is up to date when every hour that should be published is, and the model and everything that it reads was
    built from these hours. Exit code 0: all are up to date; 1: one is behind; 2: it cannot be known, or no model has
    the name.
    """
    from infra.local.model_status import model_statuses

    found = _chosen(model_statuses(), names or [])
    if as_json:
        print(json.dumps([as_document(one) for one in found], indent=1))
    else:
        _print(found)
    if code := exit_code(found):
        raise typer.Exit(code)


def exit_code(found: Sequence[ModelStatus]) -> int:
    """Return 1 if a model is behind, 2 if one is not known, else 0."""
    answers = {one.answer.value for one in found}
    if "behind" in answers:
        return WRONG
    return UNKNOWN if "unknown" in answers else 0


def as_document(one: ModelStatus) -> dict[str, object]:
    """Return the status of a model as `--json` prints it."""
    return {
        "model": one.name,
        "id": one.model,
        "answer": one.answer,
        "newest_hour": one.newest and one.newest.label,
        "blocks": [
            {
                "hop": block.hop,
                "where": block.where,
                "known": block.is_known,
                "hours": [hour.label for hour in block.hours[:_HOURS_SHOWN]],
                "hours_count": len(block.hours),
                "reason": block.reason,
                "repair": block.repair,
            }
            for block in one.blocks
        ],
    }


def _chosen(found: Sequence[ModelStatus], names: Sequence[str]) -> list[ModelStatus]:
    chosen = [one for one in found if not names or one.name in names or one.model in names]
    known = {name for one in found for name in (one.name, one.model)}
    if unknown := [name for name in names if name not in known]:
        said = ", ".join(one.name for one in found)
        raise typer.BadParameter(f"{', '.join(unknown)}: no model that is built by proven hours; there are {said}")
    return chosen


def _print(found: Sequence[ModelStatus]) -> None:
    table = Table("model", "newest hour", "answer", "blocked at", "repair")
    for one in found:
        block = _first(one)
        table.add_row(
            one.name,
            one.newest.label if one.newest else "-",
            one.answer.value,
            Text(f"{block.hop}: {block.reason}" if block else ""),
            Text(block.repair if block else ""),
        )
    output().print(table)


def _first(one: ModelStatus) -> Block | None:
    """Return the block to begin with: a known one before those that are not known."""
    return next((block for block in one.blocks if block.is_known), next(iter(one.blocks), None))


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
    from orchestration.proven.plan import plan as plan_of
    from orchestration.proven.standing import Standing

    try:
        instance = dg.DagsterInstance.get()
    except dg.DagsterError as exc:
        print_line(f"no instance of Dagster can be read: {exc}; set DAGSTER_HOME")
        raise typer.Exit(UNKNOWN) from None
    assets = defs().get_repository_def().asset_graph
    with instance:
        return plan_of(Standing.of(assets, instance, SystemClock().utc_now()))


def _cells(one: Planned) -> Sequence[str]:
    happens = f"{one.state}, built by {one.built_by}" + (f": {one.waits_for}" if one.waits_for else "")
    return (one.key.to_user_string(), _spelled(one.partitions), "; ".join(one.because), happens)


def _spelled(partitions: Sequence[str]) -> str:
    """Return some partitions in one line: the first, the last and how many."""
    if len(partitions) <= 1:
        return "".join(partitions)
    return f"{partitions[0]} to {partitions[-1]} ({len(partitions)})"
