"""`hourglass models`: what is built of proven hours, and why."""

from __future__ import annotations

import typer

models = typer.Typer(help="What is built of proven hours, and why.", no_args_is_help=True)


@models.callback()
def group() -> None:
    """Keep the commands of a group."""
