"""The lease object of a stream: its fields, its JSON, and the number in its key. Pure."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from flink_jobs.lease.holder import Holder
from flink_jobs.s3.objects import StoredObject

_KEY = re.compile(r".*/(?P<number>\d{8})\.json")


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The content of a lease object.

    Attributes:
        number: the highest one holds the stream.
        token: random; a creator whose response was lost recognizes its own object by it.
        holder: the process that renews.
        job: name of the job.
        lease_seconds: how long the lease is valid without a renewal.
        job_id: of Flink, once the job is submitted.
        renewed: counts renewals, so that two of them never have the same bytes.
        released: whether the job has ended and the stream is free.
        outlives_seconds: how long a job of a session cluster can keep running after its client died; None for a local
            job, which ends with its process. `lease_seconds` includes it.
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
        """How long the job may run without a renewal."""
        return self.lease_seconds - (self.outlives_seconds or 0)

    @classmethod
    def from_json(cls, body: bytes) -> LeaseRecord:
        """Read a lease; unknown fields, which a later release may write, are ignored.

        Raises:
            ValueError: the object is no lease.
        """
        try:
            fields = json.loads(body)
            holder, job_id, seconds = fields["holder"], fields.get("job_id"), float(fields["lease_seconds"])
            outlives = fields.get("outlives_seconds")
            record = cls(
                number=int(fields["number"]),
                token=str(fields["token"]),
                holder=Holder(
                    str(holder["host"]), str(holder["machine"]), int(holder["pid"]), float(holder["created"])
                ),
                job=str(fields["job"]),
                lease_seconds=seconds,
                job_id=None if job_id is None else str(job_id),
                renewed=int(fields.get("renewed", 0)),
                released=fields.get("released", False) is True,
                outlives_seconds=None if outlives is None else float(outlives),
            )
        except (KeyError, TypeError, AttributeError) as exc:
            raise ValueError(f"no lease ({exc!r})") from exc
        if not 0 < seconds < math.inf:
            raise ValueError(f"no lease (lease_seconds is {seconds})")
        return record

    def to_json(self) -> bytes:
        """Write the lease; `from_json` reads it."""
        return json.dumps(asdict(self), indent=1).encode()

    def after(self, **changes: Any) -> LeaseRecord:
        """Return the record of the next write."""
        return replace(self, renewed=self.renewed + 1, **changes)


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that this process holds.

    Attributes:
        key: of its object.
        record: as it was written last.
        renewed_at: when that write was requested, by this machine's monotonic clock.
    """

    key: str
    record: LeaseRecord
    renewed_at: float

    def seconds_left(self, now: float) -> float:
        """How long the job may still run without another renewal; nothing or less: the lease has run out."""
        return self.renewed_at + self.record.renewal_seconds - now


def lease_number(stored: StoredObject | None) -> int:
    """Read the number of a lease from its key; 0 for everything else."""
    match = _KEY.fullmatch(stored.key) if stored else None
    return int(match["number"]) if match else 0
