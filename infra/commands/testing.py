"""`hourglass testing`: the fixtures for the tests of a stream, and an example."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.commands.console import output


def fixtures_command(
    *,
    example: Annotated[bool, typer.Option("--example", help="Print a test to begin with, and nothing else.")] = False,
    models: Annotated[bool, typer.Option("--models", help="Print a test of a dbt model, and nothing else.")] = False,
) -> None:
    """Print the fixtures with which a team tests its own stream in containers, or an example."""
    from infra.testing.example import EXAMPLE, FIXTURES, MODELS_EXAMPLE

    if models:
        print(MODELS_EXAMPLE, end="")
        return

    if example:
        print(EXAMPLE, end="")
        return
    plugin = 'pytest_plugins = ["infra.testing.pytest_plugin"]'
    table = Table("fixture", "what it is", title=plugin, title_justify="left")
    for name, meaning in FIXTURES.items():
        table.add_row(name, meaning.replace("`", ""))
    output().print(table)
    output().print("`hourglass testing --example > test_stream.py` writes a test to begin with.", markup=False)
