"""`python -m benchmarks.orchestration`: measure ticks and reports over an old bucket, in memory or behind S3."""

from __future__ import annotations

import os
import resource
from typing import Annotated

import psutil
import typer

from benchmarks.orchestration.gates import COLUMNS, Result
from benchmarks.orchestration.old_bucket import in_memory, measure, prepare_cursors
from benchmarks.orchestration.sections import Section, shown, write_section
from benchmarks.orchestration.server import served

app = typer.Typer(add_completion=False)

HOURS, HOURS_SERVED = 10_000, 1_000


@app.command()
def run(
    hours: Annotated[
        int | None, typer.Option(min=100, help="Age of the stream; 10,000 hours, a tenth of it with --server.")
    ] = None,
    *,
    server: Annotated[bool, typer.Option("--server", help="Behind a real S3 server and client.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the section into RESULTS.md.")] = False,
) -> None:
    """Measure each row of the section."""
    age = hours or (HOURS_SERVED if server else HOURS)
    old = in_memory(age)
    objects = len(old.double.keys)
    prepare_cursors(old)
    cursor_bytes = len(old.cursors["read"].to_text())
    load = psutil.getloadavg()[0]
    results = []
    if server:
        with served(old) as behind:
            results += [shown(one) for one in measure(behind)]
    else:
        results += [shown(one) for one in measure(old)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576
    typer.echo(f"cursor {cursor_bytes:,} bytes, {peak:.1f} GiB of memory")
    if write:
        size = (
            f"{age:,} hours, {objects:,} objects; the cursor has {cursor_bytes / 1024:,.1f} KiB. The machine has "
            f"{os.cpu_count()} cores, and other work on them: a load of {load:.0f} before the first row."
        )
        name, section = behind_a_server(size, results) if server else in_a_double(size, results)
        write_section(name, section)


def in_a_double(size: str, results: list[Result]) -> tuple[str, Section]:
    """Return the section of the bucket in memory."""
    text = (
        f"{size} The bucket is a double in memory that counts requests; the seconds are CPU time of this program "
        "and have no network in them."
    )
    return "old_bucket", Section.of(1, "An old bucket, in memory", text, COLUMNS, results)


def behind_a_server(size: str, results: list[Result]) -> tuple[str, Section]:
    """Return the section of the bucket behind S3."""
    text = (
        f"{size} A real S3 server on the same machine, and the real client; the seconds are wall time, and CPU is the "
        "time of the client alone."
    )
    return "old_bucket_server", Section.of(2, "A tenth of it, behind an S3 server", text, COLUMNS, results)


if __name__ == "__main__":
    app()
