"""`python -m benchmarks.orchestration`: measure ticks and reports over a bucket double that counts requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.ledger.days import DAY, day_objects, write_day
from orchestration.landing.proof.compaction import compact_ledger
from orchestration.landing.proof.evidence import Request, Stream, prove
from orchestration.landing.proof.report import Wanted, hour_rows
from orchestration.landing.sensor.cursor import Cursor, RequestedRun, read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from tests.fakes.counting_bucket import CountingBucket
from tests.fakes.long_stream import FIRST, LAYOUT, TOPIC, LongStream

HERE = Path(__file__).parent
NEW_HOURS = 3
STATUS_HOURS = 30 * 24
OBJECTS_PER_HOUR = 100

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Result:
    """CPU-seconds of one measurement, and its requests by kind."""

    what: str
    seconds: float
    requests: Mapping[str, int]

    @property
    def total(self) -> int:
        """All requests together."""
        return sum(self.requests.values())


class Table:
    """The external table: it has registered what is landed, one row for each object."""

    def __init__(self, files: Mapping[str, int]) -> None:
        self._files = files

    def registered(self) -> dict[str, int]:
        """Return the bytes of every file."""
        return dict(self._files)

    def queryable(self, hours: Collection[Hour]) -> dict[str, int]:
        """Return the rows of the files of some hours."""
        prefixes = {StreamLayout().hour_prefix(Kind.LANDING, hour) for hour in hours}
        return {key: 1 for key in self._files if key[: key.rindex("/") + 1] in prefixes}


def measured(what: str, stream: Stream, work: Callable[[], object]) -> Result:
    """Run something once; its requests are those of this run alone."""
    bucket = cast("CountingBucket", stream.bucket)
    bucket.requests.clear()
    started = time.process_time()
    work()
    return Result(what, round(time.process_time() - started, 2), dict(sorted(bucket.requests.items())))


@app.command()
def run(
    hours: Annotated[int, typer.Option(min=100, help="age of the stream")] = 10_000,
    *,
    write: Annotated[bool, typer.Option("--write", help="Write results.json and RESULTS.md.")] = False,
) -> None:
    """Measure each row of the table in RESULTS.md."""
    its = LongStream(hours, checkpoints=OBJECTS_PER_HOUR // 2 - 1, unsealed=NEW_HOURS)
    stream = its.made()
    bucket = cast("CountingBucket", stream.bucket)
    objects = len(bucket.keys)
    write_closed_days(its, stream)
    results = ticks(its, stream, bucket)
    results.append(measured("compaction of one day", stream, lambda: compact_ledger(stream)))
    results.append(
        measured("run of an hour, started by hand", stream, lambda: prove(stream, Request(its.end.plus(-2))))
    )
    # The double makes seals slowly, so they are there before the report is measured.
    bucket.objects |= {
        key: its.body(key)
        for key in bucket.keys
        if key >= LAYOUT.seal_key(its.end.plus(-STATUS_HOURS), 1) and "/seals/" in key
    }
    table = cast("ExternalTable", Table(its.registered()))
    wanted = Wanted(window_hours=STATUS_HOURS)
    results.append(measured("status for 30 days", stream, lambda: hour_rows(stream, table, wanted)))
    for one in results:
        typer.echo(f"{one.what}: {one.seconds} s, {one.total} requests {dict(one.requests)}")
    if write:
        document: dict[str, Any] = {"hours": hours, "objects": objects, "results": [asdict(one) for one in results]}
        (HERE / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        (HERE / "RESULTS.md").write_text(as_text(hours, objects, results), encoding="utf-8")


def write_closed_days(its: LongStream, stream: Stream) -> None:
    """Compact every closed day but the newest one, each from its objects, as the daily runs have done."""
    previous = None
    day = FIRST.start.date()
    while Hour.beginning(day + 2 * DAY) <= its.end:
        bodies = day_objects(stream.bucket, LAYOUT, day) or {}
        write_day(stream.bucket, LAYOUT, (TOPIC,), day, bodies, previous=previous, revision=1)
        previous, day = day, day + DAY


def ticks(its: LongStream, stream: Stream, bucket: CountingBucket) -> list[Result]:
    """Measure ticks from a cursor that has requested every hour but the new ones."""
    first_new = LAYOUT.hour_prefix(Kind.LEDGER, its.end.plus(-NEW_HOURS))
    ledger = LAYOUT.prefix(Kind.LEDGER)
    late = [key for key in bucket.keys if key.startswith(ledger) and key > first_new]
    every = bucket.keys
    bucket.keys = [key for key in every if not (key.startswith(ledger) and key > first_new)]
    before = requested(stream, its)
    bucket.keys = [key for key in every if key != late[-1]]
    # Each earlier tick has read the entries of its time; the boundary of the last hour has not landed yet.
    read = run_tick(stream, before, Limits(requests_max=0)).cursor
    bucket.keys = every
    after: list[Cursor] = []

    def three_hours(cursor: Cursor) -> None:
        found = run_tick(stream, cursor, Limits())
        if len(found.requests) != NEW_HOURS:
            raise SystemExit(f"the tick requested {len(found.requests)} hours, not {NEW_HOURS}: {found.sentence()}")
        after.append(found.cursor)

    return [
        measured("tick, 3 hours new, their entries read by earlier ticks", stream, lambda: three_hours(read)),
        measured("tick, 3 hours new, after 3 hours without a tick", stream, lambda: three_hours(before)),
        measured("tick, nothing new", stream, lambda: run_tick(stream, after[0], Limits())),
    ]


def requested(stream: Stream, its: LongStream) -> Cursor:
    """Return the cursor of a sensor that has requested every hour but the new ones."""
    read = run_tick(stream, read_cursor(None, (TOPIC,)), Limits(requests_max=0)).cursor
    runs = {
        hour: RequestedRun(fingerprint="f", records=totals.accepted, published=True)
        for hour, totals in read.totals.hours.items()
        if hour < its.end.plus(-NEW_HOURS)
    }
    newest = its.end.plus(-NEW_HOURS)
    done = {"requested": runs, "begun": FIRST, "walked": newest, "last": newest.plus(-1)}
    return read.model_copy(update=done).forget(stream.clock.utc_now(), FIRST)


def as_text(hours: int, objects: int, results: list[Result]) -> str:
    """Return RESULTS.md."""
    rows = [
        f"| {one.what} | {one.seconds} s | {one.total:,} | "
        f"{', '.join(f'{kind} {count:,}' for kind, count in one.requests.items())} |"
        for one in results
    ]
    return (
        "# Ticks and reports on an old bucket\n\n"
        f"{hours:,} hours, {objects:,} objects. The bucket is a double in memory that counts requests; the seconds are "
        "CPU time of this program\nand have no network in them. How it is measured: [README.md](README.md).\n\n"
        "| what | seconds | requests | by kind |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    app()
