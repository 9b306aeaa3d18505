"""One tick of the sensor, without Dagster: read the ledger, add it up, and return the hours to publish."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from flink_jobs.contracts.layout import Hour
from orchestration.landing.ledger.epochs import Epochs
from orchestration.landing.ledger.reading import Reading, read_ledger
from orchestration.landing.ledger.totals import HourTotals, LedgerTotals
from orchestration.landing.ledger.whole import read_compacted
from orchestration.landing.proof.completeness import BrokerView, Complete, Open, Proof, Quarantined
from orchestration.landing.proof.evidence import (
    EndOffsets,
    Request,
    Stream,
    compare_with_ledger,
    judge,
    read_end_offsets,
)
from orchestration.landing.proof.seal import Seal, SealedObject, fingerprint, latest_seal
from orchestration.landing.sensor.cursor import LOOKBACK, Cursor, RequestedRun
from orchestration.landing.sensor.published import walked_over, with_published_hours
from orchestration.landing.sensor.retention import Countdown, countdown, retention_findings
from orchestration.landing.sensor.walk import Walk, WalkLimits, begin_walk

_NAMED_MAX = 5
"""Hours that one sentence names; more are counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one tick; the next tick does the rest.

    Args:
        requests_max: runs that are requested.
        ledger_objects_max: objects of the ledger that are fetched.
        duration: no further hour is examined after it; Dagster ends a tick at 60 s.
        lookback: how long an hour stays in the cursor after its newest ledger entry.
        amend_rest: pause between two requests of one hour, so that late records do not fill the queue.
    """

    requests_max: int = 24
    ledger_objects_max: int = 2_000
    duration: timedelta = timedelta(seconds=40)
    lookback: timedelta = LOOKBACK
    amend_rest: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Tick:
    """The result of one tick.

    Args:
        cursor: for the next tick.
        requests: runs to request, oldest hour first.
        reasons: `complete` or `amended` for each request, in the same order.
        waiting: the hours that are not complete, oldest first.
        findings: faults of the ledger and objects that it does not promise, as sentences.
        behind: whether the limits left objects unread or hours unexamined.
        countdown: when the oldest open hour becomes unprovable.
        resting: hours with new records whose last run is not finished, or was requested a moment ago.
    """

    cursor: Cursor
    requests: tuple[Request, ...] = ()
    reasons: tuple[str, ...] = ()
    waiting: tuple[Open | Quarantined, ...] = ()
    findings: tuple[str, ...] = ()
    behind: bool = False
    countdown: Countdown | None = None
    resting: tuple[Hour, ...] = ()

    def sentence(self) -> str:
        """Return one readable line: what each open hour waits for, and the findings."""
        parts = [f"{one.hour} waits for {one.reason}" for one in self.waiting if isinstance(one, Open)]
        parts += [f"quarantined: {one.reason}" for one in self.waiting if isinstance(one, Quarantined)]
        named = parts[:_NAMED_MAX] + ([f"{len(parts) - _NAMED_MAX} more hours"] if len(parts) > _NAMED_MAX else [])
        if self.resting:
            named.append(f"{len(self.resting)} amended hours rest, or wait for the end of their run")
        if self.behind:
            named.insert(0, "more is left to read, the next tick continues")
        named += [f"finding: {finding}" for finding in self.findings[:_NAMED_MAX]]
        if not named:
            last = f"{self.cursor.last.path.rstrip('/')} was the last" if self.cursor.last else "the ledger is empty"
            return f"every landed hour was requested; {last}"
        return "; ".join(named)


def run_tick(stream: Stream, cursor: Cursor, limits: Limits, in_progress: Collection[Hour] = ()) -> Tick:
    """Find the hours to publish. It changes nothing outside, so a tick that was cut off can be repeated.

    Hours `in_progress` have an unfinished run, and none of them is requested.

    1. Read the ids and end offsets of the topics, then the ledger; add the new entries to the totals.
    2. If the limit left ledger objects unread, stop here: a missing entry proves nothing then.
       A cursor that knows no hour takes over what is published.
    3. Examine the open hours with records, oldest first, until `requests_max` runs are requested or the time is over.
    4. Walk on over the hours without records, as far as the limits allow (`walk`).

    Raises:
        UnavailableError: the broker or the bucket is away; the old cursor stays valid.
        LandingError: something must be repaired first.
    """
    is_migrated = cursor.begun is None and cursor.reading.start is not None
    ends = read_end_offsets(stream, cursor.idle_ends)
    cursor = _after_compacted_days(stream, cursor)
    news = read_ledger(
        stream.bucket,
        stream.layout,
        cursor.reading,
        damaged=cursor.totals.damaged,
        objects_max=limits.ledger_objects_max,
    )
    totals = cursor.totals.fold(news.entries).with_damaged(news.damaged)
    cursor = cursor.model_copy(update={"totals": totals, "reading": news.reading, "idle_ends": dict(ends.idle_ends)})
    if news.more:
        return Tick(cursor, findings=tuple(totals.findings()), behind=True)
    ends = compare_with_ledger(stream, totals, ends)
    if ends.refusal is None:
        cursor = cursor.model_copy(update={"reading": news.reading.advance(totals, ends.topics, ends.asked_at)})
    knows_no_hour = cursor.begun is None
    if knows_no_hour:
        cursor = with_published_hours(stream, cursor)
    cursor = begin_walk(stream, cursor, ends, is_migrated=is_migrated)
    if knows_no_hour:
        cursor = walked_over(cursor, ends.asked_at)
    return _Examination(stream, ends, limits, cursor, in_progress).run()


def _after_compacted_days(stream: Stream, cursor: Cursor) -> Cursor:
    """Return a cursor that has read nothing with the compacted days of the ledger; any other one as it is."""
    is_new = cursor.reading == Reading() and cursor.totals == LedgerTotals(topics=stream.topics)
    compacted = read_compacted(stream.bucket, stream.layout, stream.topics) if is_new else None
    if compacted is None:
        return cursor
    totals, reading = compacted
    return cursor.model_copy(update={"totals": totals, "reading": reading})


class _Examination:
    """Examine the open hours of one tick in order."""

    def __init__(
        self, stream: Stream, ends: EndOffsets, limits: Limits, cursor: Cursor, in_progress: Collection[Hour]
    ) -> None:
        self._stream = stream
        self._ends = ends
        self._limits = limits
        self._cursor = cursor
        self._requests: list[Request] = []
        self._reasons: list[str] = []
        self._waiting: list[Open | Quarantined] = []
        self._in_progress = in_progress
        self._resting: list[Hour] = []
        self._unpromised: list[str] = []
        self._behind = False

    def run(self) -> Tick:
        for hour in self._cursor.open_hours():
            if not self._has_time() or len(self._requests) == self._limits.requests_max:
                self._behind = True
                break
            if hour in self._in_progress or self._rests(hour):
                self._resting.append(hour)
                continue
            self._restore_from_seal(hour)
            judgement = judge(self._stream, hour, self._cursor.totals, self._ends)
            if isinstance(judgement.verdict, Complete):
                self._request(judgement.verdict, judgement.view)
            else:
                self._waiting.append(judgement.verdict)
        if self._ends.refusal is None:
            self._walk()
        cursor = self._cursor.forget(self._ends.asked_at, self._stream.first_hour, self._limits.lookback)
        ends, totals = self._ends, cursor.totals
        left = countdown(self._open_hours(cursor), totals, ends.topics, ends.asked_at)
        findings = (
            *([ends.refusal] if ends.refusal else []),
            *retention_findings(left, totals, ends.topics, self._stream.policy),
            *totals.findings(),
            *self._unpromised,
        )
        runs = sorted(zip(self._requests, self._reasons, strict=True), key=lambda run: run[0].hour)
        return Tick(
            cursor,
            tuple(request for request, _ in runs),
            tuple(reason for _, reason in runs),
            tuple(sorted(self._waiting, key=lambda one: one.hour)),
            findings,
            self._behind,
            left,
            tuple(self._resting),
        )

    def _open_hours(self, cursor: Cursor) -> list[Hour]:
        """List the hours that are over and not proven; those that were passed can never be."""
        hours = [one.hour for one in self._waiting if isinstance(one, Open) and one.hour.end <= self._ends.asked_at]
        if self._ends.refusal and cursor.walked is not None and cursor.walked.end <= self._ends.asked_at:
            hours.append(cursor.walked)
        return [hour for hour in hours if not any(its.first <= hour <= its.last for its in cursor.passed)]

    def _rests(self, hour: Hour) -> bool:
        """Return whether the hour was requested a moment ago: its late records wait for one run together."""
        run = self._cursor.requested.get(hour)
        if run is None or run.requested_at is None:
            return False
        return self._ends.asked_at - run.requested_at < self._limits.amend_rest

    def _has_time(self) -> bool:
        return self._stream.clock.utc_now() - self._ends.asked_at <= self._limits.duration

    def _walk(self) -> None:
        left = self._limits.requests_max - len(self._requests)
        recent = Hour.containing(self._ends.asked_at - self._limits.lookback)
        found = Walk(self._stream, self._ends, self._cursor, WalkLimits(left, recent, self._has_time)).run()
        self._cursor = found.cursor
        self._requests += found.requests
        self._reasons += ["complete"] * len(found.requests)
        self._waiting += found.waiting
        self._behind = self._behind or found.behind

    def _request(self, complete: Complete, view: BrokerView | None) -> None:
        hour, found = complete.hour, fingerprint(complete.objects)
        before, totals = self._cursor.requested.get(hour), self._cursor.totals.hours[hour]
        if complete.unpromised_keys:
            key = complete.unpromised_keys[0]
            self._unpromised.append(f"{hour}: no ledger entry promises {key}; it is left out")
        records = totals.accepted + totals.rejected
        run = RequestedRun(fingerprint=found, records=records, requested_at=self._ends.asked_at)
        self._update(requested={**self._cursor.requested, hour: run})
        idle_ends = self._cursor.idle_ends if complete.proof is Proof.IDLE else None
        self._requests.append(Request(hour, found, self._since(totals.since, view), idle_ends))
        self._reasons.append("complete" if before is None or before.fingerprint == found else "amended")
        self._update(last=max(hour, self._cursor.last or hour))

    def _since(self, since: Hour, view: BrokerView | None) -> Hour:
        """Return from when on the ledger must be read: a partition that no record follows is needed to its end."""
        ended = [key for key in view.marks if view.later[key] is None] if view else []
        chains = [chain for key in ended if (chain := self._cursor.totals.chain(key))]
        return min([since, *(chain.emitted for chain in chains)])

    def _restore_from_seal(self, hour: Hour) -> None:
        """Read from its seal the totals of an old hour that the cursor dropped."""
        recent = hour.end >= self._ends.asked_at - self._limits.lookback
        if recent or hour in self._cursor.requested:
            return
        seal = latest_seal(self._stream.bucket, self._stream.layout, hour)
        if seal is None:
            return
        known = _with_seal(self._cursor.totals.hours[hour], seal)
        hours = {**self._cursor.totals.hours, hour: known}
        run = RequestedRun(fingerprint=seal.fingerprint, records=seal.accepted + seal.rejected)
        self._update(
            totals=self._cursor.totals.model_copy(update={"hours": hours}),
            requested={**self._cursor.requested, hour: run},
        )

    def _update(self, **changes: object) -> None:
        self._cursor = self._cursor.model_copy(update=changes)


def _with_seal(totals: HourTotals, seal: Seal) -> HourTotals:
    """Return the totals with those of the seal, unless they have its entries: a new cursor has dropped nothing."""
    if any(item.epoch in totals.promised(item.kind) for item in seal.objects):
        return totals
    landing = seal.landing()
    its = HourTotals(
        since=seal.emitted_first or totals.since,
        until=totals.until,
        accepted=seal.accepted,
        rejected=seal.rejected,
        landing_epochs=_epochs(landing.values()),
        rejected_epochs=_epochs(item for item in seal.objects if item.key not in landing),
        topic_ids=tuple({its.topic_id for its in seal.partitions if its.topic_id}),
    )
    return totals.plus(its)


def _epochs(objects: Iterable[SealedObject]) -> Epochs:
    found = Epochs()
    for item in objects:
        found = found.add(item.epoch)
    return found
