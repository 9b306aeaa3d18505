"""The rows of the table `HOURS`, from the seals and publications of the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter

from orchestration.landing.clients.hours_table import PublishedHour
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import Seal, parse_seal
from orchestration.landing.publication import published_revisions, read_publications

_BATCH = 200
"""Seals in memory at a time; one lists every object of its hour."""


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


def rows_of_published_hours(name: str, stream: Stream) -> Iterator[list[PublishedHour]]:
    """Yield the rows of the newest published revisions of a stream, in batches; two requests to the bucket for each.

    Args:
        name: of the stream in its document.
        stream: whose bucket is read.

    Raises:
        SealUnreadableError: a seal or a publication is damaged.
    """
    found = sorted(published_revisions(stream.bucket, stream.layout).values(), key=attrgetter("hour"))
    for start in range(0, len(found), _BATCH):
        keys = found[start : start + _BATCH]
        seal_keys = [stream.layout.seal_key(key.hour, key.revision) for key in keys]
        seals = map(parse_seal, seal_keys, stream.bucket.get(seal_keys))
        publications = read_publications(stream.bucket, keys)
        yield [row_of_hour(name, seal, one.published_at) for seal, one in zip(seals, publications, strict=True)]
