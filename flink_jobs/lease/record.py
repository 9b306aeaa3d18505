"""Renew and release a lease: all that its holder does for as long as it lives, so this imports next to nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from flink_jobs.errors import LeaseLostError
from flink_jobs.lease.holder import Holder
from flink_jobs.s3.objects import StoredObject

_KEY = re.compile(r".*/(?P<number>\d{8})\.json")


class RenewableObjects(Protocol):
    """See `SignedObjects`, and `Bucket`."""

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """List all objects below a prefix."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What a lease object says.

    `token` is of one taking: the winner knows its object by it when the answer to its creation was lost.
    `renewed` counts, so that two renewals never have the same bytes. `lease_seconds` is how long it stands without
    one. A job of a cluster may live on without its holder, for `outlives_seconds` of that time; others never do.
    """

    number: int
    token: str
    holder: Holder
    job: str
    lease_seconds: float
    job_id: str | None = None
    renewed: int = 0
    released: bool = False
    outlives_seconds: float | None = None

    @property
    def renewal_seconds(self) -> float:
        """How long the job may go on without a renewal."""
        return self.lease_seconds - (self.outlives_seconds or 0)

    @classmethod
    def from_json(cls, body: bytes) -> LeaseRecord:
        """Read a lease; names that this release does not know are passed over.

        Raises:
            ValueError: it is none.
        """
        try:
            said = json.loads(body)
            holder, job_id, seconds = said["holder"], said.get("job_id"), float(said["lease_seconds"])
            outlives = said.get("outlives_seconds")
            record = cls(
                number=int(said["number"]),
                token=str(said["token"]),
                holder=Holder(
                    str(holder["host"]), str(holder["machine"]), int(holder["pid"]), float(holder["created"])
                ),
                job=str(said["job"]),
                lease_seconds=seconds,
                job_id=None if job_id is None else str(job_id),
                renewed=int(said.get("renewed", 0)),
                released=said.get("released", False) is True,
                outlives_seconds=None if outlives is None else float(outlives),
            )
        except (KeyError, TypeError, AttributeError) as exc:
            raise ValueError(f"no lease ({exc!r})") from exc
        if not 0 < seconds < math.inf:
            raise ValueError(f"no lease (it stands for {seconds} s)")
        return record

    def to_json(self) -> bytes:
        """Write the lease; `from_json` reads it."""
        return json.dumps(asdict(self), indent=1).encode()

    def after(self, **changes: Any) -> LeaseRecord:
        """Make the next text of this lease."""
        return replace(self, renewed=self.renewed + 1, **changes)


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that this process has taken."""

    key: str
    record: LeaseRecord


class Renewals:
    """Renew and release the lease of one stream.

    Args:
        prefix: of the keys of the stream's leases.
        bucket: where the objects lie.
    """

    def __init__(self, prefix: str, bucket: RenewableObjects) -> None:
        self._prefix = prefix
        self._objects = bucket

    def renew(self, lease: Lease, job_id: str | None) -> Lease:
        """Say that the holder lives.

        Raises:
            LeaseLostError: somebody else has taken the stream.
        """
        if self.is_passed(lease):
            raise LeaseLostError(f"another job has taken the stream from {lease.key}: this one ends")
        return self._write(lease, lease.record.after(job_id=job_id))

    def release(self, lease: Lease) -> None:
        """Give the stream free: the next job takes it at once."""
        self._write(lease, lease.record.after(released=True))

    def is_passed(self, lease: Lease) -> bool:
        """Say whether there is a higher number. That the own one is not listed says nothing: a listing may be late."""
        return lease_number(self.highest()) > lease.record.number

    def highest(self) -> StoredObject | None:
        """Find the lease that holds the stream, unless it is released."""
        return next(reversed(self.all()), None)

    def all(self) -> list[StoredObject]:
        """List the leases, the highest last."""
        return sorted(filter(lease_number, self._objects.objects(self._prefix)), key=lease_number)

    def _write(self, lease: Lease, record: LeaseRecord) -> Lease:
        self._objects.put(lease.key, record.to_json())
        return Lease(lease.key, record)


def lease_number(stored: StoredObject | None) -> int:
    """Read the number of a lease; what is no lease has none, 0."""
    match = _KEY.fullmatch(stored.key) if stored else None
    return int(match["number"]) if match else 0
