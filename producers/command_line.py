"""Exit codes of the commands of this package, and how they read settings and report errors."""

from __future__ import annotations

from typing import NoReturn

import typer
from pydantic import ValidationError

from producers.events import describe_errors
from producers.settings import ProducerSettings

EXIT_FOUND_WRONG = 1
EXIT_USAGE = 2


def read_settings() -> ProducerSettings:
    """Read the settings, or exit with one line that names the variable."""
    try:
        return ProducerSettings()
    except ValidationError as exc:
        fail(f"settings: {describe_errors(exc)} (variables are HOURGLASS_ and the name in capitals)", EXIT_USAGE)


def fail(error: Exception | str, exit_code: int) -> NoReturn:
    """Print one line on standard error and exit."""
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(exit_code)
