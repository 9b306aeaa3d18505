"""A broker for an audit: offset ranges, and the readable offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition
from flink_jobs.contracts.ranges import Ranges
from producers.kafka import OffsetRange

TOPIC_ID, NEW_TOPIC_ID = "wSCkbKqZTQuJ8Ysf9iYD1w", "Zn0rcMGmQh2nVbTt5iYD1w"


@dataclass
class FakeBrokerReader:
    """Holds partitions of topic `t`, which has an id; every offset of a range is readable, except `unreadable` ones."""

    partitions: dict[int, OffsetRange]
    unreadable: set[int] = field(default_factory=set)
    asked: list[tuple[int, str]] = field(default_factory=list)
    topic_id: str = TOPIC_ID
    cluster_id: str = "cluster"

    def identities(self, topics: Sequence[str]) -> Mapping[str, TopicIdentity]:
        """Return the same identity for each topic."""
        return dict.fromkeys(topics, TopicIdentity(self.cluster_id, self.topic_id))

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
