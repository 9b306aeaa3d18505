"""A bucket as the landing job writes it: real lines, real ledger entries, each epoch's data before its entry."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import zstandard

from flink_jobs.contracts.layout import Hour, Kind, StreamLayout
from flink_jobs.errors import ObjectGoneError
from flink_jobs.s3.objects import StoredObject
from tests.fakes.flink import FakeObjects

START = datetime(2025, 8, 1, 3, tzinfo=UTC)
WRITTEN = datetime(2025, 8, 1, 5, tzinfo=UTC)


@dataclass
class LandedBucket(FakeObjects):
    """Holds objects. Record `n` of any partition is of minute `n` after `START`; every tenth one is rejected."""

    written: dict[str, datetime] = field(default_factory=dict)
    layout: StreamLayout = field(default_factory=StreamLayout)
    suffix: str = ".jsonl"
    on_list: Callable[[str], None] = lambda _prefix: None
    on_read: Callable[[str], None] = lambda _key: None

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List objects."""
        self.on_list(prefix)
        for key, body in sorted(self.bodies.items()):
            if key.startswith(prefix) and key > after:
                yield StoredObject(key, self.written.get(key, WRITTEN), len(body), str(hash(body)))

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces of seven bytes."""
        self.on_read(key)
        if key not in self.bodies:
            raise ObjectGoneError(key)
        yield from (self.bodies[key][at : at + 7] for at in range(0, len(self.bodies[key]), 7))

    def land(  # noqa: PLR0913 - the fields of an entry
        self, epoch: str, first: int, last: int, *, partition: int = 0, job: str = "job-1", topic_id: str = ""
    ) -> dict[str, bytes]:
        """Land offsets `first` to `last` as one epoch; return its objects, the ledger's last."""
        lines: dict[tuple[Hour, Kind], list[bytes]] = {}
        for offset in range(first, last + 1):
            hour, kind, line = record(partition, offset)
            lines.setdefault((hour, kind), []).append(line)
        put = {self.key(kind, hour, epoch): self._stored(b"".join(found)) for (hour, kind), found in lines.items()}
        ids = {"cluster_id": "cluster", "topic_id": topic_id} if topic_id else {}
        entry = json.dumps(entry_of(epoch, first, last, partition, job) | ids).encode() + b"\n"
        put[f"{self.layout.hour_prefix(Kind.LEDGER, Hour.containing(WRITTEN))}part-{epoch}-0-0.jsonl"] = entry
        self.bodies |= put
        return put

    def key(self, kind: Kind, hour: Hour, epoch: str) -> str:
        """Name the object of an epoch."""
        return f"{self.layout.hour_prefix(kind, hour)}part-{epoch}-0-0{self.suffix}"

    def _stored(self, body: bytes) -> bytes:
        return zstandard.ZstdCompressor(write_checksum=True).compress(body) if self.suffix.endswith("zst") else body


def record(partition: int, offset: int) -> tuple[Hour, Kind, bytes]:
    """Write the line of a record: ten bytes of payload, rejected or accepted."""
    moment = START + timedelta(minutes=offset)
    head = {"topic": "t", "partition": partition, "offset": offset, "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"}
    if offset % 10 == 0:
        tail = {"key": None, "reason": "not_json", "detail": "byte 0", "payload_base64": b64encode(b"x" * 10).decode()}
        return Hour.containing(moment), Kind.REJECTED, json.dumps(head | tail).encode() + b"\n"
    text = json.dumps(head | {"key": 'a",b'}, separators=(",", ":")).encode()
    return Hour.containing(moment), Kind.LANDING, text[:-1] + b',"event":{"a": "bc"}}\n'


def entry_of(epoch: str, first: int, last: int, partition: int = 0, job: str = "job-1") -> dict[str, Any]:
    """Write the ledger entry of offsets `first` to `last`."""
    hours: dict[str, dict[str, list[int]]] = {}
    for offset in range(first, last + 1):
        hour, kind, _ = record(partition, offset)
        name = "accepted" if kind is Kind.LANDING else "rejected"
        hours.setdefault(hour.label, {}).setdefault(name, []).append(offset)
    rejected = sum(offset % 10 == 0 for offset in range(first, last + 1))
    cells = {label: {name: _cell(found) for name, found in kinds.items()} for label, kinds in hours.items()}
    return {
        "job": "landing", "job_id": job, "checkpoint": 7, "subtask": 0, "epoch": epoch, "topic": "t",
        "partition": partition, "first_offset": first, "last_offset": last, "records": last - first + 1,
        "offset_sum": sum(range(first, last + 1)), "holes": 0, "hours": cells,
        "reasons": {"not_json": rejected} if rejected else {}, "types": {"A": last - first + 1 - rejected},
    }  # fmt: skip


def _cell(offsets: list[int]) -> dict[str, Any]:
    times = [f"{START + timedelta(minutes=offset):%Y-%m-%dT%H:%M:%S}.000Z" for offset in offsets]
    value_bytes = 10 if offsets[0] % 10 == 0 else 11
    return {
        "records": len(offsets), "min_offset": offsets[0], "max_offset": offsets[-1], "offset_sum": sum(offsets),
        "min_timestamp": times[0], "max_timestamp": times[-1], "bytes": value_bytes * len(offsets),
    }  # fmt: skip
