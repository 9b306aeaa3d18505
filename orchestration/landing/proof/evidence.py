"""Prove one hour from the broker, the ledger and the listing alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from flink_jobs.contracts.clock import Clock
from flink_jobs.contracts.layout import DATA_KINDS, Hour, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.kafka import Broker, RecordTime, TopicOffsets
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.ledger.reading import read_whole_ledger
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.proof.completeness import (
    BrokerView,
    Complete,
    CompletenessPolicy,
    Open,
    Quarantined,
    before_asking,
    missing_span,
    objects_listed,
    offsets_reached,
)
from orchestration.landing.proof.seal import fingerprint


class IdleSince(BaseModel):
    """The end offset of a partition, and when this end was read first."""

    model_config = ConfigDict(frozen=True)

    end: int
    since: AwareDatetime


IdleEnds = Mapping[int, IdleSince]
"""By partition; an end that does not move shows that nothing is produced."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and the clients that are asked about it.

    Records of hours before `first_hour` land and are reported, but never published.
    """

    layout: StreamLayout
    topic: str
    bucket: Bucket
    broker: Broker
    clock: Clock
    policy: CompletenessPolicy
    first_hour: Hour


@dataclass(frozen=True, slots=True)
class Request:
    """What the sensor requests of a run, with what the sensor knows and the run could only find out slowly.

    Args:
        hour: the hour to publish.
        fingerprint: of the objects that the sensor found; None for a run that a person started.
        since: emission hour of the first ledger entry of the hour; None reads the whole ledger.
        idle_ends: for an hour that was proven by idle partitions.
    """

    hour: Hour
    fingerprint: str | None = None
    since: Hour | None = None
    idle_ends: IdleEnds | None = None


@dataclass(frozen=True, slots=True)
class EndOffsets:
    """The end offsets of all partitions at one moment, and since when each has not moved."""

    offsets: TopicOffsets
    asked_at: datetime
    idle_ends: IdleEnds


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on an hour; `view` is None when the verdict needed no query to the broker."""

    verdict: Complete | Open | Quarantined
    view: BrokerView | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A judgement, and the ledger that it was made from."""

    judgement: Judgement
    totals: LedgerTotals
    entries: tuple[tuple[Hour, LedgerEntry], ...]

    @property
    def verdict(self) -> Complete | Open | Quarantined:
        """The verdict alone."""
        return self.judgement.verdict


def prove(stream: Stream, request: Request) -> tuple[Complete, Evidence]:
    """Prove that an hour is complete.

    The ledger is read from `request.since`. If the hour is not complete by that, or has other objects than requested,
    the whole ledger is read: the request saves work and is not evidence. If only time is missing, this waits once
    for the grace.

    Raises:
        HourNotCompleteError: with the reason.
        UnavailableError: the broker or the bucket is away.
    """
    evidence = examine(stream, request.hour, request.since, request.idle_ends or {})
    if request.since is not None and not _as_requested(evidence, request):
        evidence = examine(stream, request.hour, None, request.idle_ends or {})
    view = evidence.judgement.view
    if isinstance(evidence.verdict, Open) and evidence.verdict.retry_at is not None and view is not None:
        evidence = _again_after_grace(stream, request.hour, evidence.verdict.retry_at, view)
    if not isinstance(evidence.verdict, Complete):
        wait = "waits for " if isinstance(evidence.verdict, Open) else ""
        raise HourNotCompleteError(f"{request.hour} is not complete: it {wait}{evidence.verdict.reason}")
    return evidence.verdict, evidence


def examine(stream: Stream, hour: Hour, since: Hour | None, idle_ends: IdleEnds) -> Evidence:
    """Read everything about an hour once. The order makes the answer safe.

    1. The end offsets of the partitions, at a known time (`read_end_offsets`).
    2. The ledger; later entries do not count.
    3. The offsets at the begin and at the boundary of the hour (`judge`).
    4. The objects: each promised object was visible before its ledger entry (`judge`).
    """
    ends = read_end_offsets(stream, idle_ends)
    totals, entries = read_whole_ledger(stream.bucket, stream.layout, stream.topic, since=since)
    if hour not in totals.hours:
        return Evidence(Judgement(Open(hour, "its first record in the ledger")), totals, entries)
    return Evidence(judge(stream, hour, totals, ends), totals, entries)


def read_end_offsets(stream: Stream, before: IdleEnds) -> EndOffsets:
    """Read the end offsets of all partitions; an end that has not moved since `before` keeps its time."""
    asked_at = stream.clock.utc_now()
    offsets = stream.broker.offsets(stream.topic)
    idle_ends = {}
    for partition, marks in offsets.partitions.items():
        seen = before.get(partition)
        idle_ends[partition] = seen if seen and seen.end == marks.end else IdleSince(end=marks.end, since=asked_at)
    return EndOffsets(offsets, asked_at, idle_ends)


def judge(stream: Stream, hour: Hour, totals: LedgerTotals, ends: EndOffsets) -> Judgement:
    """Judge an hour; `ends` must have been read before the ledger that `totals` were made from."""
    early = before_asking(hour, ends.asked_at, stream.first_hour)
    if early is not None:
        return Judgement(early)
    view = _attested(stream, totals, _view(stream, hour, ends))
    reached = offsets_reached(hour, totals, view, stream.policy)
    if not isinstance(reached, Open) and ends.offsets.record_time is RecordTime.CREATE:
        view = _attested(stream, totals, _with_real_records(stream, hour, view))
        reached = offsets_reached(hour, totals, view, stream.policy)
    if isinstance(reached, Open):
        return Judgement(reached, view)
    return Judgement(objects_listed(hour, totals.hours[hour], list_hour(stream, hour), reached), view)


def list_hour(stream: Stream, hour: Hour) -> tuple[ListedObject, ...]:
    """List the accepted and the rejected objects of an hour."""
    prefixes = (stream.layout.hour_prefix(kind, hour) for kind in DATA_KINDS)
    return tuple(found for prefix in prefixes for found in stream.bucket.list(prefix))


def _view(stream: Stream, hour: Hour, ends: EndOffsets) -> BrokerView:
    partitions = sorted(ends.offsets.partitions)
    return BrokerView(
        offsets=ends.offsets,
        asked_at=ends.asked_at,
        first=stream.broker.offsets_at(stream.topic, partitions, hour.start),
        beyond=stream.broker.offsets_at(stream.topic, partitions, stream.policy.beyond(hour)),
        unmoved_since={partition: ends.idle_ends[partition].since for partition in partitions},
    )


def _attested(stream: Stream, totals: LedgerTotals, view: BrokerView) -> BrokerView:
    """Ask the broker about offsets that have not landed, up to the first one that a consumer may read.

    That one keeps the hour open whatever the other partitions hold, so a backlog costs one query per hour.
    """
    for partition in sorted(view.offsets.partitions):
        while span := missing_span(totals, view, partition):
            readable = stream.broker.first_readable(view.offsets.topic, partition, *span)
            nothing_until = span[1] if readable is None else readable - 1
            if nothing_until >= span[0]:
                known = view.unreadable.get(partition, Ranges()).add(span[0], nothing_until)
                view = replace(view, unreadable={**view.unreadable, partition: known})
            if readable is not None:
                return view
    return view


def _with_real_records(stream: Stream, hour: Hour, view: BrokerView) -> BrokerView:
    """Ignore transaction markers when looking for a later record: with CreateTime they have the broker's time."""
    topic, moment = view.offsets.topic, stream.policy.beyond(hour)
    real = {
        partition: stream.broker.first_record(topic, partition, found.offset, moment) if found else None
        for partition, found in view.beyond.items()
    }
    return replace(view, beyond=real)


def _as_requested(evidence: Evidence, request: Request) -> bool:
    verdict = evidence.verdict
    return isinstance(verdict, Complete) and fingerprint(verdict.objects) == request.fingerprint


def _again_after_grace(stream: Stream, hour: Hour, retry_at: datetime, view: BrokerView) -> Evidence:
    seconds = (retry_at - stream.clock.utc_now()).total_seconds()
    stream.clock.sleep(min(max(seconds, 0.0) + 1.0, 2 * stream.policy.grace.total_seconds() + 1.0))
    ends = {
        partition: IdleSince(end=marks.end, since=view.unmoved_since[partition])
        for partition, marks in view.offsets.partitions.items()
    }
    return examine(stream, hour, None, ends)
