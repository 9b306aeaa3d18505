"""What every command prints with: progress on standard error, data on standard output."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console

SCREEN_CHARACTERS, UNCUT_CHARACTERS = 120, 2000

console = Console(stderr=True, highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output instead of a table.")]


def output() -> Console:
    """Open standard output; a table that goes into a file or a pipe is never cut to the width of a screen."""
    return Console(width=max(SCREEN_CHARACTERS, Console().width) if sys.stdout.isatty() else UNCUT_CHARACTERS)


def say(line: str) -> None:
    """Print a result for people."""
    console.print(line, markup=False, soft_wrap=True)


def tell(line: str) -> None:
    """Print a line of progress."""
    say(f"  {line}")


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values as data."""
    for name, value in pairs.items():
        print(f"{name:<22}{value}")
