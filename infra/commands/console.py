"""Output of the commands: progress on standard error, data on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console

SCREEN_CHARACTERS, UNCUT_CHARACTERS = 120, 2000

console = Console(stderr=True, highlight=False)
StreamName = Annotated[
    str | None, typer.Option("--stream", metavar="NAME", help="A stream of the project by the name of its document.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output instead of a table.")]


def output() -> Console:
    """Return the console of standard output; a table in a file or a pipe is not cut to the width of a screen."""
    return Console(width=max(SCREEN_CHARACTERS, Console().width) if sys.stdout.isatty() else UNCUT_CHARACTERS)


def print_line(line: str) -> None:
    """Print one line on standard error."""
    console.print(line, markup=False, soft_wrap=True)


def print_progress(line: str) -> None:
    """Print an indented line of progress on standard error."""
    print_line(f"  {line}")


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values as data."""
    width = max(map(len, pairs), default=0) + 2
    for name, value in pairs.items():
        print(f"{name:<{width}}{value}")


def use_stream(name: str | None) -> None:
    """Set the environment of this process to the landing job of a stream; None keeps the stream of the settings."""
    if name is not None:
        from infra.local.streams import job_variables

        os.environ.update(job_variables(name))
