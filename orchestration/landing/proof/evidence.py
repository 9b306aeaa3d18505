"""Prove one hour from nothing but the broker, the ledger and the listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from flink_jobs.contracts.layout import Hour, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.clock import Clock
from orchestration.landing.clients.kafka import Broker, RecordTime, TopicOffsets
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.ledger.reading import read_whole_ledger
from orchestration.landing.ledger.totals import LedgerBook
from orchestration.landing.proof.completeness import (
    DATA_KINDS,
    BrokerView,
    Complete,
    Open,
    Patience,
    Quarantined,
    before_asking,
    missing_span,
    objects_listed,
    offsets_reached,
)
from orchestration.landing.proof.seal import fingerprint


class EndSeen(BaseModel):
    """The end offset of a partition, and when it was seen there first."""

    model_config = ConfigDict(frozen=True)

    end: int
    since: AwareDatetime


Watched = Mapping[int, EndSeen]
"""Ends by partition: what shows that nothing was produced for a while."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and everything outside that knows something about it."""

    layout: StreamLayout
    topic: str
    bucket: Bucket
    broker: Broker
    clock: Clock
    patience: Patience


@dataclass(frozen=True, slots=True)
class Request:
    """What the sensor asks of a run, and what it knows that the run cannot find out quickly.

    Args:
        hour: the hour to publish.
        fingerprint: of the objects that were found, None when a person asks.
        since: emission hour from which on the ledger speaks of the hour; None is the whole ledger.
        watched: ends of partitions, for hours that were proven by idleness.
    """

    hour: Hour
    fingerprint: str | None = None
    since: Hour | None = None
    watched: Watched | None = None


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends of all partitions at one moment, and since when each has been there."""

    offsets: TopicOffsets
    asked_at: datetime
    watched: Watched


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on an hour; `view` is None where the broker was not asked about the hour."""

    verdict: Complete | Open | Quarantined
    view: BrokerView | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A judgement, and the ledger that it rests on."""

    judgement: Judgement
    book: LedgerBook
    entries: tuple[tuple[Hour, LedgerEntry], ...]

    @property
    def verdict(self) -> Complete | Open | Quarantined:
        """The verdict alone."""
        return self.judgement.verdict


def prove(stream: Stream, request: Request) -> tuple[Complete, Evidence]:
    """Prove that an hour is complete, or say why it is not.

    The ledger is read from where the request says that the hour begins. If the hour is not complete by that, or
    has other objects than were requested, the whole ledger is read instead: the request only saves work, it is
    never believed. If nothing but time is missing, the grace is waited for once.

    Raises:
        HourNotCompleteError: with the reason.
        UnavailableError: the broker or the bucket is away.
    """
    evidence = examine(stream, request.hour, request.since, request.watched or {})
    if request.since is not None and not _as_requested(evidence, request):
        evidence = examine(stream, request.hour, None, request.watched or {})
    view = evidence.judgement.view
    if isinstance(evidence.verdict, Open) and evidence.verdict.retry_at is not None and view is not None:
        evidence = _again_after_grace(stream, request.hour, evidence.verdict.retry_at, view)
    if not isinstance(evidence.verdict, Complete):
        wait = "waits for " if isinstance(evidence.verdict, Open) else ""
        raise HourNotCompleteError(f"{request.hour} is not complete: it {wait}{evidence.verdict.reason}")
    return evidence.verdict, evidence


def examine(stream: Stream, hour: Hour, since: Hour | None, watched: Watched) -> Evidence:
    """Look once at everything that speaks of an hour, in the order that makes the answer safe.

    1. The ends of the partitions, at a known time (`look_at_ends`).
    2. The ledger: what it does not hold now is not counted.
    3. The offsets at the hour's begin and boundary (`judge`).
    4. The objects: each one that the ledger promised was visible before its entry (`judge`).
    """
    ends = look_at_ends(stream, watched)
    book, entries = read_whole_ledger(stream.bucket, stream.layout, stream.topic, since=since)
    if hour not in book.hours:
        return Evidence(Judgement(Open(hour, "its first record in the ledger")), book, entries)
    return Evidence(judge(stream, hour, book, ends), book, entries)


def look_at_ends(stream: Stream, before: Watched) -> Ends:
    """Note the ends of all partitions; one that has not moved keeps the time at which it was seen first."""
    asked_at = stream.clock.now()
    offsets = stream.broker.offsets(stream.topic)
    watched = {}
    for partition, marks in offsets.partitions.items():
        seen = before.get(partition)
        watched[partition] = seen if seen and seen.end == marks.end else EndSeen(end=marks.end, since=asked_at)
    return Ends(offsets, asked_at, watched)


def judge(stream: Stream, hour: Hour, book: LedgerBook, ends: Ends) -> Judgement:
    """Judge an hour of the book; the ends must have been looked at before the ledger was read."""
    early = before_asking(hour, ends.asked_at)
    if early is not None:
        return Judgement(early)
    view = _attested(stream, book, _view(stream, hour, ends))
    reached = offsets_reached(hour, book, view, stream.patience)
    if not isinstance(reached, Open) and ends.offsets.record_time is RecordTime.CREATE:
        view = _attested(stream, book, _with_real_records(stream, hour, view))
        reached = offsets_reached(hour, book, view, stream.patience)
    if isinstance(reached, Open):
        return Judgement(reached, view)
    return Judgement(objects_listed(hour, book.hours[hour], list_hour(stream, hour), reached), view)


def list_hour(stream: Stream, hour: Hour) -> tuple[ListedObject, ...]:
    """List the accepted and the rejected objects of an hour."""
    prefixes = (stream.layout.hour_prefix(kind, hour) for kind in DATA_KINDS)
    return tuple(found for prefix in prefixes for found in stream.bucket.list(prefix))


def _view(stream: Stream, hour: Hour, ends: Ends) -> BrokerView:
    partitions = sorted(ends.offsets.partitions)
    return BrokerView(
        offsets=ends.offsets,
        asked_at=ends.asked_at,
        first=stream.broker.offsets_at(stream.topic, partitions, hour.start),
        beyond=stream.broker.offsets_at(stream.topic, partitions, stream.patience.beyond(hour)),
        unmoved_since={partition: ends.watched[partition].since for partition in partitions},
    )


def _attested(stream: Stream, book: LedgerBook, view: BrokerView) -> BrokerView:
    """Ask the broker about offsets that are not landed, up to the first one that somebody may read.

    That one holds the hour whatever the other partitions say, so a backlog costs one question per hour.
    """
    for partition in sorted(view.offsets.partitions):
        while span := missing_span(book, view, partition):
            readable = stream.broker.first_readable(view.offsets.topic, partition, *span)
            nothing_until = span[1] if readable is None else readable - 1
            if nothing_until >= span[0]:
                known = view.unreadable.get(partition, Ranges()).add(span[0], nothing_until)
                view = replace(view, unreadable={**view.unreadable, partition: known})
            if readable is not None:
                return view
    return view


def _with_real_records(stream: Stream, hour: Hour, view: BrokerView) -> BrokerView:
    """Believe only records about the end of an hour: a marker has the broker's time, however old its records are."""
    topic, moment = view.offsets.topic, stream.patience.beyond(hour)
    real = {
        partition: stream.broker.first_record(topic, partition, found.offset, moment) if found else None
        for partition, found in view.beyond.items()
    }
    return replace(view, beyond=real)


def _as_requested(evidence: Evidence, request: Request) -> bool:
    verdict = evidence.verdict
    return isinstance(verdict, Complete) and fingerprint(verdict.objects) == request.fingerprint


def _again_after_grace(stream: Stream, hour: Hour, retry_at: datetime, view: BrokerView) -> Evidence:
    seconds = (retry_at - stream.clock.now()).total_seconds()
    stream.clock.wait(min(max(seconds, 0.0) + 1.0, 2 * stream.patience.grace.total_seconds() + 1.0))
    ends = {
        partition: EndSeen(end=marks.end, since=view.unmoved_since[partition])
        for partition, marks in view.offsets.partitions.items()
    }
    return examine(stream, hour, None, ends)
