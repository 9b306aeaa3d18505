"""`python -m benchmarks.snowflake`: measure the local Snowflake."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psutil
import typer

from benchmarks.orchestration.sections import Section, shown, write_section
from benchmarks.orchestration.timed import machine
from benchmarks.snowflake import clients, documents, memory, tables
from benchmarks.snowflake.reached import COLUMNS, Reached

app = typer.Typer(add_completion=False)

HERE = Path(__file__).parent
TITLE = "# The local Snowflake"
STATEMENTS, SECONDS = 100_000, 60


class Part(StrEnum):
    """The sections of RESULTS.md."""

    MEMORY = "memory"
    CLIENTS = "clients"
    TABLES = "tables"
    DOCUMENTS = "documents"


_TEXTS = {
    Part.MEMORY: ("Start and memory", "A new server and one client; resident memory of the server's process."),
    Part.CLIENTS: (
        "Clients beside each other",
        (
            f"{clients.CLIENTS} clients work for {SECONDS} s: seven log in and send a dozen of statements, again and "
            f"again, and one binds {clients.BOUND_ROWS:,} rows."
        ),
    ),
    Part.TABLES: (
        "External tables",
        (
            "Lines of 400 bytes in zstd, ten files an hour; the objects are files of a folder, without an S3 server. "
            "Server and client share the machine."
        ),
    ),
    Part.DOCUMENTS: (
        "Documents",
        (
            f"Stages and external tables of {documents.COLUMNS} columns, half of each, {documents.PER_FILE} documents "
            f"a file, in {documents.SCHEMAS} schemas. Server and client share the machine."
        ),
    ),
}


@app.command()
def run(
    parts: Annotated[list[Part] | None, typer.Argument(help="Sections to measure; all by default.")] = None,
    *,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Measure a smaller amount, to try it.")] = 1.0,
    write: Annotated[bool, typer.Option("--write", help="Write the sections into RESULTS.md.")] = False,
) -> None:
    """Measure the rows of each section; exit with 1 when one misses its goal."""
    missed = 0
    for part in parts or list(Part):
        load = psutil.getloadavg()[0]
        rows = [shown(row) for measure in _measurements(part, share) for row in _in_folder(measure)]
        missed += sum(not row.holds() for row in rows)
        if write:
            title, text = _TEXTS[part]
            section = Section.of(list(Part).index(part), title, f"{text} {machine(load)}", COLUMNS, rows)
            write_section(part.value, section, HERE, TITLE)
    raise typer.Exit(1 if missed else 0)


def _measurements(part: Part, share: float) -> list[Callable[[Path], list[Reached]]]:
    return {
        Part.MEMORY: [lambda folder: memory.measure(folder, int(STATEMENTS * share))],
        Part.CLIENTS: [clients.measure_alone, lambda folder: clients.measure(folder, SECONDS * share)],
        Part.TABLES: [lambda folder: tables.measure(folder, share)],
        Part.DOCUMENTS: [lambda folder: documents.measure(folder, share)],
    }[part]


def _in_folder(measure: Callable[[Path], list[Reached]]) -> list[Reached]:
    with TemporaryDirectory(prefix="local-snowflake-") as folder:
        return measure(Path(folder))


if __name__ == "__main__":
    app()
