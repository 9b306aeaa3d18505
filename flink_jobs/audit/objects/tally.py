"""Read one object to its last byte and add up what it holds, per partition."""

from __future__ import annotations

import re
from array import array
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from flink_jobs.audit.entries import Sums
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.audit.objects.codecs import DamagedObjectError, plain
from flink_jobs.contracts.layout import AcceptedLine, Kind, ObjectKey, RejectedLine
from flink_jobs.contracts.ledger import TopicPartition

_TIMESTAMP = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z")
_EVENT = b',"event":'
_ACCEPTED = frozenset(AcceptedLine.model_fields)
_REJECTED = frozenset(RejectedLine.model_fields)
_REJECTED_REQUIRED = frozenset(name for name, its in RejectedLine.model_fields.items() if its.is_required())
_FAULTS_MAX = 20
"""Bad lines of one object that become findings; a damaged object can have millions."""


@dataclass(slots=True)
class PartTally:
    """The lines of one partition in one object."""

    offsets: array[int] = field(default_factory=lambda: array("q"))
    min_timestamp: str = "~"
    max_timestamp: str = ""
    bytes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one partition in one object, added up.

    Args:
        sums: over all lines.
        spans: the offsets, as flat pairs of first and last, both included, in rising order; 16 bytes an unbroken run.
        doubled: offsets that the object holds more than once.
        reasons: counts of rejected lines.
    """

    sums: Sums
    spans: array[int]
    doubled: tuple[int, ...]
    reasons: Counter[str]


@dataclass(frozen=True, slots=True)
class ObjectTally:
    """What an object holds. `whole` is false when it could not be read to its end; its sums are then of no use."""

    key: ObjectKey
    parts: dict[TopicPartition, Part]
    findings: tuple[Finding, ...]
    lines: int
    plain_bytes: int
    whole: bool


def tally_object(key: ObjectKey, chunks: Iterable[bytes]) -> ObjectTally:
    """Read an object of `landing/` or `rejected/`, given its stored bytes in any pieces."""
    reader = _Reader(key)
    whole = True
    try:
        for line in _lines(plain(key.codec, chunks)):
            reader.take(line)
    except DamagedObjectError as exc:
        whole = False
        reader.findings.append(Finding(Code.OBJECT_UNREADABLE, key.key, f"after {reader.lines} lines: {exc}"))
    parts = {partition: _add_up(part) for partition, part in reader.parts.items() if part.offsets}
    return ObjectTally(key, parts, tuple(reader.findings), reader.lines, reader.bytes, whole)


class _Reader:
    def __init__(self, key: ObjectKey) -> None:
        self.key = key
        self.parts: dict[TopicPartition, PartTally] = {}
        self.findings: list[Finding] = []
        self.lines = 0
        self.bytes = 0
        self._label = key.hour.label
        self._count: Callable[[PartTally, dict[str, Any], bytes], int] = (
            _accepted if key.kind is Kind.LANDING else _rejected
        )

    def take(self, line: bytes) -> None:
        """Count one line, given with its newline if it has one."""
        self.lines += 1
        self.bytes += len(line)
        if not line.endswith(b"\n"):
            self._fault(Code.LINE_UNFINISHED, "the last line has no end: the object was cut")
        try:
            record = from_json(line, allow_inf_nan=False, cache_strings="keys")
            partition, offset, timestamp = (record["topic"], record["partition"]), record["offset"], record["timestamp"]
            part = self.parts.get(partition)
            if part is None:
                part = self.parts[partition] = PartTally()
            if not _TIMESTAMP.fullmatch(timestamp):
                raise ValueError(f"its timestamp is {timestamp!r}")  # noqa: TRY301 - every bad line leaves by the same handler
            value_bytes = self._count(part, record, line)
            part.offsets.append(offset)
        except (ValueError, KeyError, TypeError, OverflowError) as exc:
            self._fault(Code.LINE_UNREADABLE, f"not a line of the landing job: {type(exc).__name__}: {exc}")
            return
        part.bytes += value_bytes
        part.min_timestamp = min(part.min_timestamp, timestamp)
        part.max_timestamp = max(part.max_timestamp, timestamp)
        if not timestamp.startswith(self._label):
            self._fault(
                Code.WRONG_HOUR, f"{partition[0]}[{partition[1]}] offset {offset} is of {timestamp}, not of this hour"
            )

    def _fault(self, code: Code, what: str) -> None:
        if len(self.findings) < _FAULTS_MAX:
            self.findings.append(Finding(code, f"{self.key.key}:{self.lines}", what))


def _accepted(_part: PartTally, record: dict[str, Any], line: bytes) -> int:
    """Return the bytes of the event in the line: the envelope ends before it and has one brace after it."""
    if record.keys() != _ACCEPTED or type(record["event"]) is not dict:
        raise ValueError("its fields are not those of an accepted line")
    end = len(line) - 1 if line.endswith(b"\n") else len(line)
    return end - line.index(_EVENT) - len(_EVENT) - 1


def _rejected(part: PartTally, record: dict[str, Any], _line: bytes) -> int:
    if not _REJECTED_REQUIRED <= record.keys() <= _REJECTED:
        raise ValueError("its fields are not those of a rejected line")
    part.reasons[record["reason"]] += 1
    payload = record["payload_base64"]
    return 0 if payload is None else len(b64decode(payload, validate=True))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split pieces into lines at byte 10 and nowhere else."""
    begun = b""
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        begun += first
        for line in rest:
            yield begun + b"\n"
            begun = line
    if begun:
        yield begun


def _add_up(part: PartTally) -> Part:
    offsets = array("q", sorted(part.offsets))
    spans, doubled = array("q"), []
    for offset in offsets:
        if spans and offset == spans[-1]:
            doubled.append(offset)
        elif spans and offset == spans[-1] + 1:
            spans[-1] = offset
        else:
            spans.extend((offset, offset))
    sums = Sums(
        records=len(offsets),
        min_offset=offsets[0],
        max_offset=offsets[-1],
        offset_sum=sum(offsets),
        min_timestamp=part.min_timestamp,
        max_timestamp=part.max_timestamp,
        bytes=part.bytes,
    )
    return Part(sums, spans, tuple(doubled), part.reasons)
