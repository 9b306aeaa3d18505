"""The restatement note of an amendment: what readers of an hour saw before, what changed, and what is downstream.

It is written when a further revision is published, before its publication, and never changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flink_jobs.contracts.layout import Hour, Kind, ObjectKey, StreamLayout
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.errors import SealUnreadableError
from orchestration.landing.ledger.epochs import HourLabel
from orchestration.landing.proof.seal import Seal, SealedObject, read_seal
from orchestration.landing.publication import publication_keys
from orchestration.landing.verification.lines import plain

OBJECTS_MAX = 200
BYTES_MAX = 32 * 2**20
"""Objects and stored bytes that are read for the organizations; the records of further objects are counted alone."""
ORGANIZATIONS_MAX = 100
"""Organizations that a note names, those with the most records first."""


class Restatement(BaseModel):
    """What one published revision of an hour changes of the one that was published before.

    `partitions` and `organizations` count the added records; a record that was sealed is never taken back. Rejected
    records have no organization. `not_attributed` counts the accepted records of no named organization.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    stream: str
    hour: HourLabel
    from_revision: int = Field(ge=1)
    to_revision: int = Field(ge=2)
    accepted_before: int
    accepted_after: int
    rejected_before: int
    rejected_after: int
    partitions: dict[str, int]
    organizations: dict[str, int]
    not_attributed: int
    downstream: tuple[str, ...]
    noted_at: datetime
    run_id: str


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)

    organization: str


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)

    event: _Event


@dataclass(frozen=True, slots=True)
class PublishingRun:
    """The run that publishes an amendment.

    Args:
        run_id: of Dagster.
        now: the present time.
        downstream: keys of the assets that read the hour.
    """

    run_id: str
    now: datetime
    downstream: Sequence[str]


def restate(bucket: Bucket, layout: StreamLayout, seal: Seal, run: PublishingRun) -> Restatement | None:
    """Make the note of a revision that is to be published; None when no revision was published before.

    Args:
        bucket: of the stream.
        layout: of the stream.
        seal: that is to be published.
        run: that publishes it.
    """
    before = _published_before(bucket, layout, seal)
    if before is None:
        return None
    known = {item.key for item in before.objects}
    added = [item for item in seal.objects if item.key not in known]
    named = dict(_organizations(bucket, added).most_common(ORGANIZATIONS_MAX))
    return Restatement(
        stream=seal.stream,
        hour=seal.hour,
        from_revision=before.revision,
        to_revision=seal.revision,
        accepted_before=before.accepted,
        accepted_after=seal.accepted,
        rejected_before=before.rejected,
        rejected_after=seal.rejected,
        partitions=dict(sorted(_partitions(added).items())),
        organizations=named,
        not_attributed=sum(item.records for item in added if item.kind is Kind.LANDING) - sum(named.values()),
        downstream=tuple(run.downstream),
        noted_at=run.now,
        run_id=run.run_id,
    )


def write_restatement(bucket: Bucket, layout: StreamLayout, note: Restatement) -> str:
    """Write a note create-only; return its key. A retry of the run keeps the first note."""
    key = layout.restatement_key(note.hour, note.to_revision)
    bucket.put_if_absent(key, note.model_dump_json(indent=1).encode())
    return key


def read_restatements(bucket: Bucket, layout: StreamLayout, hour: Hour | None = None) -> list[Restatement]:
    """Read all notes of a stream or of one hour, in the order of hours and revisions.

    Raises:
        SealUnreadableError: an object below `restatements/` is not a note.
    """
    prefix = layout.hour_prefix(Kind.RESTATEMENTS, hour) if hour else layout.prefix(Kind.RESTATEMENTS)
    keys = [found.key for found in bucket.list(prefix)]
    return [_parsed(key, body) for key, body in zip(keys, bucket.get(keys), strict=True)]


def _parsed(key: str, body: bytes) -> Restatement:
    try:
        return Restatement.model_validate_json(body)
    except ValidationError as exc:
        raise SealUnreadableError(f"{key}: not a restatement note: {exc.errors()[0]['msg']}") from exc


def _published_before(bucket: Bucket, layout: StreamLayout, seal: Seal) -> Seal | None:
    published = publication_keys(bucket, layout, seal.hour)
    revisions = [one.revision for one in published if one.revision < seal.revision]
    return read_seal(bucket, layout.seal_key(seal.hour, max(revisions))) if revisions else None


def _partitions(added: Iterable[SealedObject]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for item in added:
        for content in item.contents:
            counts[f"{content.topic}[{content.partition}]"] += content.records
    return counts


def _organizations(bucket: Bucket, added: Iterable[SealedObject]) -> Counter[str]:
    """Count the records of each organization in the added objects, as far as the bounds allow."""
    counts: Counter[str] = Counter()
    left = BYTES_MAX
    for item in [one for one in added if one.kind is Kind.LANDING][:OBJECTS_MAX]:
        left -= item.bytes
        if left < 0:
            break
        for line in plain(ObjectKey.parse(item.key), bucket.get([item.key])[0]).splitlines():
            try:
                counts[_Line.model_validate_json(line).event.organization] += 1
            except ValidationError:
                continue  # it stays in `not_attributed`
    return counts
