"""One tick of the sensor, without Dagster: read, add up, and name the hours that a run should publish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flink_jobs.contracts.layout import Hour
from orchestration.landing.ledger.epochs import Epochs
from orchestration.landing.ledger.reading import read_ledger
from orchestration.landing.ledger.totals import HourBook, LedgerBook
from orchestration.landing.proof.completeness import Complete, Open, Proof, Quarantined
from orchestration.landing.proof.evidence import Ends, Request, Stream, judge, look_at_ends
from orchestration.landing.proof.seal import fingerprint, latest_seal
from orchestration.landing.sensor.cursor import LOOKBACK, Asked, Cursor

_NAMED_MAX = 5
"""Hours that one sentence names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one tick, whatever has piled up; the rest follows in the next one.

    Args:
        requests_max: runs asked for.
        ledger_objects_max: objects of the ledger fetched.
        duration: after it no further hour is examined; Dagster cuts a tick off at 60 s.
        lookback: how long an hour is remembered after its newest ledger entry.
    """

    requests_max: int = 24
    ledger_objects_max: int = 2_000
    duration: timedelta = timedelta(seconds=40)
    lookback: timedelta = LOOKBACK


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick found.

    Args:
        cursor: to be kept for the next tick.
        requests: runs to ask for, oldest hour first.
        reasons: why each of them, `complete` or `amended`, in the same order.
        waiting: the hours that are not complete, oldest first.
        findings: what is wrong with the ledger or lies about unexplained, in words.
        behind: whether there is more to read or to examine than this tick was allowed to.
    """

    cursor: Cursor
    requests: tuple[Request, ...] = ()
    reasons: tuple[str, ...] = ()
    waiting: tuple[Open | Quarantined, ...] = ()
    findings: tuple[str, ...] = ()
    behind: bool = False

    def sentence(self) -> str:
        """Say in one readable line what the tick waits for."""
        parts = [f"{one.hour} waits for {one.reason}" for one in self.waiting if isinstance(one, Open)]
        parts += [f"quarantined: {one.reason}" for one in self.waiting if isinstance(one, Quarantined)]
        named = parts[:_NAMED_MAX] + ([f"{len(parts) - _NAMED_MAX} more hours"] if len(parts) > _NAMED_MAX else [])
        if self.behind:
            named.insert(0, "there is more to read, the next tick goes on")
        named += [f"finding: {finding}" for finding in self.findings[:_NAMED_MAX]]
        if not named:
            last = f"{self.cursor.last.path.rstrip('/')} was the last" if self.cursor.last else "the ledger is empty"
            return f"every landed hour was asked for; {last}"
        return "; ".join(named)


def run_tick(stream: Stream, cursor: Cursor, limits: Limits) -> Tick:
    """Find the hours to publish. Nothing outside changes, so a tick that is cut off is simply repeated.

    1. Read the ends of the partitions, then the ledger: the new entries go into the book.
    2. If the ledger could not be read to its end, stop here: what is absent proves nothing.
    3. Examine the open hours, oldest first, until enough runs are asked for or time is up.

    Raises:
        UnavailableError: the broker or the bucket is away; the old cursor stays good.
        LandingError: something has to be repaired first.
    """
    ends = look_at_ends(stream, cursor.watched)
    news = read_ledger(stream.bucket, stream.layout, cursor.reading, objects_max=limits.ledger_objects_max)
    book = cursor.book.fold(news.entries)
    cursor = cursor.model_copy(update={"book": book, "reading": news.reading, "watched": dict(ends.watched)})
    if news.more:
        return Tick(cursor, findings=tuple(book.findings()), behind=True)
    cursor = cursor.model_copy(update={"reading": news.reading.advance(book, ends.offsets, ends.asked_at)})
    return _Examination(stream, ends, limits, cursor).run()


class _Examination:
    """The open hours of one tick, one after the other."""

    def __init__(self, stream: Stream, ends: Ends, limits: Limits, cursor: Cursor) -> None:
        self._stream = stream
        self._ends = ends
        self._limits = limits
        self._cursor = cursor
        self._requests: list[Request] = []
        self._reasons: list[str] = []
        self._waiting: list[Open | Quarantined] = []
        self._strays: list[str] = []
        self._behind = False

    def run(self) -> Tick:
        for hour in self._cursor.open_hours():
            late = self._stream.clock.now() - self._ends.asked_at > self._limits.duration
            if late or len(self._requests) == self._limits.requests_max:
                self._behind = True
                break
            self._recall(hour)
            verdict = judge(self._stream, hour, self._cursor.book, self._ends).verdict
            if isinstance(verdict, Complete):
                self._ask(verdict)
            else:
                self._waiting.append(verdict)
        cursor = self._cursor.forget(self._ends.asked_at, self._limits.lookback)
        findings = (*cursor.book.findings(), *self._strays)
        return Tick(cursor, tuple(self._requests), tuple(self._reasons), tuple(self._waiting), findings, self._behind)

    def _ask(self, complete: Complete) -> None:
        hour, found = complete.hour, fingerprint(complete.objects)
        before, book = self._cursor.asked.get(hour), self._cursor.book.hours[hour]
        if complete.strays:
            self._strays.append(f"{hour}: no ledger entry promises {complete.strays[0]}; it is left out")
        asked = Asked(fingerprint=found, records=book.accepted + book.rejected)
        self._update(asked={**self._cursor.asked, hour: asked})
        watched = self._cursor.watched if complete.proof is Proof.IDLE else None
        self._requests.append(Request(hour, found, book.since, watched))
        self._reasons.append("complete" if before is None or before.fingerprint == found else "amended")
        self._update(last=max(hour, self._cursor.last or hour))

    def _recall(self, hour: Hour) -> None:
        """Take back from its seal what the cursor has forgotten about an old hour."""
        recent = hour.end >= self._ends.asked_at - self._limits.lookback
        if recent or hour in self._cursor.asked:
            return
        seal = latest_seal(self._stream.bucket, self._stream.layout, hour)
        if seal is None:
            return
        book = self._cursor.book.hours[hour]
        known = HourBook(
            since=min(seal.emitted_first, book.since),
            until=book.until,
            accepted=seal.accepted + book.accepted,
            rejected=seal.rejected + book.rejected,
            landing_epochs=_with(book.landing_epochs, [item.epoch for item in seal.landing().values()]),
            rejected_epochs=_with(
                book.rejected_epochs,
                [item.epoch for item in seal.objects if item.key not in seal.landing()],
            ),
            faults=book.faults,
        )
        hours = {**self._cursor.book.hours, hour: known}
        asked = Asked(fingerprint=seal.fingerprint, records=seal.accepted + seal.rejected)
        self._update(
            book=LedgerBook(topic=self._stream.topic, chains=self._cursor.book.chains, hours=hours),
            asked={**self._cursor.asked, hour: asked},
        )

    def _update(self, **changes: object) -> None:
        self._cursor = self._cursor.model_copy(update=changes)


def _with(known: Epochs, more: list[str]) -> Epochs:
    for epoch in more:
        known = known.add(epoch)
    return known
