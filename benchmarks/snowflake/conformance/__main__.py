"""`python -m benchmarks.snowflake.conformance`: judge the local Snowflake, or a real account."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.snowflake.conformance import marks, peer
from benchmarks.snowflake.conformance.account import Account
from benchmarks.snowflake.conformance.documents import Gaps, gaps, objects, refusal_topics, sentences
from benchmarks.snowflake.conformance.running import Conformance, Place, unmet
from tests.fakes.local_snowflake import serve

app = typer.Typer(add_completion=False)
PAGE = Path("docs/local_snowflake_gaps.md")
LOCAL = "the local Snowflake"


@contextmanager
def _conformance() -> Iterator[tuple[str, Conformance]]:
    """Judge the account of the environment, or else a local Snowflake that is started for it."""
    account = Account.of_environment()
    if account is not None:
        judge = account.conformance()
        try:
            yield account.arguments["account"], judge
        finally:
            judge.clean_up()
        return
    logging.disable(logging.CRITICAL)  # the server logs each statement that it refuses
    with TemporaryDirectory(prefix="conformance-") as folder, serve(Path(folder)) as server:
        for key, text in objects().items():
            server.bucket.write(f"conformance/{key}", text)
        yield LOCAL, Conformance(server, Place("s3://hourglass/conformance/"))


@app.command("sentences")
def judge_sentences(topic: Annotated[str, typer.Option(help="Part of the name of a topic.")] = "") -> None:
    """Print each sentence that is not met; exit with 1 when there is one."""
    wanted = tuple(sentence for sentence in sentences() if topic.lower() in sentence.topic.lower())
    found: Counter[str] = Counter()
    with _conformance() as (name, judge):
        for verdict in judge.sentences(wanted):
            if verdict.skipped:
                typer.echo(f"skipped {verdict.sentence.id}: {verdict.skipped}")
            elif verdict.gap is not None:
                typer.echo(f"{verdict.gap.kind} {verdict.sentence.id}: {verdict.gap.seen}")
            found["skipped" if verdict.skipped else verdict.gap.kind if verdict.gap else "met"] += 1
    typer.echo(f"{name}: " + ", ".join(f"{number} {kind}" for kind, number in found.most_common()))
    raise typer.Exit(1 if set(found) - {"met", "skipped"} else 0)


@app.command()
def strictness(
    *, verbose: Annotated[bool, typer.Option(help="Print each statement that is not refused so.")] = False
) -> None:
    """Print how many statements are refused with the documented number, here and by plain fakesnow."""
    with _conformance() as (name, judge):
        answers = list(judge.refusals(refusal_topics()))
        for topic in refusal_topics():
            if topic.needs_bucket and not judge.place.url:
                typer.echo(f"skipped {topic.topic}: it reads a bucket, and none is set")
    for refusal, answer in answers if verbose else ():
        if answer is not None:
            typer.echo(f"{refusal.code} {refusal.sql}: {answer}")
    for who, (met, count) in {
        name: (sum(answer is None for _, answer in answers), len(answers)),
        peer.NAME: peer.count(),
    }.items():
        typer.echo(f"{who}: {met} of {count} refused with the documented number ({met / count:.1%})")


@app.command()
def mark() -> None:
    """Write what the local Snowflake does not meet into gaps.yaml and its page; review the difference."""
    with _conformance() as (name, judge):
        if name != LOCAL:
            raise typer.BadParameter("marks are those of the local Snowflake: unset SNOWFLAKE_ACCOUNT")
        answers = list(judge.refusals(refusal_topics()))
        other = {refusal.sql: f"{answer}, not {refusal.code}" for refusal, answer in answers if answer is not None}
        found = Gaps(
            strictness_floor=len(answers) - len(other),
            peers={peer.NAME: peer.count()[0]},
            sentences=unmet(judge.sentences(sentences())),
            refusals=other,
        )
    for line in marks.changes(gaps(), found):
        typer.echo(line)
    marks.write(found)
    PAGE.write_text(marks.page(found, len(answers)), "utf-8")


if __name__ == "__main__":
    app()
