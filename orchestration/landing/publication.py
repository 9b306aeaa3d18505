"""The publication of an hour: a durable object beside its seals, so that no run history decides what is published.

Its key holds the revision and the number of records, so a listing shows both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flink_jobs.contracts.layout import Hour, Kind, LayoutError, PublicationKey, StreamLayout, newest_of_each
from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.errors import SealUnreadableError
from orchestration.landing.ledger.epochs import HourLabel


class Publication(BaseModel):
    """One published revision of an hour: its seal by fingerprint, and the sentence of each blocking check."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    stream: str
    hour: HourLabel
    revision: int = Field(ge=1)
    records: int = Field(ge=0)
    fingerprint: str
    checks: dict[str, str]
    published_at: datetime
    run_id: str


def published_revisions(bucket: Bucket, layout: StreamLayout, since: Hour | None = None) -> dict[Hour, PublicationKey]:
    """Return the newest published revision of every hour of the stream, from a listing alone.

    Args:
        bucket: of the stream.
        layout: of the stream.
        since: the first hour that is listed; None lists every hour.
    """
    start = layout.hour_prefix(Kind.PUBLISHED, since) if since else ""
    return newest_of_each(_publication_keys(bucket, layout.prefix(Kind.PUBLISHED), start), attrgetter("hour"))


def publication_keys(bucket: Bucket, layout: StreamLayout, hour: Hour | None = None) -> list[PublicationKey]:
    """List every published revision of one hour, or of all hours, in the order of hours and revisions."""
    prefix = layout.hour_prefix(Kind.PUBLISHED, hour) if hour else layout.prefix(Kind.PUBLISHED)
    return sorted(_publication_keys(bucket, prefix), key=attrgetter("hour", "revision"))


def latest_publication_key(bucket: Bucket, layout: StreamLayout, hour: Hour) -> PublicationKey | None:
    """Return the key of the newest published revision of an hour; None when it was never published."""
    return newest_of_each(publication_keys(bucket, layout, hour), attrgetter("hour")).get(hour)


def _publication_keys(bucket: Bucket, prefix: str, start: str = "") -> Iterator[PublicationKey]:
    for found in bucket.list(prefix, start):
        try:
            yield PublicationKey.parse(found.key)
        except LayoutError:
            continue


def read_publications(bucket: Bucket, keys: Sequence[PublicationKey]) -> tuple[Publication, ...]:
    """Fetch publications, several at a time, in the order of their keys.

    Raises:
        SealUnreadableError: one is not a publication.
    """
    bodies = bucket.get([key.key for key in keys])
    return tuple(_parse(key.key, body) for key, body in zip(keys, bodies, strict=True))


def _parse(key: str, body: bytes) -> Publication:
    try:
        return Publication.model_validate_json(body)
    except ValidationError as exc:
        raise SealUnreadableError(f"{key}: not a publication: {exc.errors()[0]['msg']}") from exc


def write_publication(bucket: Bucket, layout: StreamLayout, publication: Publication) -> bool:
    """Write a publication create-only; return False if its revision was published before."""
    key = layout.publication_key(publication.hour, publication.revision, publication.records)
    return bucket.put_if_absent(key, publication.model_dump_json(indent=1).encode())
