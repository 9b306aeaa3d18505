"""`hourglass snowflake export`: objects of the account as documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.commands.console import Json, print_progress

if TYPE_CHECKING:
    from snowflake_components.applying.export import Export, Exported
    from snowflake_components.identifiers import Identifier

WRONG = 1


def export(  # noqa: PLR0913 (the options of a command)
    schema: Annotated[str, typer.Argument(help="DATABASE.SCHEMA of the objects.", show_default=False)],
    names: Annotated[
        list[str] | None, typer.Argument(help="Their exact names; default: all that no document made.")
    ] = None,
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; default: standard output.", dir_okay=False)
    ] = None,
    load_from: Annotated[
        str | None,
        typer.Option(help="@stage/directory/ of the files of tables, which the account does not know."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Write the mark of each document behind the comment of its object.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite the file, and write the marks.")] = False,
    as_json: Json = False,
) -> None:
    """Write stages, file formats, external tables and tables of a schema as documents, whose plan is empty.

    Comments are kept. An object that has something which no document says is refused by name. Nothing of the account
    is changed without --adopt --yes. Exit code 0: all are exported; 1: some are refused; 2: they cannot be read, or the
    file exists.
    """
    from snowflake_components.applying.export import adopt as adopt_objects
    from snowflake_components.applying.export import export_objects
    from snowflake_components.authoring.written import written
    from snowflake_components.connection import SnowflakeSettings, open_session

    if to is not None and to.exists() and not yes:
        raise typer.BadParameter(f"{to} exists; --yes overwrites it", param_hint="--to")
    if adopt and not yes:
        raise typer.BadParameter("it changes the comments of the objects; --yes does it", param_hint="--adopt")
    with open_session(SnowflakeSettings()) as session:
        found = export_objects(session, _schema(schema), [_identifier(name) for name in names or []], load_from)
        adopted = list(adopt_objects(session, found.exported)) if adopt else []
    text = written(one.document for one in found.exported)
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
        print_progress(f"{len(found.exported)} documents in {to}")
    if as_json:
        print(json.dumps(_as_document(found, adopted, to), indent=1))
    elif to is None:
        print(text, end="")
    for left in found.left_out:
        print_progress(f"{'refused' if left.is_refused else 'left out'}: {left.object_type} {left.name}: {left.reason}")
    if found.refused:
        raise typer.Exit(WRONG)


def _as_document(found: Export, adopted: list[Exported], to: Path | None) -> dict[str, Any]:
    return {
        "documents": [one.document for one in found.exported],
        "left_out": [
            {"object": str(one.name), "type": one.object_type.value, "reason": one.reason, "refused": one.is_refused}
            for one in found.left_out
        ],
        "adopted": [str(one.definition.name) for one in adopted],
        "file": str(to) if to else None,
    }


def _schema(text: str) -> tuple[Identifier, Identifier]:
    from snowflake_components.identifiers import UnsafeTextError, split_name

    try:
        parts = split_name(text)
    except UnsafeTextError as exc:
        raise typer.BadParameter(str(exc), param_hint="SCHEMA") from None
    if len(parts) != len(("database", "schema")):
        raise typer.BadParameter(f"not of the form DATABASE.SCHEMA: {text}", param_hint="SCHEMA")
    return _identifier(parts[0]), _identifier(parts[1])


def _identifier(text: str) -> Identifier:
    from snowflake_components.identifiers import Identifier, UnsafeTextError

    try:
        return Identifier.parse(text)
    except UnsafeTextError as exc:
        raise typer.BadParameter(str(exc)) from None
