"""A Kafka topic in memory: the timestamps of its records, by partition and offset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.landing.clients.kafka import RecordTime, TopicIdentity, TopicOffsets
from orchestration.landing.clients.search import TimestampedOffset
from producers.kafka import OffsetRange


@dataclass
class FakeBroker:
    """Hold records.

    Args:
        records: partition -> timestamps, in the order of offsets.
        low: partition -> offsets that retention has removed.
        markers: (partition, offset) that cannot be read; they have a timestamp.
        held_back: partition -> first offset of an open transaction.
        failures: errors that the next queries raise, in order.
        others: further topics of the cluster, by name.
        on_query: called before each answer with the name of the query.
    """

    records: dict[int, list[datetime]]
    record_time: RecordTime = RecordTime.LOG_APPEND
    low: dict[int, int] = field(default_factory=dict)
    markers: set[tuple[int, int]] = field(default_factory=set)
    held_back: dict[int, int] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    cluster_id: str | None = "cluster-1"
    topic_id: str | None = "topic-1"
    retention: timedelta | None = timedelta(days=7)
    others: dict[str, FakeBroker] = field(default_factory=dict)
    on_query: Callable[[str], None] = lambda _query: None

    def recreate(self, topic_id: str, partitions: int | None = None) -> None:
        """Delete the topic and create it again: no records, another id."""
        self.records = {partition: [] for partition in range(partitions or len(self.records))}
        self.low, self.markers, self.held_back = {}, set(), {}
        self.topic_id = topic_id

    def offsets(self, topic: str) -> TopicOffsets:
        """Return ids, settings and watermarks."""
        self._note("ends")
        its = self.others.get(topic, self)
        marks = {p: OffsetRange(its.low.get(p, 0), len(times)) for p, times in its.records.items()}
        return TopicOffsets(topic, its.record_time, marks, self.cluster_id, its.topic_id, its.retention)

    def identity(self, topic: str) -> TopicIdentity:
        """Return ids and partitions."""
        self._note("identity")
        its = self.others.get(topic, self)
        return TopicIdentity(self.cluster_id, its.topic_id, tuple(sorted(its.records)))

    def offsets_at(self, topic: str, partitions: list[int], moment: datetime) -> Mapping[int, TimestampedOffset | None]:
        """Return the first record at or after a moment."""
        self._note(f"times of {topic}")
        its = self.others.get(topic, self)
        return {partition: its._first(partition, moment) for partition in partitions}

    def latest(self, topic: str, partitions: list[int]) -> Mapping[int, TimestampedOffset | None]:
        """Return the record of each partition with the greatest timestamp."""
        self._note(f"latest of {topic}")
        newest = {p: max(enumerate(self.records[p]), key=lambda pair: pair[1], default=None) for p in partitions}
        return {p: TimestampedOffset(*found) if found else None for p, found in newest.items()}

    def first_readable(self, topic: str, partition: int, first: int, last: int) -> int | None:
        """Return the first offset that is not a marker, or that belongs to an open transaction."""
        self._note(f"reads {topic}")
        its = self.others.get(topic, self)
        undecided = its.held_back.get(partition, last + 1)
        return next((o for o in range(first, last + 1) if (partition, o) not in its.markers or o >= undecided), None)

    def first_record(self, topic: str, partition: int, offset: int, moment: datetime) -> TimestampedOffset | None:
        """Return the first record at or after a moment that is not a marker."""
        self._note(f"reads {topic}")
        its = self.others.get(topic, self)
        times = its.records[partition]
        readable = range(offset, its.held_back.get(partition, len(times)))
        return next(
            (
                TimestampedOffset(o, times[o])
                for o in readable
                if (partition, o) not in its.markers and times[o] >= moment
            ),
            None,
        )

    def record_within(
        self, topic: str, partition: int, offsets: OffsetRange, earliest: datetime, latest: datetime
    ) -> TimestampedOffset | None:
        """Return the first record of a range of offsets and times that is not a marker."""
        self._note(f"reads {topic}")
        its = self.others.get(topic, self)
        end = min(offsets.end, its.held_back.get(partition, offsets.end))
        found = (TimestampedOffset(o, its.records[partition][o]) for o in range(offsets.low, end))
        return next(
            (f for f in found if earliest <= f.timestamp <= latest and (partition, f.offset) not in its.markers), None
        )

    def _first(self, partition: int, moment: datetime) -> TimestampedOffset | None:
        low = self.low.get(partition, 0)
        later = (TimestampedOffset(o, t) for o, t in enumerate(self.records[partition]) if o >= low and t >= moment)
        return next(later, None)

    def _note(self, effect: str) -> None:
        self.on_query(effect)
        self.effects.append(effect)
        if self.failures:
            raise self.failures.pop(0)
