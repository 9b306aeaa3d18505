"""`hourglass snowflake`: the local Snowflake, and the objects of YAML documents."""

from __future__ import annotations

import typer

snowflake = typer.Typer(help="The local Snowflake.", no_args_is_help=True)


@snowflake.callback()
def group() -> None:
    """Keep the commands of a group."""
