"""A landing job in memory: lands records of a fake broker as objects and ledger entries, data before ledger."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flink_jobs.contracts.layout import AcceptedLine, Hour, Kind, RejectedLine, StreamLayout
from flink_jobs.contracts.ledger import Cell, HourCells, LedgerEntry
from producers.events import EventType, PlatformEvent
from tests.fakes.broker import FakeBroker
from tests.fakes.bucket import FakeBucket


@dataclass
class FakeLandingJob:
    """Land records.

    Args:
        broker: whose records it lands.
        bucket: where it lands them.
        instance: the random part of its epochs.
        rejected: (partition, offset) of the records that it rejects.
        writes_ids: whether its entries have the ids of the topic; those of earlier releases have none.
    """

    broker: FakeBroker
    bucket: FakeBucket
    layout: StreamLayout = field(default_factory=StreamLayout)
    topic: str = "platform-events"
    instance: str = "0123456789ab"
    rejected: set[tuple[int, int]] = field(default_factory=set)
    sequence: int = 0
    writes_ids: bool = True

    def prepare(self, partition: int, first: int, last: int, emitted: datetime) -> list[tuple[str, bytes]]:
        """Return the objects that landing `first` to `last` commits, in the order of the commits: the ledger last."""
        self.sequence += 1
        entry = self._entry(partition, first, last)
        puts = [
            (self.key(kind, hour), self._lines(partition, first, last, hour, kind)) for hour, kind in entry.promises()
        ]
        ledger = self.key(Kind.LEDGER, Hour.containing(emitted))
        return [*puts, (ledger, f"{entry.model_dump_json()}\n".encode())]

    def land(self, partition: int, first: int, last: int, emitted: datetime) -> None:
        """Land offsets `first` to `last` as one epoch; earlier offsets are not remembered."""
        self.bucket.objects.update(self.prepare(partition, first, last, emitted))

    def land_all(self, emitted: datetime) -> None:
        """Land each partition from its beginning to its end, as one epoch each."""
        for partition, times in self.broker.records.items():
            if times:
                self.land(partition, 0, len(times) - 1, emitted)

    def key(self, kind: Kind, hour: Hour) -> str:
        """Return the key of the object of the present epoch."""
        return f"{self.layout.hour_prefix(kind, hour)}part-{self.instance}.{self.sequence}-0-0.jsonl"

    def _lines(self, partition: int, first: int, last: int, hour: Hour, kind: Kind) -> bytes:
        """Write the lines of the records of an hour and a kind."""
        offsets = [o for o in self._landed(partition, first, last) if (hour, kind) == self._place(partition, o)]
        return b"".join(self._line(partition, offset, kind) for offset in offsets)

    def _line(self, partition: int, offset: int, kind: Kind) -> bytes:
        moment = self.broker.records[partition][offset]
        record: dict[str, Any] = {
            "topic": self.topic,
            "partition": partition,
            "offset": offset,
            "timestamp": moment,
            "key": None,
        }
        if kind is Kind.REJECTED:
            rejected = RejectedLine(**record, reason="not_json", detail="byte 0", payload_base64="eA==")
            return f"{rejected.model_dump_json()}\n".encode()
        event = PlatformEvent(
            event_id=f"e-{partition}-{offset}", event_type=EventType.SENSOR_TICK, occurred_at=moment,
            organization="acme", deployment="prod", payload={"offset": offset},
        )  # fmt: skip
        accepted = AcceptedLine(**record, event=event.model_dump(mode="json", exclude_none=True))
        return f"{accepted.model_dump_json()}\n".encode()

    def _landed(self, partition: int, first: int, last: int) -> list[int]:
        return [offset for offset in range(first, last + 1) if (partition, offset) not in self.broker.markers]

    def _place(self, partition: int, offset: int) -> tuple[Hour, Kind]:
        kind = Kind.REJECTED if (partition, offset) in self.rejected else Kind.LANDING
        return Hour.containing(self.broker.records[partition][offset]), kind

    def _entry(self, partition: int, first: int, last: int) -> LedgerEntry:
        cells: dict[tuple[str, str], list[int]] = defaultdict(list)
        landed = self._landed(partition, first, last)
        for offset in landed:
            hour, kind = self._place(partition, offset)
            cells[hour.label, "rejected" if kind is Kind.REJECTED else "accepted"].append(offset)
        hours: dict[str, dict[str, Cell]] = defaultdict(dict)
        for (label, cell), offsets in cells.items():
            hours[label][cell] = _cell(self.broker.records[partition], offsets)
        rejects = sum(len(offsets) for (_, kind), offsets in cells.items() if kind == "rejected")
        return LedgerEntry(
            job="landing", job_id="j1", checkpoint=self.sequence, subtask=0,
            epoch=f"{self.instance}.{self.sequence}", topic=self.topic, partition=partition,
            cluster_id=self.broker.cluster_id if self.writes_ids else None,
            topic_id=self.broker.topic_id if self.writes_ids else None,
            first_offset=first, last_offset=landed[-1], records=len(landed),
            offset_sum=sum(landed), holes=landed[-1] - first + 1 - len(landed),
            hours={label: HourCells(**kinds) for label, kinds in hours.items()},
            reasons={"not_json": rejects} if rejects else {},
        )  # fmt: skip


def _cell(times: list[datetime], offsets: list[int]) -> Cell:
    return Cell(
        records=len(offsets), min_offset=offsets[0], max_offset=offsets[-1], offset_sum=sum(offsets),
        min_timestamp=min(times[o] for o in offsets), max_timestamp=max(times[o] for o in offsets),
        bytes=100 * len(offsets),
    )  # fmt: skip
