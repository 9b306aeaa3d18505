"""Prove one hour from the broker, the ledger and the listing alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from flink_jobs.contracts.clock import Clock
from flink_jobs.contracts.layout import DATA_KINDS, Hour, Kind, ObjectKey, StreamLayout
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges
from orchestration.landing.clients.kafka import Broker, RecordTime, TopicOffsets
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.reading import marks_of
from orchestration.landing.ledger.totals import LedgerTotals
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import (
    FUTURE,
    BrokerView,
    Complete,
    CompletenessPolicy,
    Open,
    Quarantined,
    before_asking,
    beside_damage,
    missing_span,
    objects_listed,
    offsets_reached,
)
from orchestration.landing.proof.identity import (
    changed_meanwhile,
    closed_chains,
    confirmed_refusal,
    unknown_partition,
)
from orchestration.landing.proof.seal import fingerprint
from orchestration.landing.proof.witness import Witness
from producers.kafka import OffsetRange


class IdleSince(BaseModel):
    """The end offset of a partition, and when this end was read first."""

    model_config = ConfigDict(frozen=True)

    end: int
    since: AwareDatetime


IdleEnds = Mapping[ChainKey, IdleSince]
"""By the chain of a partition; an end that does not move shows that nothing is produced."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and the clients that are asked about it.

    Records of hours before `first_hour` land and are reported, but never published.
    """

    layout: StreamLayout
    topics: tuple[str, ...]
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
        since: emission hour from which the ledger must be read; None reads the whole ledger.
        idle_ends: for an hour that was proven by idle partitions.
        attempt: 1, or more after runs of the same objects that failed.
        alone: whether no other hour may be in its run, because a run with it failed.
    """

    hour: Hour
    fingerprint: str | None = None
    since: Hour | None = None
    idle_ends: IdleEnds | None = None
    attempt: int = 1
    alone: bool = False


@dataclass(frozen=True, slots=True)
class EndOffsets:
    """The end offsets of all partitions at one moment, and since when each has not moved.

    `refusal` says why no hour may be proven over these topics; it is known once the ledger was read.
    """

    topics: tuple[TopicOffsets, ...]
    asked_at: datetime
    idle_ends: IdleEnds
    refusal: str | None = None

    @property
    def marks(self) -> dict[ChainKey, OffsetRange]:
        """The offset ranges of all partitions."""
        return marks_of(self.topics)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on an hour; `view` is None when the verdict needed no query to the broker."""

    verdict: Complete | Open | Quarantined
    view: BrokerView | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A judgement, and the ledger that it was made from: what was emitted in or after `since`; None is all.

    `entries` are those with records of the hour, with their emission hours.
    """

    judgement: Judgement
    totals: LedgerTotals
    entries: tuple[tuple[Hour, LedgerEntry], ...]
    since: Hour | None = None

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
    waits = evidence.verdict
    if isinstance(waits, Open) and waits.retry_at is not None and request.hour.end <= stream.clock.utc_now():
        evidence = _again_after_grace(stream, request.hour, waits.retry_at, evidence.judgement.view)
    if not isinstance(evidence.verdict, Complete):
        wait = "waits for " if isinstance(evidence.verdict, Open) else ""
        raise HourNotCompleteError(f"{request.hour} is not complete: it {wait}{evidence.verdict.reason}")
    view = evidence.judgement.view
    witness = Witness.of(view, stream.policy) if view else None
    return replace(evidence.verdict, witness=witness, since=evidence.since), evidence


def examine(stream: Stream, hour: Hour, since: Hour | None, idle_ends: IdleEnds) -> Evidence:
    """Read everything about an hour once. The order makes the answer safe.

    1. The ids and the end offsets of the topics, at a known time (`read_end_offsets`).
    2. The ledger; later entries do not count. Its ids and offsets are compared with those of step 1.
    3. The offsets at the begin and at the boundary of the hour (`judge`).
    4. The objects: each promised object was visible before its ledger entry (`judge`).
    5. The ids and the partitions again: a partition that was added meanwhile may have records of the hour.
    """
    ends = read_end_offsets(stream, idle_ends)
    totals, entries = read_whole_ledger(stream.bucket, stream.layout, stream.topics, since=since, hours=[hour])
    ends = compare_with_ledger(stream, totals, ends)
    if hour not in totals.hours and not _has_begun(stream, hour):
        return Evidence(Judgement(Open(hour, "the first record of the stream")), totals, entries, since)
    judgement = judge(stream, hour, totals, ends)
    if isinstance(judgement.verdict, Complete) and (change := changed_meanwhile(stream.broker, ends.topics)):
        judgement = Judgement(Open(hour, change, retry_at=ends.asked_at), judgement.view)
    return Evidence(judgement, totals, entries, since)


def first_landed_hour(stream: Stream) -> Hour | None:
    """Return the first hour with objects, from the first hour of the stream on: hours before it are never sealed."""
    found = [_first_object_hour(stream, kind) for kind in DATA_KINDS]
    return min((hour for hour in found if hour is not None), default=None)


def read_end_offsets(stream: Stream, before: IdleEnds) -> EndOffsets:
    """Read the end offsets of all partitions; an end that has not moved since `before` keeps its time."""
    asked_at = stream.clock.utc_now()
    topics = tuple(stream.broker.offsets(topic) for topic in stream.topics)
    idle_ends = {}
    for key, marks in marks_of(topics).items():
        seen = before.get(key)
        idle_ends[key] = seen if seen and seen.end == marks.end else IdleSince(end=marks.end, since=asked_at)
    return EndOffsets(topics, asked_at, idle_ends)


def compare_with_ledger(stream: Stream, totals: LedgerTotals, ends: EndOffsets) -> EndOffsets:
    """Return the end offsets with a refusal if the topics are not those of the ledger, which was read after them."""
    return replace(ends, refusal=confirmed_refusal(stream.broker, totals, ends.topics, ends.asked_at))


def judge(stream: Stream, hour: Hour, totals: LedgerTotals, ends: EndOffsets) -> Judgement:
    """Judge an hour; `ends` were read before the ledger that `totals` were made from, and compared with it."""
    early = before_asking(hour, ends.asked_at, stream.first_hour)
    if early is not None:
        return Judgement(early)
    if ends.refusal is not None:
        return Judgement(Open(hour, f"a repair: {ends.refusal}", is_stuck=True))
    if added := unknown_partition(totals, ends.topics):
        return Judgement(Open(hour, f"{added.name}, a new partition, to be read", retry_at=ends.asked_at))
    view = _attested(stream, totals, _beside_the_future(stream, hour, _view(stream, hour, totals, ends)))
    reached = offsets_reached(hour, totals, view, stream.policy)
    if not isinstance(reached, Open):
        view = _attested(stream, totals, _beside_the_future(stream, hour, _with_real_records(stream, hour, view)))
        reached = offsets_reached(hour, totals, view, stream.policy)
    if isinstance(reached, Open):
        return Judgement(reached, view)
    listed = list_hour(stream, hour)
    verdict = objects_listed(hour, totals.hours.get(hour), listed, reached)
    return Judgement(beside_damage(verdict, listed, totals), view)


def list_hour(stream: Stream, hour: Hour) -> tuple[ListedObject, ...]:
    """List the accepted and the rejected objects of an hour."""
    prefixes = (stream.layout.hour_prefix(kind, hour) for kind in DATA_KINDS)
    return tuple(found for prefix in prefixes for found in stream.bucket.list(prefix))


def _view(stream: Stream, hour: Hour, totals: LedgerTotals, ends: EndOffsets) -> BrokerView:
    beyond = _offsets_at(stream, ends, stream.policy.beyond(hour))
    return BrokerView(
        marks=ends.marks,
        record_times={topic.topic: topic.record_time for topic in ends.topics},
        cluster_ids={topic.topic: topic.cluster_id for topic in ends.topics},
        asked_at=ends.asked_at,
        first=_offsets_at(stream, ends, hour.start),
        beyond=beyond,
        later=beyond,
        unmoved_since={key: idle.since for key, idle in ends.idle_ends.items()},
        closed=closed_chains(totals, hour, ends.topics),
        is_empty=hour not in totals.hours,
    )


def _has_begun(stream: Stream, hour: Hour) -> bool:
    first = first_landed_hour(stream)
    return first is not None and first <= hour


def _first_object_hour(stream: Stream, kind: Kind) -> Hour | None:
    prefix, start = stream.layout.prefix(kind), stream.layout.hour_prefix(kind, stream.first_hour)
    keys = (ObjectKey.try_parse(found.key) for found in stream.bucket.list(prefix, start))
    return next((key.hour for key in keys if key), None)


def _offsets_at(stream: Stream, ends: EndOffsets, moment: datetime) -> dict[ChainKey, TimestampedOffset | None]:
    found: dict[ChainKey, TimestampedOffset | None] = {}
    for topic in ends.topics:
        answers = stream.broker.offsets_at(topic.topic, sorted(topic.partitions), moment)
        found |= {key: answers[key.partition] for key in marks_of([topic])}
    return found


def _attested(stream: Stream, totals: LedgerTotals, view: BrokerView) -> BrokerView:
    """Ask the broker about offsets that have not landed, up to the first one that a consumer may read.

    That one keeps the hour open whatever the other partitions hold, so a backlog costs one query per hour.
    """
    for key in sorted(view.marks):
        while span := missing_span(totals, view, key):
            if span[0] < view.marks[key].low:
                return view  # the broker has deleted it, so nobody can be asked
            readable = stream.broker.first_readable(key.topic, key.partition, *span)
            nothing_until = span[1] if readable is None else readable - 1
            if nothing_until >= span[0]:
                known = view.unreadable.get(key, Ranges()).add(span[0], nothing_until)
                view = replace(view, unreadable={**view.unreadable, key: known})
            if readable is not None:
                return view
    return view


def _with_real_records(stream: Stream, hour: Hour, view: BrokerView) -> BrokerView:
    """Ignore transaction markers when looking for a later record: with CreateTime they have the broker's time."""
    moment = stream.policy.beyond(hour)
    real = dict(view.later)
    for key, found in view.later.items():
        if found is not None and view.record_times[key.topic] is RecordTime.CREATE:
            real[key] = stream.broker.first_record(key.topic, key.partition, found.offset, moment)
    return replace(view, later=real)


def _beside_the_future(stream: Stream, hour: Hour, view: BrokerView) -> BrokerView:
    """Look behind each later record that is from the future for one that is not."""
    moment, latest = stream.policy.beyond(hour), view.asked_at + FUTURE
    later = dict(view.later)
    for key, found in view.later.items():
        if found is not None and view.is_from_the_future(found):
            behind = OffsetRange(found.offset + 1, view.marks[key].end)
            later[key] = stream.broker.record_within(key.topic, key.partition, behind, moment, latest)
    return replace(view, later=later)


def _as_requested(evidence: Evidence, request: Request) -> bool:
    verdict = evidence.verdict
    return isinstance(verdict, Complete) and fingerprint(verdict.objects) == request.fingerprint


def _again_after_grace(stream: Stream, hour: Hour, retry_at: datetime, view: BrokerView | None) -> Evidence:
    seconds = (retry_at - stream.clock.utc_now()).total_seconds()
    stream.clock.sleep(min(max(seconds, 0.0) + 1.0, 2 * stream.policy.grace.total_seconds() + 1.0))
    ends = (
        {key: IdleSince(end=marks.end, since=view.unmoved_since[key]) for key, marks in view.marks.items()}
        if view
        else {}
    )
    return examine(stream, hour, None, ends)
