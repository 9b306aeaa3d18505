"""Read ledger entries, check each one by itself, and keep them in a small form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern

from pydantic import ValidationError

from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import Hour, Kind, LayoutError, ObjectKey
from flink_jobs.contracts.ledger import Cell, LedgerEntry, TopicIdentity, TopicPartition


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts of the records of one partition, hour and kind.

    Timestamps are texts of the form `2025-08-01T03:59:59.123Z`, so they sort by time.
    """

    records: int
    min_offset: int
    max_offset: int
    offset_sum: int
    min_timestamp: str
    max_timestamp: str
    bytes: int

    @classmethod
    def of(cls, cell: Cell) -> Sums:
        """Copy a cell of the ledger."""
        return cls(
            records=cell.records,
            min_offset=cell.min_offset,
            max_offset=cell.max_offset,
            offset_sum=cell.offset_sum,
            min_timestamp=_text(cell.min_timestamp),
            max_timestamp=_text(cell.max_timestamp),
            bytes=cell.bytes,
        )

    def plus(self, other: Sums) -> Sums:
        """Add the sums of other records."""
        return Sums(
            records=self.records + other.records,
            min_offset=min(self.min_offset, other.min_offset),
            max_offset=max(self.max_offset, other.max_offset),
            offset_sum=self.offset_sum + other.offset_sum,
            min_timestamp=min(self.min_timestamp, other.min_timestamp),
            max_timestamp=max(self.max_timestamp, other.max_timestamp),
            bytes=self.bytes + other.bytes,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry; `where` is its object and line. `holes` counts offsets that the broker never gave out.

    `identity` is None, and `repeated` may be true, in an entry of an earlier release.
    """

    where: str
    job_id: str
    checkpoint: int
    epoch: str
    partition: TopicPartition
    first: int
    last: int
    records: int
    holes: int
    hole_ranges: tuple[tuple[int, int], ...]
    cells: tuple[tuple[Hour, Kind, Sums], ...]
    reasons: tuple[tuple[str, int], ...]
    identity: TopicIdentity | None = None
    repeated: bool = False

    @property
    def writer(self) -> str:
        """Epoch, job and checkpoint, for messages."""
        return f"epoch {self.epoch} (job {self.job_id}, checkpoint {self.checkpoint})"


def read_entries(key: ObjectKey, body: bytes) -> tuple[list[Entry], list[Finding]]:
    """Read an object of the ledger; a line that cannot be read or does not add up becomes a finding."""
    if not body:
        return [], [Finding(Code.OBJECT_EMPTY, key.key, "a ledger object without an entry")]
    if key.codec:
        return [], [Finding(Code.ENTRY_UNREADABLE, key.key, f"the ledger is plain JSON lines, not {key.codec}")]
    entries, findings = [], []
    if not body.endswith(b"\n"):
        findings.append(Finding(Code.LINE_UNFINISHED, key.key, "the last line has no end: the object was cut"))
    for number, line in enumerate(body.splitlines(), start=1):
        where = f"{key.key}:{number}"
        try:
            model = LedgerEntry.model_validate_json(line)
            entries.append(_small(where, model))
        except ValidationError as exc:
            findings.append(_refused(where, exc))
        except LayoutError as exc:
            findings.append(Finding(Code.ENTRY_WRONG, where, str(exc)))
        else:
            findings.extend(Finding(Code.ENTRY_WRONG, where, wrong) for wrong in _inconsistencies(key, model))
    return entries, findings


def _refused(where: str, error: ValidationError) -> Finding:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    # The model's own rules raise ValueError: the line is an entry whose numbers contradict each other.
    code = Code.ENTRY_WRONG if first["type"] == "value_error" else Code.ENTRY_UNREADABLE
    return Finding(code, where, f"{field}: {first['msg']}" if field else first["msg"])


def _small(where: str, entry: LedgerEntry) -> Entry:
    return Entry(
        where=where,
        job_id=intern(entry.job_id),
        checkpoint=entry.checkpoint,
        epoch=entry.epoch,
        partition=(intern(entry.topic), entry.partition),
        first=entry.first_offset,
        last=entry.last_offset,
        records=entry.records,
        holes=entry.holes,
        hole_ranges=entry.hole_ranges,
        cells=tuple((hour, kind, Sums.of(cell)) for hour, kind, cell in _cells(entry)),
        reasons=tuple(sorted(entry.reasons.items())),
        identity=_shared(entry.identity),
        repeated=entry.repeated > 0,
    )


@lru_cache
def _shared(identity: TopicIdentity | None) -> TopicIdentity | None:
    """Return the first of equal identities: every entry has one."""
    return identity


def _cells(entry: LedgerEntry) -> Iterator[tuple[Hour, Kind, Cell]]:
    for label, kinds in entry.hours.items():
        hour = Hour.from_label(label)
        if kinds.accepted:
            yield hour, Kind.LANDING, kinds.accepted
        if kinds.rejected:
            yield hour, Kind.REJECTED, kinds.rejected


def _inconsistencies(key: ObjectKey, entry: LedgerEntry) -> Iterator[str]:
    """Find contradictions that the model does not refuse."""
    if entry.epoch != key.epoch:
        yield f"the entry is of epoch {entry.epoch}, its object of another"
    counted = {Kind.LANDING: 0, Kind.REJECTED: 0}
    for hour, kind, cell in _cells(entry):
        counted[kind] += cell.records
        yield from _wrong_in(entry, hour, f"{hour} {kind}", cell)
    if sum(entry.reasons.values()) != counted[Kind.REJECTED]:
        yield f"reasons count {sum(entry.reasons.values())} records, {counted[Kind.REJECTED]} were rejected"
    if entry.types and sum(entry.types.values()) != counted[Kind.LANDING]:
        yield f"types count {sum(entry.types.values())} records, {counted[Kind.LANDING]} were accepted"


def _wrong_in(entry: LedgerEntry, hour: Hour, name: str, cell: Cell) -> Iterator[str]:
    if not entry.first_offset <= cell.min_offset <= cell.max_offset <= entry.last_offset:
        yield f"{name}: offsets {cell.min_offset}-{cell.max_offset} lie outside of the entry's"
    if cell.records > cell.max_offset - cell.min_offset + 1:
        yield f"{name}: {cell.records} records do not fit into offsets {cell.min_offset}-{cell.max_offset}"
    if not hour.start <= cell.min_timestamp <= cell.max_timestamp < hour.end:
        yield f"{name}: timestamps {_text(cell.min_timestamp)} to {_text(cell.max_timestamp)} lie outside of the hour"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
