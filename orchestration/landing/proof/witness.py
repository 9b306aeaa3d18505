"""What the broker answered when an hour was proven: the part of the proof that retention deletes at the broker.

A seal carries it, so that the proof can be computed again when the broker cannot be asked any more: from the ledger,
the bucket and this. It is what the run of the hour was told, and no evidence of its own: the chain of seals shows
whether somebody has changed it since.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from flink_jobs.contracts.ranges import Ranges, RangesText
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.ledger.chains import ChainKey, ChainName
from orchestration.landing.proof.completeness import BrokerView, CompletenessPolicy
from producers.kafka import OffsetRange


class RecordWitness(BaseModel):
    """A record that the broker named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: int
    timestamp: AwareDatetime

    def record(self) -> TimestampedOffset:
        """Return it as the broker's answer."""
        return TimestampedOffset(self.offset, self.timestamp)


class PartitionWitness(BaseModel):
    """One partition, see `BrokerView`: S is the begin of the hour, E its end, D the allowed disorder.

    `first` is the first record at S or later, `beyond` the one at E + D or later, `later` the one that is no record
    from the future.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    partition: ChainName
    log_start: int
    end: int
    first: RecordWitness | None
    beyond: RecordWitness | None
    later: RecordWitness | None
    unmoved_since: AwareDatetime
    unreadable: RangesText = Ranges()


class TopicWitness(BaseModel):
    """One topic: its ids, and who stamps its records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    cluster_id: str | None
    record_time: RecordTime


class Witness(BaseModel):
    """The answers of the broker about one hour, when it was asked, and the policy that they were judged by.

    `closed` has the last landed offset of each chain of an earlier topic that may have records of the hour.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked_at: AwareDatetime
    disorder_seconds: float
    grace_seconds: float
    topics: tuple[TopicWitness, ...]
    partitions: tuple[PartitionWitness, ...]
    closed: dict[ChainName, int] = {}
    is_empty: bool

    @classmethod
    def of(cls, view: BrokerView, policy: CompletenessPolicy) -> Witness:
        """Write down the answers that an hour was judged by."""
        return cls(
            asked_at=view.asked_at,
            disorder_seconds=policy.disorder.total_seconds(),
            grace_seconds=policy.grace.total_seconds(),
            topics=tuple(
                TopicWitness(topic=topic, cluster_id=view.cluster_ids.get(topic), record_time=record_time)
                for topic, record_time in sorted(view.record_times.items())
            ),
            partitions=tuple(_partition(view, key) for key in sorted(view.marks)),
            closed=dict(view.closed),
            is_empty=view.is_empty,
        )

    def view(self) -> BrokerView:
        """Return the answers as they were judged."""
        its = {one.partition: one for one in self.partitions}
        return BrokerView(
            marks={key: OffsetRange(one.log_start, one.end) for key, one in its.items()},
            record_times={topic.topic: topic.record_time for topic in self.topics},
            cluster_ids={topic.topic: topic.cluster_id for topic in self.topics},
            asked_at=self.asked_at,
            first={key: one.first.record() if one.first else None for key, one in its.items()},
            beyond={key: one.beyond.record() if one.beyond else None for key, one in its.items()},
            later={key: one.later.record() if one.later else None for key, one in its.items()},
            unmoved_since=_times(its),
            unreadable={key: one.unreadable for key, one in its.items()},
            closed=self.closed,
            is_empty=self.is_empty,
        )

    def policy(self) -> CompletenessPolicy:
        """Return the policy that the answers were judged by."""
        return CompletenessPolicy(timedelta(seconds=self.disorder_seconds), timedelta(seconds=self.grace_seconds))


def _times(its: dict[ChainKey, PartitionWitness]) -> dict[ChainKey, datetime]:
    return {key: one.unmoved_since for key, one in its.items()}


def _partition(view: BrokerView, key: ChainKey) -> PartitionWitness:
    return PartitionWitness(
        partition=key,
        log_start=view.marks[key].low,
        end=view.marks[key].end,
        first=_record(view.first[key]),
        beyond=_record(view.beyond[key]),
        later=_record(view.later[key]),
        unmoved_since=view.unmoved_since[key],
        unreadable=view.unreadable.get(key, Ranges()),
    )


def _record(found: TimestampedOffset | None) -> RecordWitness | None:
    return RecordWitness(offset=found.offset, timestamp=found.timestamp) if found else None
