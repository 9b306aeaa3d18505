"""`python -m benchmarks.metapipeline`: measure the graph, the manifests and the SQL texts of a large platform."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psutil
import typer

from benchmarks.metapipeline import graphs, manifests, sql
from benchmarks.metapipeline.measured import COLUMNS, Measured, alone
from benchmarks.orchestration.sections import Section, shown, write_section
from benchmarks.orchestration.timed import machine

app = typer.Typer(add_completion=False)

HERE = Path(__file__).parent
TITLE = "# The metapipeline on a large platform"


class Part(StrEnum):
    """The sections of RESULTS.md."""

    GRAPHS = "graphs"
    MANIFESTS = "manifests"
    SQL = "sql"


_PARTS: dict[Part, tuple[int, str, str, tuple[Callable[[], list[Measured]], ...]]] = {
    Part.GRAPHS: (
        1,
        "Graph, unused models, centralities",
        f"{graphs.NODES:,} nodes and {graphs.EDGES:,} edges, in two shapes, each in a process of its own.",
        (graphs.measure_project, graphs.measure_dense),
    ),
    Part.MANIFESTS: (2, "A manifest", "A file as dbt writes it, with code, columns and tests.", (manifests.measure,)),
    Part.SQL: (
        3,
        "SQL texts",
        "The queries of a BI workspace; the CPU time includes writing them.",
        (sql.measure_texts,),
    ),
}


@app.command()
def run(
    parts: Annotated[list[Part] | None, typer.Argument(help="Sections to measure; all by default.")] = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the sections into RESULTS.md.")] = False,
) -> None:
    """Measure the rows of each section; exit with 1 when one misses its gate."""
    missed = 0
    for part in parts or list(Part):
        place, title, text, measurements = _PARTS[part]
        load = psutil.getloadavg()[0]
        rows = [shown(row) for measurement in measurements for row in alone(measurement)]
        missed += sum(not row.holds() for row in rows)
        if write:
            section = Section.of(place, title, f"{text} {machine(load)}", COLUMNS, rows)
            write_section(part.value, section, HERE, TITLE)
    raise typer.Exit(1 if missed else 0)


if __name__ == "__main__":
    app()
