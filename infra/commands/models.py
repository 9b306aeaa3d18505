"""`hourglass models`: dbt models that are built by proven hours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from infra.commands.console import Json, output

if TYPE_CHECKING:
    from orchestration.dbt_runner.model_status import Block, ModelStatus

WRONG, UNKNOWN = 1, 2
_HOURS_SHOWN = 24

models = typer.Typer(help="dbt models that are built by proven hours.", no_args_is_help=True)


@models.callback()
def group() -> None:
    """Make `status` a command also while the group has no other one."""


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
