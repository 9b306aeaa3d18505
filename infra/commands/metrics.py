"""`hourglass metrics`: the figures of the hours for Prometheus."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from infra.commands.console import print_line

USAGE = 2

metrics = typer.Typer(
    help="Figures of the hours for Prometheus: unsealed, unpublished, not landed.", no_args_is_help=True
)


@metrics.command("serve")
def serve_command(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of /metrics.")] = 9250,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 is every one, without a password.")] = (
        "127.0.0.1"
    ),
) -> None:
    """Answer Prometheus's scrapes until Ctrl-C; reads bucket and broker, and changes nothing.

    A figure is at most `alert_seconds` of its stream old. What cannot be known is absent, and hourglass_source_up names
    the source that does not answer. Give the scrape a timeout of 30 s.
    """
    from infra.metrics.exporter import registry, serve

    try:
        serve(registry(print_line), host, port)
    except OSError as exc:
        print_line(f"hourglass: {host}:{port}: {exc.strerror}; choose another one with --port")
        raise typer.Exit(USAGE) from exc
    print_line(f"metrics at http://{host}:{port}/metrics; Ctrl-C stops them")
    signal.pause()


@metrics.command("print")
def print_command() -> None:
    """Print one scrape on standard output."""
    from infra.metrics.exporter import registry, text

    print(text(registry(print_line)), end="")
