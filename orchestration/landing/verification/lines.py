"""Read every line of the objects of a seal, and compare their offsets with the ledger."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import zstandard
from pydantic import BaseModel, ConfigDict, ValidationError

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.proof.seal import Seal, SealedObject

_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""The first bytes of gzip and of zstd."""


class _Envelope(BaseModel):
    """What every line begins with."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class _Tally:
    """The offsets of one partition in one object."""

    records: int = 0
    offset_sum: int = 0
    min_offset: int | None = None
    max_offset: int | None = None

    def add(self, offset: int) -> None:
        self.records += 1
        self.offset_sum += offset
        self.min_offset = offset if self.min_offset is None else min(self.min_offset, offset)
        self.max_offset = offset if self.max_offset is None else max(self.max_offset, offset)


def wrong_lines(bucket: Bucket, seal: Seal, entries: Sequence[LedgerEntry]) -> Iterator[tuple[str, str]]:
    """Iterate over the objects whose lines are not what the ledger has of them, each with what differs."""
    for item in seal.objects:
        key = ObjectKey.parse(item.key)
        found = _read(bucket, key)
        if isinstance(found, str):
            yield item.key, found
            continue
        booked = _booked(seal.hour, key, entries)
        for partition in sorted(found.keys() | booked.keys()):
            if found.get(partition) != booked.get(partition):
                yield item.key, f"its lines of {partition[0]}[{partition[1]}] are not those of the ledger"


def unreadable_lines(bucket: Bucket, objects: Iterable[SealedObject]) -> Iterator[tuple[str, str]]:
    """Iterate over the objects that hold other bytes than lines of the landing job, each with what is wrong."""
    for item in objects:
        found = _read(bucket, ObjectKey.parse(item.key))
        if isinstance(found, str):
            yield item.key, found


def _read(bucket: Bucket, key: ObjectKey) -> dict[tuple[str, int], _Tally] | str:
    """Read the lines of an object; a text says why they cannot be read."""
    try:
        return _tally(plain(key, bucket.get([key.key])[0]))
    except (ValueError, zstandard.ZstdError, OSError, EOFError) as exc:
        return str(exc)


def plain(key: ObjectKey, body: bytes) -> bytes:
    """Return the lines of an object; the key names the codec."""
    if key.codec == "zst":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True).read()
    if key.codec == "gz":
        return gzip.decompress(body)
    if body.startswith(_COMPRESSED):
        raise ValueError("its bytes are compressed, and its suffix names no compression")
    return body


def _tally(body: bytes) -> dict[tuple[str, int], _Tally]:
    if body and not body.endswith(b"\n"):
        raise ValueError("its last line has no end")
    found: dict[tuple[str, int], _Tally] = {}
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            envelope = _Envelope.model_validate_json(line)
        except ValidationError as exc:
            raise ValueError(f"line {number} is no record of the landing job") from exc
        found.setdefault((envelope.topic, envelope.partition), _Tally()).add(envelope.offset)
    return found


def _booked(hour: Hour, key: ObjectKey, entries: Sequence[LedgerEntry]) -> dict[tuple[str, int], _Tally]:
    booked: dict[tuple[str, int], _Tally] = {}
    for entry in entries:
        cells = entry.hours[hour.label]
        cell = cells.accepted if key.kind is Kind.LANDING else cells.rejected
        if entry.epoch == key.epoch and cell is not None:
            its = _Tally(cell.records, cell.offset_sum, cell.min_offset, cell.max_offset)
            booked[entry.topic, entry.partition] = its
    return booked
