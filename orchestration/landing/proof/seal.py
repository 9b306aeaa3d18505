"""The seal of an hour: the proof that it is complete. Each revision is written once and never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flink_jobs.contracts.layout import Hour, Kind, LayoutError, ObjectKey, SealKey, StreamLayout
from flink_jobs.contracts.ledger import Cell, LedgerEntry
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.errors import SealConflictError, SealUnreadableError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.epochs import HourLabel, HourPath
from orchestration.landing.proof.completeness import Complete, Proof

SEVERAL_HOURS = "several_hours"
"""Reason of the rejects whose ledger entry rejected records of several hours: the entry counts them together."""
_ATTEMPTS = 5
"""Revisions that other writers may write first before this writer gives up."""


class SealedPartition(BaseModel):
    """The records of the hour in one partition of one topic: lowest and highest offset, and counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    topic_id: str | None = None
    partition: int
    first_offset: int
    last_offset: int
    accepted: int
    rejected: int

    @property
    def key(self) -> ChainKey:
        """The chain of the records."""
        return ChainKey(self.topic, self.topic_id or "", self.partition)


class SealedObject(BaseModel):
    """One object of the hour; `records` is the number that the ledger promised for its epoch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind
    epoch: str
    bytes: int
    etag: str
    records: int


class Seal(BaseModel):
    """One revision of the proof of one hour.

    `fingerprint` covers the objects alone: the same objects have the same fingerprint in every seal.
    `emitted_first` is the emission hour from which the ledger must be read to prove the hour again: that of its first
    entry. It is None for an hour without records that the whole ledger was read for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    stream: str
    hour: HourLabel
    revision: int = Field(ge=1)
    proof: Proof
    partitions: tuple[SealedPartition, ...]
    objects: tuple[SealedObject, ...]
    accepted: int
    rejected: int
    reasons: dict[str, int]
    emitted_first: HourPath | None
    fingerprint: str
    previous_fingerprint: str | None = None
    sealed_at: datetime

    def landing(self) -> dict[str, SealedObject]:
        """Return the objects with accepted lines by key; the external table shows these."""
        return {item.key: item for item in self.objects if item.kind is Kind.LANDING}

    @property
    def bytes(self) -> int:
        """Bytes of all objects."""
        return sum(item.bytes for item in self.objects)

    @property
    def min_offsets(self) -> dict[str, int]:
        """The lowest offset per partition, for metadata."""
        return {name: partition.first_offset for name, partition in self._named()}

    @property
    def max_offsets(self) -> dict[str, int]:
        """The highest offset per partition, for metadata."""
        return {name: partition.last_offset for name, partition in self._named()}

    def _named(self) -> list[tuple[str, SealedPartition]]:
        """Name the partitions; with the topic id only where the hour has records of two topics of one name."""
        ids = {(p.topic, p.topic_id) for p in self.partitions}
        several = len(ids) > len({p.topic for p in self.partitions})
        return [(str(p.key) if several else p.key.name, p) for p in self.partitions]


def fingerprint(objects: Iterable[ListedObject | SealedObject]) -> str:
    """Return the SHA-256 over key, bytes and ETag of the objects, in any order."""
    lines = sorted(f"{item.key}\t{item.bytes}\t{item.etag}\n" for item in objects)
    return sha256("".join(lines).encode()).hexdigest()


def draft_seal(
    stream: str,
    complete: Complete,
    entries: Iterable[tuple[Hour, LedgerEntry]],
    sealed_at: datetime,
    since: Hour | None = None,
) -> Seal:
    """Make the first revision of an hour's seal from its proof and the ledger entries.

    Entries of other hours are ignored. Objects that no entry promises are not sealed. `since` is the emission hour from
    which the entries were read.
    """
    hour = complete.hour
    touching = [(emitted, entry) for emitted, entry in entries if hour.label in entry.hours]
    own = [entry for _, entry in touching]
    records = _records_per_object(hour, own)
    objects = tuple(
        SealedObject(
            key=item.key,
            kind=key.kind,
            epoch=key.epoch,
            bytes=item.bytes,
            etag=item.etag,
            records=records[key.kind, key.epoch],
        )
        for item in complete.objects
        for key in (ObjectKey.parse(item.key),)
    )
    return Seal(
        stream=stream,
        hour=hour,
        revision=1,
        proof=complete.proof,
        partitions=sealed_partitions(hour, own),
        objects=objects,
        accepted=sum(count for (kind, _), count in records.items() if kind is Kind.LANDING),
        rejected=sum(count for (kind, _), count in records.items() if kind is Kind.REJECTED),
        reasons=_reasons(hour, own),
        emitted_first=min((emitted for emitted, _ in touching), default=since),
        fingerprint=fingerprint(objects),
        sealed_at=sealed_at,
    )


def latest_seal(bucket: Bucket, layout: StreamLayout, hour: Hour) -> Seal | None:
    """Read the newest revision of an hour; None when it was never sealed."""
    revisions = {}
    for found in bucket.list(layout.hour_prefix(Kind.SEALS, hour)):
        try:
            revisions[SealKey.parse(found.key).revision] = found.key
        except LayoutError:
            continue
    return read_seal(bucket, revisions[max(revisions)]) if revisions else None


def latest_seals(bucket: Bucket, layout: StreamLayout) -> dict[Hour, Seal]:
    """Read the newest revision of every hour of the stream."""
    newest: dict[Hour, SealKey] = {}
    for found in bucket.list(layout.prefix(Kind.SEALS)):
        try:
            key = SealKey.parse(found.key)
        except LayoutError:
            continue
        if key.hour not in newest or newest[key.hour].revision < key.revision:
            newest[key.hour] = key
    bodies = bucket.get([key.key for key in newest.values()])
    return {hour: _parse(key.key, body) for (hour, key), body in zip(newest.items(), bodies, strict=True)}


def read_seal(bucket: Bucket, key: str) -> Seal:
    """Fetch and parse one seal."""
    return _parse(key, bucket.get([key])[0])


def write_seal(bucket: Bucket, layout: StreamLayout, draft: Seal) -> Seal:
    """Seal an hour, and return its newest seal.

    1. Read the newest revision. If it has the same fingerprint, return it and write nothing.
    2. If it names an object that the draft does not have, refuse the draft: sealed objects are never taken back.
    3. Write the next revision, create-only. If another writer was first, start again.

    Raises:
        SealConflictError: a sealed object is gone or changed, or other writers were first at every attempt.
    """
    for _ in range(_ATTEMPTS):
        newest = latest_seal(bucket, layout, draft.hour)
        if newest is not None and newest.fingerprint == draft.fingerprint:
            return newest
        seal = _following(newest, draft)
        if bucket.put_if_absent(layout.seal_key(seal.hour, seal.revision), seal.model_dump_json(indent=1).encode()):
            return seal
    raise SealConflictError(f"{draft.hour}: other writers sealed it {_ATTEMPTS} times meanwhile; run it again")


def sealed_partitions(hour: Hour, entries: Sequence[LedgerEntry]) -> tuple[SealedPartition, ...]:
    """Add up the entries' cells of one hour per partition, in the order of partitions."""
    found: dict[ChainKey, list[tuple[Kind, Cell]]] = {}
    for entry in entries:
        for kind, cell in _cells(hour, entry):
            found.setdefault(ChainKey.of(entry), []).append((kind, cell))
    return tuple(
        SealedPartition(
            topic=key.topic,
            topic_id=key.topic_id or None,
            partition=key.partition,
            first_offset=min(cell.min_offset for _, cell in cells),
            last_offset=max(cell.max_offset for _, cell in cells),
            accepted=sum(cell.records for kind, cell in cells if kind is Kind.LANDING),
            rejected=sum(cell.records for kind, cell in cells if kind is Kind.REJECTED),
        )
        for key, cells in sorted(found.items())
    )


def _following(newest: Seal | None, draft: Seal) -> Seal:
    if newest is None:
        return draft
    kept = {(item.key, item.bytes, item.etag) for item in draft.objects}
    gone = [item.key for item in newest.objects if (item.key, item.bytes, item.etag) not in kept]
    if gone:
        raise SealConflictError(
            f"{draft.hour}: revision {newest.revision} names {gone[0]}, which is gone or changed; "
            "restore it from the versions of the bucket"
        )
    return draft.model_copy(update={"revision": newest.revision + 1, "previous_fingerprint": newest.fingerprint})


def _records_per_object(hour: Hour, entries: Sequence[LedgerEntry]) -> Counter[tuple[Kind, str]]:
    records: Counter[tuple[Kind, str]] = Counter()
    for entry in entries:
        for kind, cell in _cells(hour, entry):
            records[kind, entry.epoch] += cell.records
    return records


def _reasons(hour: Hour, entries: Sequence[LedgerEntry]) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for entry in entries:
        rejected = entry.hours[hour.label].rejected
        if rejected is None:
            continue
        if sum(cells.rejected is not None for cells in entry.hours.values()) == 1:
            reasons.update(entry.reasons)
        else:
            reasons[SEVERAL_HOURS] += rejected.records
    return dict(sorted(reasons.items()))


def _cells(hour: Hour, entry: LedgerEntry) -> list[tuple[Kind, Cell]]:
    cells = entry.hours[hour.label]
    pairs = ((Kind.LANDING, cells.accepted), (Kind.REJECTED, cells.rejected))
    return [(kind, cell) for kind, cell in pairs if cell is not None]


def _parse(key: str, body: bytes) -> Seal:
    try:
        return Seal.model_validate_json(body)
    except ValidationError as exc:
        raise SealUnreadableError(f"{key}: not a seal: {exc.errors()[0]['msg']}") from exc
