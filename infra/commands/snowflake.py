"""`hourglass snowflake`: the local Snowflake, and the objects of YAML documents: plan, apply, export."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from infra.commands.console import Json, output, print_line, print_progress

if TYPE_CHECKING:
    from snowflake_components.applying.account import AccountPlan, PlannedObject

WRONG = 1
_DEFS = Path(__file__).parents[2] / "orchestration" / "defs"

snowflake = typer.Typer(help="The local Snowflake, and stages and tables as code.", no_args_is_help=True)
Folder = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, help="A folder with documents, at any depth.", show_default=False),
]
Adopt = Annotated[
    bool,
    typer.Option("--adopt", help="Take objects without a mark as what their documents say, and write the mark alone."),
]
Deep = Annotated[
    bool,
    typer.Option("--deep", help="Describe every object, so that changes by hand beside its mark are found."),
]


@snowflake.callback()
def group() -> None:
    """Keep the commands of a group."""


@snowflake.command("plan")
def plan(folder: Folder = _DEFS, *, adopt: Adopt = False, deep: Deep = False, as_json: Json = False) -> None:
    """Print what the documents want of the account: create, alter, rename, replace, move, by hand, or nothing.

    Orphans are objects of ours that no document describes. Nothing is changed. Exit code 0: every object is as its
    document says; 1: something differs; 2: it cannot be known.
    """
    found = _planned(folder, adopt=adopt, deep=deep)
    _print(found, as_json=as_json)
    if found.pending:
        raise typer.Exit(WRONG)


@snowflake.command("apply")
def apply(  # noqa: PLR0913 (the options of a command)
    folder: Folder = _DEFS,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Apply the plan; without it, the plan is printed alone.")] = False,
    allow_replace: Annotated[
        bool,
        typer.Option(
            "--allow-replace", help="Replace external tables, move stages and rename objects, too, without a question."
        ),
    ] = False,
    adopt: Adopt = False,
    deep: Deep = False,
    as_json: Json = False,
) -> None:
    """Apply what the documents want of the account; without --yes the plan is printed, and nothing is changed.

    External tables are replaced, stages moved and objects renamed only with --allow-replace or after a question. No
    object is dropped.
    Exit code 0: every object is as its document says now; 1: something still differs; 2: it cannot be known.
    """
    from snowflake_components.applying.account import apply_plan
    from snowflake_components.connection import SnowflakeSettings, open_session

    found = _planned(folder, adopt=adopt, deep=deep)
    if not as_json or not yes:
        _print(found, as_json=as_json)
    if not yes:
        if found.pending:
            print_line("nothing was changed; --yes applies the plan")
            raise typer.Exit(WRONG)
        return
    allowed = [one for one in found.pending if not one.change.is_breaking or allow_replace or _confirmed(one)]
    done: list[PlannedObject] = []
    with open_session(SnowflakeSettings()) as session:
        for one in apply_plan(session, allowed):
            done.append(one)
            print_progress(f"{one.change.action} {one.described.spec.object_type} {one.described.spec.name}")
    left = [one for one in found.pending if one not in done]
    if as_json:
        print(json.dumps({**as_document(found), "applied": [str(one.described.spec.name) for one in done]}, indent=1))
    for one in left:
        print_line(f"left: {one.change.said}")
    if left:
        raise typer.Exit(WRONG)


def as_document(found: AccountPlan) -> dict[str, Any]:
    """Return a plan as `--json` prints it."""
    return {
        "objects": [_as_row(one) for one in found.objects],
        "orphans": [
            {
                "object": str(one.name),
                "type": one.object_type.value,
                "reason": one.reason,
                "depends_on_it": list(one.dependents),
            }
            for one in found.orphans
        ],
        "pending": len(found.pending),
        "statements_sent": len(found.statements),
    }


def _as_row(one: PlannedObject) -> dict[str, Any]:
    change, spec = one.change, one.described.spec
    return {
        "object": str(spec.name),
        "type": spec.object_type.value,
        "action": change.action.value,
        "reasons": list(change.reasons),
        "risk": change.risk,
        "depends_on_it": list(change.dependents),
        "statements": [statement.sql for statement in change.statements],
        "document": one.described.place,
    }


def _planned(folder: Path, *, adopt: bool, deep: bool) -> AccountPlan:
    from snowflake_components.applying.account import plan_account
    from snowflake_components.applying.project import read_objects
    from snowflake_components.connection import SnowflakeSettings, open_session

    described = read_objects(folder)
    with open_session(SnowflakeSettings()) as session:
        return plan_account(session, described, adopt=adopt, deep=deep)


def _confirmed(one: PlannedObject) -> bool:
    """Ask on a terminal; elsewhere nobody can answer."""
    if not sys.stdin.isatty():
        return False
    return typer.confirm(f"{one.change.said}. Do it?", err=True)


def _print(found: AccountPlan, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_document(found), indent=1))
        return
    if found.pending:
        table = Table("object", "action", "because", "risk", "depends on it")
        for one in found.pending:
            table.add_row(*map(Text, _cells(one)))
        output().print(table)
    for gone in found.orphans:
        depends = f" (on it depend: {', '.join(gone.dependents)})" if gone.dependents else ""
        output().print(f"orphan: {gone.object_type} {gone.name}: {gone.reason}{depends}", markup=False, soft_wrap=True)
    same = len(found.objects) - len(found.pending)
    print_line(
        f"{same} of {len(found.objects)} objects are as their documents say ({len(found.statements)} statements)"
    )


def _cells(one: PlannedObject) -> Sequence[str]:
    change, spec = one.change, one.described.spec
    name = f"{spec.object_type} {spec.name}"
    return (name, change.action, "; ".join(change.reasons), change.risk, "\n".join(change.dependents))
