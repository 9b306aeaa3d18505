"""The rows of the tables `HOURS` and `HOUR_OBJECTS`, from the seals and publications of the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from flink_jobs.contracts.layout import PublicationKey
from orchestration.landing.clients.hour_objects import AddedObjects
from orchestration.landing.clients.hours_table import PublishedHour
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import Seal, parse_seal
from orchestration.landing.publication import publication_keys, read_publications

_BATCH = 200
"""Hours in memory at a time; a seal lists every object of its hour."""

Published = tuple[Seal, datetime]
"""A seal, and when its revision was published first."""


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """The rows of some hours: of each the newest published revision, and what every published revision added."""

    hours: list[PublishedHour]
    objects: list[AddedObjects]


def row_of_hour(stream: str, seal: Seal, published_at: datetime) -> PublishedHour:
    """Return the row of one revision of an hour; `stream` is the name in its document."""
    return PublishedHour(
        stream=stream,
        hour=seal.hour,
        revision=seal.revision,
        fingerprint=seal.fingerprint,
        accepted=seal.accepted,
        rejected=seal.rejected,
        objects=len(seal.objects),
        bytes=seal.bytes,
        published_at=published_at,
    )


def rows_to_publish(name: str, stream: Stream, seals: Iterable[Seal], now: datetime) -> PublishedRows:
    """Return the rows of hours that are published now.

    One listing for each hour; the earlier revisions of an amended hour are read as well, so that an object has the
    revision and the time that it was published first with, whatever is in the tables.

    Args:
        name: of the stream in its document.
        stream: whose bucket is read.
        seals: of the hours, the newest ones.
        now: when they are published; a revision that was published before keeps its time.
    """
    rows = PublishedRows([], [])
    for seal in seals:
        keys = publication_keys(stream.bucket, stream.layout, seal.hour)
        published = _read(stream, [key for key in keys if key.revision <= seal.revision])
        if not published or published[-1][0].revision < seal.revision:
            published.append((seal, now))
        _add(rows, name, published)
    return rows


def rows_of_published_hours(name: str, stream: Stream) -> Iterator[PublishedRows]:
    """Yield the rows of every published hour of a stream, in batches; two requests to the bucket for each revision.

    Args:
        name: of the stream in its document.
        stream: whose bucket is read.

    Raises:
        SealUnreadableError: a seal or a publication is damaged.
    """
    hours = [list(keys) for _, keys in groupby(publication_keys(stream.bucket, stream.layout), attrgetter("hour"))]
    for start in range(0, len(hours), _BATCH):
        rows = PublishedRows([], [])
        published = _read(stream, [key for keys in hours[start : start + _BATCH] for key in keys])
        for _, of_hour in groupby(published, lambda one: one[0].hour):
            _add(rows, name, list(of_hour))
        yield rows


def added_objects(name: str, published: Iterable[Published]) -> Iterator[AddedObjects]:
    """Yield what each published revision of one hour added, in the order of revisions."""
    known: set[str] = set()
    for seal, published_at in published:
        keys = set(seal.landing()) - known
        known |= keys
        if keys:
            yield AddedObjects(name, seal.hour, seal.revision, published_at, tuple(sorted(keys)))


def _read(stream: Stream, keys: Sequence[PublicationKey]) -> list[Published]:
    seal_keys = [stream.layout.seal_key(key.hour, key.revision) for key in keys]
    seals = map(parse_seal, seal_keys, stream.bucket.get(seal_keys))
    publications = read_publications(stream.bucket, keys)
    return [(seal, one.published_at) for seal, one in zip(seals, publications, strict=True)]


def _add(rows: PublishedRows, name: str, published: Sequence[Published]) -> None:
    newest, published_at = published[-1]
    rows.hours.append(row_of_hour(name, newest, published_at))
    rows.objects.extend(added_objects(name, published))
