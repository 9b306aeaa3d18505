"""The rows of an old bucket: ticks, a run and a report over a stream whose last hours are new."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import cast

from benchmarks.orchestration.gates import STATUS, TICK, Gate, Result
from flink_jobs.contracts.layout import Kind
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.ledger.days import DAY, day_objects, write_day
from orchestration.landing.proof.compaction import compact_ledger
from orchestration.landing.proof.evidence import Request, Stream, prove
from orchestration.landing.publication import published_revisions
from orchestration.landing.report.hours import Wanted, hour_rows
from orchestration.landing.sensor.cursor import Cursor, RequestedRun, read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from tests.fakes.counting_bucket import CountingBucket
from tests.fakes.long_stream import FIRST, LAYOUT, TOPIC, LongStream, LongTable

NEW_HOURS = 3
STATUS_HOURS = 30 * 24
OBJECTS_PER_HOUR = 100
OPEN_HOURS, REVISIONS = 7, 5
"""The last run of the compaction was six hours ago, and wrote what was closed then; a closed day has five revisions."""
Clock = Callable[[], float]


@dataclass(frozen=True)
class OldBucket:
    """A stream that is old, and the double that made its objects.

    Args:
        its: the stream's keys and bodies.
        stream: over the bucket that is measured.
        double: the same objects in memory.
        requests: counts the requests of the measured bucket.
        clock: of the seconds.
    """

    its: LongStream
    stream: Stream
    double: CountingBucket
    requests: Counter[str]
    clock: Clock = time.process_time
    cursors: dict[str, Cursor] = field(default_factory=dict)

    def measured(self, what: str, work: Callable[[], object], gate: Gate | None = None) -> Result:
        """Run something once; its requests are those of this run alone."""
        self.requests.clear()
        started, cpu_started = self.clock(), time.process_time()
        work()
        seconds, cpu_seconds = self.clock() - started, time.process_time() - cpu_started
        requests = dict(sorted(self.requests.items()))
        return Result(what, round(seconds, 3), round(cpu_seconds, 3), requests, gate)


def in_memory(hours: int) -> OldBucket:
    """Make the bucket in memory, with its ledger compacted as the job leaves it just before its next run."""
    its = LongStream(hours, checkpoints=OBJECTS_PER_HOUR // 2 - 1, unsealed=NEW_HOURS)
    stream = its.made()
    double = cast("CountingBucket", stream.bucket)
    _write_days(its, stream, double)
    # The double makes seals slowly, so the newest ones are there before anything is measured.
    oldest = LAYOUT.seal_key(its.end.plus(-STATUS_HOURS), 1)
    seals = [key for key in double.keys if key.startswith(LAYOUT.prefix(Kind.SEALS)) and key >= oldest]
    double.objects |= {key: its.body(key) for key in seals}
    return OldBucket(its, stream, double, double.requests)


def prepare_cursors(old: OldBucket) -> None:
    """Make the cursors of the measured ticks, over the double."""
    its, stream, double = old.its, old.stream, old.double
    first_new = LAYOUT.hour_prefix(Kind.LEDGER, its.end.plus(-NEW_HOURS))
    every, ledger = double.keys, LAYOUT.prefix(Kind.LEDGER)
    late = [key for key in every if key.startswith(ledger) and key > first_new]
    double.keys = [key for key in every if not (key.startswith(ledger) and key > first_new)]
    before = _published(run_tick(stream, read_cursor(None, (TOPIC,)), Limits(requests_max=0)).cursor, its)
    before = before.forget(stream.clock.utc_now(), FIRST)
    double.keys = [key for key in every if key != late[-1]]
    # Each earlier tick has read the entries of its time; the boundary of the last hour has not landed yet.
    read = run_tick(stream, before, Limits(requests_max=0)).cursor
    double.keys = every
    old.cursors.update(before=before, read=read)


def measure(old: OldBucket) -> Iterator[Result]:
    """Yield each row; the last one writes into the bucket."""
    its, stream, measured, cursors = old.its, old.stream, old.measured, old.cursors

    def three_hours(name: str) -> None:
        found = run_tick(stream, cursors[name], Limits())
        if len(found.requests) != NEW_HOURS:
            raise SystemExit(f"the tick requested {len(found.requests)} hours, not {NEW_HOURS}: {found.sentence()}")
        # The sensor looks whether the requested hours are published already (`with_unpublished_hours`).
        published_revisions(stream.bucket, stream.layout, min(request.hour for request in found.requests))
        cursors["after"] = found.cursor

    yield measured("tick, 3 hours new, their entries read by earlier ticks", lambda: three_hours("read"), TICK)
    yield measured("tick, 3 hours new, after 3 hours without a tick", lambda: three_hours("before"), TICK)
    yield measured("tick, nothing new", lambda: run_tick(stream, cursors["after"], Limits()))
    yield measured("tick, cursor lost", lambda: run_tick(stream, read_cursor(None, (TOPIC,)), Limits()))
    yield measured("run of an hour, started by hand", lambda: prove(stream, Request(its.end.plus(-2))))
    table = cast("ExternalTable", LongTable(its.registered()))
    yield measured("status for 30 days", lambda: hour_rows(stream, table, Wanted(STATUS_HOURS)), STATUS)
    yield measured("run of the compaction", lambda: compact_ledger(stream, open_day=True))


def _write_days(its: LongStream, stream: Stream, double: CountingBucket) -> None:
    """Compact the days from their objects, one after the other, as the runs of the job have done.

    Of each closed day the revisions of its open hours are there, too, which nobody reads.
    """
    previous, day, newest = None, FIRST.start.date(), its.end.start.date()
    former: list[str] = []
    while day <= newest:
        until = its.end.plus(-OPEN_HOURS) if day == newest else None
        bodies = day_objects(double, LAYOUT, day, until)
        if bodies:
            revision = 1 if until else REVISIONS
            write_day(stream.bucket, LAYOUT, (TOPIC,), day, bodies, previous=previous, revision=revision, until=until)
            former += [key for number in range(1, revision) for key in _revision_keys(day, number)]
        previous, day = day, day + DAY
    double.objects |= dict.fromkeys(former, b"{}")
    double.keys = sorted([*double.keys, *former])


def _revision_keys(day: date, revision: int) -> tuple[str, str]:
    digest = sha256(f"{day} {revision}".encode()).hexdigest()
    return LAYOUT.ledger_day_key(day, revision), LAYOUT.ledger_day_entries_key(day, digest)


def _published(cursor: Cursor, its: LongStream) -> Cursor:
    """Return the cursor of a sensor that has seen every hour but the new ones published."""
    newest = its.end.plus(-NEW_HOURS)
    runs = {
        hour: RequestedRun(fingerprint="f", records=totals.accepted, published=True)
        for hour, totals in cursor.totals.hours.items()
        if hour < newest
    }
    return cursor.model_copy(update={"requested": runs, "begun": FIRST, "walked": newest, "last": newest.plus(-1)})
