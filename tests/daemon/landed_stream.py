"""A stream whose hours a test lands: records of the topic, and objects and ledger entries as the landing job writes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import AcceptedLine, Hour, Kind, RejectedLine, StreamLayout
from flink_jobs.contracts.ledger import Cell, HourCells, LedgerEntry
from tests.daemon.world import CLUSTER_ID, TOPIC_ID, World

PARTITIONS = (0, 1)
STEP = timedelta(minutes=2)
"""From a record of a partition to the next one: 30 records an hour."""
REJECTED_EVERY = 10
VALUE_BYTES = 100

Record = tuple[int, int]
"""Partition and offset."""


@dataclass
class LandedStream:
    """Lands whole hours, one after the other, and late records of them.

    Args:
        topic: its name.
        layout: the keys.
        put: writes an object to the bucket.
        hour: the next hour to land.
    """

    topic: str
    layout: StreamLayout
    put: Callable[[str, bytes], None]
    hour: Hour
    times: dict[int, list[datetime]] = field(default_factory=lambda: {partition: [] for partition in PARTITIONS})
    landed: dict[int, int] = field(default_factory=lambda: dict.fromkeys(PARTITIONS, 0))
    epochs: int = 0

    @property
    def world(self) -> World:
        """The topic and the time, five minutes after the newest landed hour."""
        return World(self.hour.start + timedelta(minutes=5), self.times)

    def land(self, hours: int) -> list[Hour]:
        """Land hours, and the first record of the hour that follows: it proves that they are over."""
        first = self.hour
        self.hour = first.plus(hours)
        for times in self.times.values():
            time = times[-1] + STEP if times else first.start
            while time <= self.hour.start:
                times.append(time)
                time += STEP
        self._land_new_records()
        return list(first.until(self.hour.plus(-1)))

    def land_late(self, hour: Hour, records: int) -> None:
        """Land further records of an hour that is over: it is amended."""
        moments = [hour.start + timedelta(seconds=number) for number in range(1, records + 1)]
        # the time of the partition is where it was when a record of the present follows
        self.times[0] += [*moments, self.times[0][-1] + timedelta(seconds=1)]
        self._land_new_records()

    def records(self, hour: Hour, kind: Kind = Kind.LANDING) -> set[Record]:
        """Return the accepted or the rejected records of an hour."""
        return {
            (partition, offset)
            for partition, times in self.times.items()
            for offset, time in enumerate(times)
            if Hour.containing(time) == hour and _kind(offset) is kind
        }

    def _land_new_records(self) -> None:
        """Write data before the ledger, as the job does."""
        for partition, times in self.times.items():
            offsets = range(self.landed[partition], len(times))
            self.landed[partition] = len(times)
            if offsets:
                self._land_epoch(partition, offsets)

    def _land_epoch(self, partition: int, offsets: Iterable[int]) -> None:
        self.epochs += 1
        epoch = f"0123456789ab.{self.epochs}"
        found: dict[tuple[Hour, Kind], list[int]] = defaultdict(list)
        for offset in offsets:
            found[Hour.containing(self.times[partition][offset]), _kind(offset)].append(offset)
        for (hour, kind), its in found.items():
            lines = "".join(self._line(kind, partition, offset) + "\n" for offset in its)
            self.put(f"{self.layout.hour_prefix(kind, hour)}part-{epoch}-0-0.jsonl", lines.encode())
        entry = self._entry(epoch, partition, found)
        emitted = self.layout.hour_prefix(Kind.LEDGER, self.hour)
        self.put(f"{emitted}part-{epoch}-0-0.jsonl", entry.model_dump_json().encode() + b"\n")

    def _entry(self, epoch: str, partition: int, found: dict[tuple[Hour, Kind], list[int]]) -> LedgerEntry:
        cells: dict[str, dict[str, Cell]] = defaultdict(dict)
        for (hour, kind), offsets in found.items():
            cells[hour.label]["accepted" if kind is Kind.LANDING else "rejected"] = self._cell(partition, offsets)
        offsets = sorted(offset for its in found.values() for offset in its)
        rejected = sum(_kind(offset) is Kind.REJECTED for offset in offsets)
        return LedgerEntry(
            job="landing",
            job_id="job-1",
            checkpoint=self.epochs,
            subtask=0,
            epoch=epoch,
            cluster_id=CLUSTER_ID,
            topic_id=TOPIC_ID,
            topic=self.topic,
            partition=partition,
            first_offset=offsets[0],
            last_offset=offsets[-1],
            records=len(offsets),
            offset_sum=sum(offsets),
            holes=0,
            hours={label: HourCells.model_validate(its) for label, its in cells.items()},
            reasons={"not_json": rejected} if rejected else {},
            types={"SENSOR_TICK": len(offsets) - rejected},
        )

    def _cell(self, partition: int, offsets: list[int]) -> Cell:
        times = [self.times[partition][offset] for offset in offsets]
        return Cell(
            records=len(offsets),
            min_offset=min(offsets),
            max_offset=max(offsets),
            offset_sum=sum(offsets),
            min_timestamp=min(times),
            max_timestamp=max(times),
            bytes=VALUE_BYTES * len(offsets),
        )

    def _line(self, kind: Kind, partition: int, offset: int) -> str:
        head = {"topic": self.topic, "partition": partition, "offset": offset, "key": None}
        time = {"timestamp": self.times[partition][offset]}
        if kind is Kind.REJECTED:
            payload = b64encode(b"x" * VALUE_BYTES).decode()
            broken = {"reason": "not_json", "detail": "byte 0", "payload_base64": payload}
            return RejectedLine.model_validate(head | time | broken).model_dump_json()
        event = {
            "event_id": f"{partition}-{offset}",
            "event_type": "SENSOR_TICK",
            "schema_version": 1,
            "occurred_at": f"{self.times[partition][offset]:%Y-%m-%dT%H:%M:%SZ}",
            "organization": "org-1",
            "deployment": "prod",
            "shard": "0",
            "payload": {"number": offset},
        }
        line = AcceptedLine.model_validate(head | time | {"event": event})
        return json.dumps(line.model_dump(mode="json"), separators=(",", ":"))


def _kind(offset: int) -> Kind:
    return Kind.REJECTED if offset % REJECTED_EVERY == 0 else Kind.LANDING
