"""A broker for an audit: offset ranges, and the readable offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flink_jobs.contracts.ledger import TopicPartition
from flink_jobs.contracts.ranges import Ranges
from producers.kafka import OffsetRange


@dataclass
class FakeBrokerReader:
    """Holds partitions of topic `t`; every offset of a range is readable, except `unreadable` ones."""

    partitions: dict[int, OffsetRange]
    unreadable: set[int] = field(default_factory=set)
    asked: list[tuple[int, str]] = field(default_factory=list)

    def offset_ranges(self, topic: str) -> Mapping[TopicPartition, OffsetRange]:
        """Return the ranges."""
        return {(topic, number): its for number, its in self.partitions.items()}

    def readable(self, partition: TopicPartition, wanted: Ranges) -> Iterator[int]:
        """Iterate over the readable offsets."""
        self.asked.append((partition[1], str(wanted)))
        its = self.partitions[partition[1]]
        assert wanted.spans[0][0] >= its.low, "nobody can read below the low watermark"
        assert wanted.spans[-1][1] < its.end, "nobody can read beyond the end"
        yield from (offset for offset in wanted if offset not in self.unreadable)
