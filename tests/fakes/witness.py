"""A broker as an audit asks it: marks, and offsets at which records can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flink_jobs.audit.broker import Marks
from flink_jobs.audit.entries import Place
from flink_jobs.contracts.ranges import Ranges


@dataclass
class FakeWitness:
    """Has partitions of topic `t`; every offset between the marks can be read, but for `unreadable` ones."""

    partitions: dict[int, Marks]
    unreadable: set[int] = field(default_factory=set)
    asked: list[tuple[int, str]] = field(default_factory=list)

    def marks(self, topic: str) -> Mapping[Place, Marks]:
        """Read the marks."""
        return {(topic, number): marks for number, marks in self.partitions.items()}

    def readable(self, place: Place, wanted: Ranges) -> Iterator[int]:
        """Walk readable offsets."""
        self.asked.append((place[1], str(wanted)))
        marks = self.partitions[place[1]]
        assert wanted.spans[0][0] >= marks.low, "nobody can read below the low watermark"
        assert wanted.spans[-1][1] < marks.end, "nobody can read beyond the end"
        yield from (offset for offset in wanted if offset not in self.unreadable)
