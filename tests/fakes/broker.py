"""A Kafka topic in memory: the timestamps of its records, by partition and offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.landing.clients.kafka import RecordTime, TimestampedOffset, TopicOffsets
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
    """

    records: dict[int, list[datetime]]
    record_time: RecordTime = RecordTime.LOG_APPEND
    low: dict[int, int] = field(default_factory=dict)
    markers: set[tuple[int, int]] = field(default_factory=set)
    held_back: dict[int, int] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)

    def offsets(self, topic: str) -> TopicOffsets:
        """Return the watermarks."""
        self._note("ends")
        marks = {p: OffsetRange(self.low.get(p, 0), len(times)) for p, times in self.records.items()}
        return TopicOffsets(topic, self.record_time, marks)

    def offsets_at(self, topic: str, partitions: list[int], moment: datetime) -> Mapping[int, TimestampedOffset | None]:
        """Return the first record at or after a moment."""
        self._note(f"times of {topic}")
        return {partition: self._first(partition, moment) for partition in partitions}

    def latest(self, topic: str, partitions: list[int]) -> Mapping[int, TimestampedOffset | None]:
        """Return the record of each partition with the greatest timestamp."""
        self._note(f"latest of {topic}")
        newest = {p: max(enumerate(self.records[p]), key=lambda pair: pair[1], default=None) for p in partitions}
        return {p: TimestampedOffset(*found) if found else None for p, found in newest.items()}

    def first_readable(self, topic: str, partition: int, first: int, last: int) -> int | None:
        """Return the first offset that is not a marker, or that belongs to an open transaction."""
        self._note(f"reads {topic}")
        undecided = self.held_back.get(partition, last + 1)
        return next((o for o in range(first, last + 1) if (partition, o) not in self.markers or o >= undecided), None)

    def first_record(self, topic: str, partition: int, offset: int, moment: datetime) -> TimestampedOffset | None:
        """Return the first record at or after a moment that is not a marker."""
        self._note(f"reads {topic}")
        times = self.records[partition]
        readable = range(offset, self.held_back.get(partition, len(times)))
        return next(
            (
                TimestampedOffset(o, times[o])
                for o in readable
                if (partition, o) not in self.markers and times[o] >= moment
            ),
            None,
        )

    def _first(self, partition: int, moment: datetime) -> TimestampedOffset | None:
        low = self.low.get(partition, 0)
        later = (TimestampedOffset(o, t) for o, t in enumerate(self.records[partition]) if o >= low and t >= moment)
        return next(later, None)

    def _note(self, effect: str) -> None:
        self.effects.append(effect)
        if self.failures:
            raise self.failures.pop(0)
