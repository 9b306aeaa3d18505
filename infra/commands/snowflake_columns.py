"""`hourglass snowflake columns`: propose the columns of a table from lines of its files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer


def columns(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files of JSON lines (.gz, .zst, or plain), s3://bucket/prefix/, or - for standard input."),
    ],
    *,
    document: Annotated[
        Path | None, typer.Option(help="File of the document that lacks them.", exists=True, dir_okay=False)
    ] = None,
    table: Annotated[str | None, typer.Option(help="Name of the document of the table.")] = None,
    depth: Annotated[int, typer.Option(min=1, max=10, help="Levels of objects that become columns.")] = 2,
    lines: Annotated[int, typer.Option(min=1, help="Lines to read.")] = 1_000,
) -> None:
    """Propose a column for every field of the lines: a name, the narrowest type, and the expression.

    With --document and --table a patch is printed that adds the columns which the document lacks: pipe it into
    `git apply`. Of a prefix, the objects are read from the last key on. Nothing is changed. Exit code 2: a line is no
    JSON object, or there is no such document.
    """
    from snowflake_components.authoring.columns import LinesError, propose, read_lines
    from snowflake_components.authoring.patch import patch

    if (document is None) != (table is None):
        raise typer.BadParameter("--document and --table belong together")
    found = propose(read_lines(_texts(sources), lines), depth)
    if not found:
        raise LinesError(f"no line in {', '.join(sources)}")
    if document is not None and table is not None:
        here = document.resolve()
        shown = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else document
        print(patch(shown, table, found), end="")
        return
    print("columns:")
    for one in found:
        print(f"  {one.item('value')}")


def _texts(sources: list[str]) -> Iterator[str]:
    for source in sources:
        for name, body in _bodies(source):
            # a line of JSON may hold U+2028, where splitlines() would cut it
            yield from _unpacked(name, body).split("\n")


def _bodies(source: str) -> Iterator[tuple[str, bytes]]:
    from snowflake_components.authoring.columns import LinesError

    if source == "-":
        yield source, sys.stdin.buffer.read()
    elif source.startswith("s3://"):
        yield from _objects(source)
    else:
        try:
            yield source, Path(source).read_bytes()
        except OSError as exc:
            raise LinesError(f"{source} cannot be read: {exc.strerror}") from exc


def _objects(url: str) -> Iterator[tuple[str, bytes]]:
    from flink_jobs.contracts.s3_access import S3Access
    from orchestration.landing.clients.s3 import S3Bucket

    name, _, prefix = url.removeprefix("s3://").partition("/")
    bucket = S3Bucket(name, S3Access())
    for stored in sorted(bucket.list(prefix), key=lambda stored: stored.key, reverse=True):
        yield from ((stored.key, body) for body in bucket.get([stored.key]))


def _unpacked(name: str, body: bytes) -> str:
    import gzip
    import zlib

    import zstandard

    from snowflake_components.authoring.columns import LinesError

    try:
        if name.endswith(".gz"):
            body = gzip.decompress(body)
        elif name.endswith(".zst"):
            with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
                body = reader.read()
        return body.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, UnicodeDecodeError) as exc:
        raise LinesError(f"{name} cannot be read as lines of UTF-8: {exc}") from None
