"""`python -m benchmarks.models days|mutants|usage`: proven hours beside look-backs, planted mistakes, usage."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.models import results
from benchmarks.models.conservation import Judged, built_views, judge
from benchmarks.models.simulation import PROVEN, simulate
from benchmarks.models.usage import measure
from benchmarks.models.warehouse import warehouse
from orchestration.dbt_runner.build import PROJECT_DIR

RED_SHARE_MIN = 0.95
USAGE_SECONDS_MAX = 60
app = typer.Typer(add_completion=False, no_args_is_help=True)
_Write = Annotated[bool, typer.Option("--write", help="Write RESULTS.md.")]


@app.command("days")
def days(
    count: Annotated[int, typer.Option("--days", min=1)] = 30,
    records: Annotated[int, typer.Option(min=1, help="Records of an hour.")] = 40,
    *,
    write: _Write = False,
) -> None:
    """Build day after day. Exit code 1: a proven model differed, or took other hours than those that changed."""
    with TemporaryDirectory() as folder, warehouse(Path(folder)) as its:
        builds = list(simulate(its, count, records))
    measured = {"days": count, "records": records, "builds": [asdict(one) for one in builds]}
    typer.echo(results.days_text(measured))
    if write:
        results.write("days", measured)
    if any(one.different or not one.exact for one in builds if one.model in PROVEN):
        raise typer.Exit(1)


@app.command("mutants")
def mutants(
    count: Annotated[int, typer.Option("--mutants", min=1)] = 100,
    *,
    write: _Write = False,
) -> None:
    """Plant mistakes. Exit code 1: fewer than 95 % are red, or a model without a mistake is."""
    with TemporaryDirectory() as folder, warehouse(Path(folder), PROJECT_DIR) as its:
        judged = list(judge(its, built_views(its, datetime(2025, 8, 1, tzinfo=UTC)), count))
    measured = [_document(one) for one in judged]
    typer.echo(results.mutants_text(measured))
    if write:
        results.write("mutants", measured)
    planted = [bool(one.red) for one in judged if one.mutant]
    if sum(planted) < RED_SHARE_MIN * len(planted) or any(one.red for one in judged if not one.mutant):
        raise typer.Exit(1)


@app.command("usage")
def usage(
    count: Annotated[int, typer.Option("--events", min=1)] = 2_000_000,
    *,
    write: _Write = False,
) -> None:
    """Build usage over many events. Exit code 1: a row is not that of the ledger, or it took longer than a minute."""
    with TemporaryDirectory() as folder, warehouse(Path(folder), PROJECT_DIR) as its:
        found = measure(its, count)
    typer.echo(results.usage_text(asdict(found)))
    if write:
        results.write("usage", asdict(found))
    if found.different or found.seconds > USAGE_SECONDS_MAX:
        raise typer.Exit(1)


def _document(one: Judged) -> dict[str, object]:
    kind, what = (one.mutant.kind, one.mutant.what) if one.mutant else ("", "")
    return {"model": one.model, "kind": kind, "what": what, "red": list(one.red)}


if __name__ == "__main__":
    app()
