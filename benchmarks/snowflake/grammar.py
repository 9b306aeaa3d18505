"""`python -m benchmarks.snowflake.grammar FOLDER`: send a public corpus of statements to the local Snowflake.

FOLDER holds files `*.sql` with valid Snowflake, like `test/fixtures/dialects/snowflake` of sqlfluff. Their objects do
not exist, so most statements must be refused; what counts is that none is executed in part, refused as a syntax error,
or ends in a failure of the server.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from benchmarks.snowflake.conformance.answers import UNSUPPORTED_CODE, Answer
from benchmarks.snowflake.conformance.running import answered
from infra.local_snowflake.language.splitting import split
from tests.fakes.local_snowflake import serve

app = typer.Typer(add_completion=False)
_SYNTAX_CODE = 1003
_FAILURES = frozenset({-1, 261000})
_SHOWN_CHARACTERS = 400


class Outcome(StrEnum):
    """What a server made of a statement."""

    EXECUTED = "executed"
    UNSUPPORTED = "unsupported"
    REFUSED = "refused"
    SYNTAX = "syntax error"
    FAILED = "failed"


@dataclass(frozen=True)
class Sent:
    """A statement of a file, and its answer."""

    file: str
    sql: str
    answer: Answer

    @property
    def outcome(self) -> Outcome:
        """What the answer means."""
        code = self.answer.code
        if code is None:
            return Outcome.EXECUTED
        if code in _FAILURES:
            return Outcome.FAILED
        return {UNSUPPORTED_CODE: Outcome.UNSUPPORTED, _SYNTAX_CODE: Outcome.SYNTAX}.get(code, Outcome.REFUSED)

    def __str__(self) -> str:
        """One line: outcome, file, statement, answer."""
        sql = " ".join(self.sql.split())[:_SHOWN_CHARACTERS]
        return f"{self.outcome}\t{self.file}\t{sql}\t{self.answer}"


def send_all(server: Any, folder: Path, setup: tuple[str, ...] = ()) -> Iterator[Sent]:
    """Send every statement of a folder; each file has a session and a schema of its own.

    Args:
        server: with a method `connect`.
        folder: of the files.
        setup: statements before each file.
    """
    for number, path in enumerate(sorted(folder.glob("*.sql"))):
        with closing(server.connect()) as session:
            schema = f"AWS.GRAMMAR_{number}"
            for statement in (f"CREATE SCHEMA {schema}", f"USE SCHEMA {schema}", *setup):
                answered(session, statement)
            for statement in split(path.read_text("utf-8")):
                yield Sent(path.stem, statement, answered(session, statement))
        with closing(server.connect()) as session:
            answered(session, f"DROP SCHEMA IF EXISTS {schema}")


@app.command()
def run(
    folder: Annotated[Path, typer.Argument(help="Folder of *.sql.", exists=True, file_okay=False)],
    *,
    verbose: Annotated[bool, typer.Option(help="Print each statement with its answer.")] = False,
) -> None:
    """Print how many statements have each outcome; exit with 1 when one makes the server fail."""
    logging.disable(logging.CRITICAL)  # the server logs each statement that it refuses
    found: Counter[Outcome] = Counter()
    with TemporaryDirectory(prefix="grammar-") as data, serve(Path(data)) as server:
        for sent in send_all(server, folder):
            found[sent.outcome] += 1
            if verbose or sent.outcome is Outcome.FAILED:
                typer.echo(str(sent))
    typer.echo(f"{found.total()} statements: " + ", ".join(f"{found[outcome]} {outcome}" for outcome in Outcome))
    raise typer.Exit(1 if found[Outcome.FAILED] else 0)


if __name__ == "__main__":
    app()
