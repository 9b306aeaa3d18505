"""The chain of seals: every seal has a number in the order of writing, and the hash of the seal before it.

A link is an object `<stream>/chain/…-<number>.json` with the same bytes as the seal. It is written first, create-only:
of several writers one gets a number, and the others read the chain again. A writer that dies between link and seal
leaves the seal to the next one, which writes it from the link before it adds its own. So the chain never forks, and it
needs no lock.

The chain proves that no seal but the newest was changed, removed, added or put elsewhere since the next one was
written. It does not prove who wrote it: a stranger who may write everything can write a whole new chain. Therefore
number and hash of a seal are also kept where such a stranger cannot write: in Dagster, as metadata of `landed_hour` and
`published_hour`. One of them is the anchor of `hourglass hours verify`, and shows whether the chain up to it is the one
that Dagster saw. Seals of releases before the chain have no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field

from flink_jobs.contracts.layout import LinkKey, StreamLayout
from orchestration.landing.clients.s3 import Bucket


class Link(BaseModel):
    """The place of a seal in the chain: its number from 1, and key and SHA-256 of the seal before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    previous_key: str | None = None
    previous_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A link of the bucket: its number, and the bytes of its seal."""

    number: int
    body: bytes


def digest(body: bytes) -> str:
    """Return the SHA-256 of the bytes of a seal."""
    return sha256(body).hexdigest()


def newest_link(bucket: Bucket, layout: StreamLayout) -> StoredLink | None:
    """Read the newest link, with two requests: it is listed first."""
    keys = (LinkKey.try_parse(found.key) for found in bucket.list(layout.chain_prefix))
    newest = next((key for key in keys if key), None)
    return StoredLink(newest.number, bucket.get([newest.key])[0]) if newest else None


def following(newest: StoredLink | None, previous_key: str | None) -> Link:
    """Return the link behind the newest one, whose seal has the key `previous_key`."""
    if newest is None:
        return Link(number=1)
    return Link(number=newest.number + 1, previous_key=previous_key, previous_sha256=digest(newest.body))
