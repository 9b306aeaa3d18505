"""Every revision of one hour: what was sealed, when it was published and by which run, and what it restated."""

from __future__ import annotations

from dataclasses import dataclass

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.proof.seal import Seal, parse_seal, seal_keys
from orchestration.landing.publication import Publication, publication_keys, read_publications
from orchestration.landing.report.restatement import Restatement, read_restatements


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of an hour.

    Args:
        seal: of the revision.
        publication: None for a revision that was never published: its checks failed, or a later one came first.
        note: what it changed for readers; None for the first publication.
    """

    seal: Seal
    publication: Publication | None
    note: Restatement | None


def history_of_hour(stream: Stream, hour: Hour) -> tuple[Revision, ...]:
    """Read every revision of an hour from the bucket, oldest first; none for an hour that was never sealed.

    Raises:
        SealUnreadableError: a seal, a publication or a note is damaged.
        UnavailableError: the bucket is away.
    """
    bucket, layout = stream.bucket, stream.layout
    keys = [key.key for key in seal_keys(bucket, layout.hour_prefix(Kind.SEALS, hour))]
    seals = map(parse_seal, keys, bucket.get(keys))
    publications = {one.revision: one for one in read_publications(bucket, publication_keys(bucket, layout, hour))}
    notes = {one.to_revision: one for one in read_restatements(bucket, layout, hour)}
    return tuple(
        Revision(seal, publications.get(seal.revision), notes.get(seal.revision))
        for seal in sorted(seals, key=lambda seal: seal.revision)
    )
