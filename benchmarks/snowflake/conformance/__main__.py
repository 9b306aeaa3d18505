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
from benchmarks.snowflake.conformance.documents import Sentence, gaps, objects, refusal_topics, sentences
from benchmarks.snowflake.conformance.running import Conformance, Place
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
    found: Counter[str] = Counter()
    with _conformance() as (name, judge):
        for verdict in judge.sentences(_of(topic)):
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
def mark(
    topic: Annotated[str, typer.Option(help="Ask one topic again, by a part of its name; no refusals.")] = "",
) -> None:
    """Write what the local Snowflake does not meet into gaps.yaml and its page; review the difference."""
    before = gaps()
    with _conformance() as (name, judge):
        if name != LOCAL:
            raise typer.BadParameter("marks are those of the local Snowflake: unset SNOWFLAKE_ACCOUNT")
        found = (
            marks.with_topic(before, _of(topic), judge) if topic else marks.of_all(judge, {peer.NAME: peer.count()[0]})
        )
    for line in marks.changes(before, found):
        typer.echo(line)
    marks.write(found)
    PAGE.write_text(marks.page(found, sum(len(known.refusals) for known in refusal_topics())), "utf-8")


def _of(topic: str) -> tuple[Sentence, ...]:
    return tuple(sentence for sentence in sentences() if topic.lower() in sentence.topic.lower())


if __name__ == "__main__":
    app()
