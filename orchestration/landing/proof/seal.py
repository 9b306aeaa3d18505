"""The seal of an hour: the proof that it is complete. Each revision is written once and never changed."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from operator import attrgetter

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flink_jobs.contracts.layout import Hour, Kind, LayoutError, ObjectKey, SealKey, StreamLayout, newest_of_each
from flink_jobs.contracts.ledger import Cell, LedgerEntry
from orchestration.landing.clients.s3 import Bucket, ListedObject
from orchestration.landing.errors import SealConflictError, SealUnreadableError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.epochs import HourLabel, HourPath
from orchestration.landing.proof.completeness import Complete, Proof
from orchestration.landing.proof.contents import SealedContent, cells_of, contents_per_object
from orchestration.landing.proof.links import Link, StoredLink, digest, following, newest_link
from orchestration.landing.proof.witness import Witness

SEVERAL_HOURS = "several_hours"
"""Reason of the rejects whose ledger entry rejected records of several hours: the entry counts them together."""
_ATTEMPTS = 25
"""Seals that other writers may write first before this writer gives up."""


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
    """One object of the hour; `records` is the number that the ledger promised for its epoch.

    `contents` adds the records up by partition. Objects that earlier releases sealed have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind
    epoch: str
    bytes: int
    etag: str
    records: int
    contents: tuple[SealedContent, ...] = ()


class Seal(BaseModel):
    """One revision of the proof of one hour.

    `fingerprint` covers the objects alone: the same objects have the same fingerprint in every seal.
    `emitted_first` is the emission hour from which the ledger must be read to prove the hour again: that of its first
    entry. It is None for an hour without records that the whole ledger was read for.
    `entries_sha256` covers the ledger entries of the hour, `previous_sha256` the bytes of its previous revision.
    Seals of version 1 have no witness, no link and none of these two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 2
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
    entries_sha256: str | None = None
    witness: Witness | None = None
    previous_sha256: str | None = None
    link: Link | None = None

    def body(self) -> builtins.bytes:
        """Return the seal as it is written."""
        return self.model_dump_json(indent=1).encode()

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
    stream: str, complete: Complete, entries: Iterable[tuple[Hour, LedgerEntry]], sealed_at: datetime
) -> Seal:
    """Make the first revision of an hour's seal from its proof and the ledger entries.

    Entries of other hours are ignored. Objects that no entry promises are not sealed.
    """
    hour = complete.hour
    touching = [(emitted, entry) for emitted, entry in entries if hour.label in entry.hours]
    own = [entry for _, entry in touching]
    records = _records_per_object(hour, own)
    contents = contents_per_object(hour, own)
    objects = tuple(
        SealedObject(
            key=item.key,
            kind=key.kind,
            epoch=key.epoch,
            bytes=item.bytes,
            etag=item.etag,
            records=records[key.kind, key.epoch],
            contents=contents.get((key.kind, key.epoch), ()),
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
        emitted_first=min((emitted for emitted, _ in touching), default=complete.since),
        fingerprint=fingerprint(objects),
        sealed_at=sealed_at,
        entries_sha256=entries_digest(own),
        witness=complete.witness,
    )


def entries_digest(entries: Iterable[LedgerEntry]) -> str:
    """Return the SHA-256 over ledger entries in any order, by the fields that they were written with."""
    lines = sorted(entry.model_dump_json(exclude_unset=True) for entry in entries)
    return sha256("\n".join(lines).encode()).hexdigest()


def anchor_of(seal: Seal) -> str | None:
    """Return `<number>:<sha256>` of a seal in the chain; None for a seal of an earlier release."""
    return f"{seal.link.number}:{digest(seal.body())}" if seal.link else None


def latest_seal(bucket: Bucket, layout: StreamLayout, hour: Hour) -> Seal | None:
    """Read the newest revision of an hour; None when it was never sealed."""
    key = latest_seal_key(bucket, layout, hour)
    return read_seal(bucket, key) if key else None


def latest_seal_key(bucket: Bucket, layout: StreamLayout, hour: Hour) -> str | None:
    """Return the key of the newest revision of an hour; None when it was never sealed."""
    newest = newest_of_each(seal_keys(bucket, layout.hour_prefix(Kind.SEALS, hour)), attrgetter("hour")).get(hour)
    return newest.key if newest else None


def seal_keys(bucket: Bucket, prefix: str) -> list[SealKey]:
    """List the seals below a prefix, in the order of keys; other files are skipped."""
    found = []
    for item in bucket.list(prefix):
        try:
            found.append(SealKey.parse(item.key))
        except LayoutError:
            continue
    return found


def newest_seal_keys(bucket: Bucket, layout: StreamLayout) -> dict[Hour, SealKey]:
    """Return the key of the newest revision of every hour of the stream, from a listing alone."""
    return newest_of_each(seal_keys(bucket, layout.prefix(Kind.SEALS)), attrgetter("hour"))


def read_seals(bucket: Bucket, keys: Mapping[Hour, SealKey]) -> dict[Hour, Seal]:
    """Fetch and parse one seal for each hour."""
    bodies = bucket.get([key.key for key in keys.values()])
    return {hour: parse_seal(key.key, body) for (hour, key), body in zip(keys.items(), bodies, strict=True)}


def read_seal(bucket: Bucket, key: str) -> Seal:
    """Fetch and parse one seal."""
    return parse_seal(key, bucket.get([key])[0])


def write_seal(bucket: Bucket, layout: StreamLayout, draft: Seal) -> Seal:
    """Seal an hour, and return its newest seal.

    1. Read the newest link of the chain, and write its seal if its writer died before that.
    2. Read the newest revision. If it has the same fingerprint, return it and write nothing.
    3. If it names an object that the draft does not have, refuse the draft: sealed objects are never taken back.
    4. Write the next link, create-only. If another writer was first, start again.
    5. Write the next revision, create-only.

    Raises:
        SealConflictError: a sealed object is gone or changed, or other writers were first at every attempt.
    """
    for _ in range(_ATTEMPTS):
        newest_in_chain = newest_link(bucket, layout)
        chained_key = _finish(bucket, layout, newest_in_chain) if newest_in_chain else None
        newest = _newest_revision(bucket, layout, draft.hour)
        if newest is not None and newest[0].fingerprint == draft.fingerprint:
            return newest[0]
        link = following(newest_in_chain, chained_key)
        seal = _following(newest, draft).model_copy(update={"link": link})
        if bucket.put_if_absent(layout.link_key(link.number), seal.body()):
            return _placed(bucket, layout, seal)
    raise SealConflictError(f"{draft.hour}: other writers wrote {_ATTEMPTS} seals meanwhile; run it again")


def sealed_partitions(hour: Hour, entries: Sequence[LedgerEntry]) -> tuple[SealedPartition, ...]:
    """Add up the entries' cells of one hour per partition, in the order of partitions."""
    found: dict[ChainKey, list[tuple[Kind, Cell]]] = {}
    for entry in entries:
        for kind, cell in cells_of(hour, entry):
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


def _newest_revision(bucket: Bucket, layout: StreamLayout, hour: Hour) -> tuple[Seal, bytes] | None:
    key = latest_seal_key(bucket, layout, hour)
    if key is None:
        return None
    body = bucket.get([key])[0]
    return parse_seal(key, body), body


def _finish(bucket: Bucket, layout: StreamLayout, link: StoredLink) -> str:
    """Write the seal of the newest link if it is not there; return its key."""
    seal = parse_seal(layout.link_key(link.number), link.body)
    key = layout.seal_key(seal.hour, seal.revision)
    bucket.put_if_absent(key, link.body)
    return key


def _placed(bucket: Bucket, layout: StreamLayout, seal: Seal) -> Seal:
    key = layout.seal_key(seal.hour, seal.revision)
    if bucket.put_if_absent(key, seal.body()) or bucket.get([key])[0] == seal.body():
        return seal
    raise SealConflictError(f"{seal.hour}: a writer of an earlier release wrote {key} meanwhile; run it again")


def _following(newest: tuple[Seal, bytes] | None, draft: Seal) -> Seal:
    if newest is None:
        return draft
    before, body = newest
    kept = {(item.key, item.bytes, item.etag) for item in draft.objects}
    gone = [item.key for item in before.objects if (item.key, item.bytes, item.etag) not in kept]
    if gone:
        raise SealConflictError(
            f"{draft.hour}: revision {before.revision} names {gone[0]}, which is gone or changed; "
            "restore it from the versions of the bucket"
        )
    return draft.model_copy(
        update={
            "revision": before.revision + 1,
            "previous_fingerprint": before.fingerprint,
            "previous_sha256": digest(body),
        }
    )


def _records_per_object(hour: Hour, entries: Sequence[LedgerEntry]) -> Counter[tuple[Kind, str]]:
    records: Counter[tuple[Kind, str]] = Counter()
    for entry in entries:
        for kind, cell in cells_of(hour, entry):
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


def parse_seal(key: str, body: bytes) -> Seal:
    """Read the bytes of a seal, with its key for the error."""
    try:
        return Seal.model_validate_json(body)
    except ValidationError as exc:
        raise SealUnreadableError(f"{key}: not a seal: {exc.errors()[0]['msg']}") from exc
