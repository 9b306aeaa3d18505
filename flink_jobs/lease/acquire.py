"""The lease of a stream: at most one job lands on a path, wherever the second one is started.

Numbered objects, `flink/<stream>/leases/00000001.json`. Each is created with `If-None-Match: *`, so one of several
starters wins; the highest number holds the stream, and a job that sees a higher number than its own has lost it. The
holder writes its own object again and again; who finds an object that nobody renews for as long as it stands takes
the next number. Only the watcher's own clock measures, no two clocks are compared.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol

from flink_jobs.contracts.clock import Clock
from flink_jobs.errors import LeaseHeldError
from flink_jobs.lease.holder import Holder, Liveness
from flink_jobs.lease.record import Lease, LeaseRecord, RenewableObjects, Renewals, lease_number
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import LandingSettings

POLL_SECONDS = 1.0
REPORT_SECONDS = 5.0


class LeaseObjects(RenewableObjects, Protocol):
    """See `Bucket`."""

    def create(self, key: str, body: bytes) -> bool:
        """Write an object that must not exist yet."""
        ...

    def read(self, key: str) -> bytes | None:
        """Read an object."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object."""
        ...


class Leases(Renewals):
    """Take, renew and release the lease of one stream.

    Args:
        settings: of the job.
        bucket: where the objects lie.
        clock: measures how long a lease stays as it is.
        end_orphan: ends the job of that id, whose holder is dead, and says whether it is over; by default nobody can.
    """

    def __init__(
        self,
        settings: LandingSettings,
        bucket: LeaseObjects,
        clock: Clock,
        end_orphan: Callable[[str], bool] = lambda _job_id: False,
    ) -> None:
        super().__init__(settings.lease_prefix, bucket)
        self._settings = settings
        self._bucket = bucket
        self._clock = clock
        self._end_orphan = end_orphan

    def take(self, holder: Holder, report: Callable[[str], None], outlives_seconds: float | None = None) -> Lease:
        """Take the stream, as soon as nobody holds it.

        Args:
            holder: this process.
            report: gets a line now and then while it waits.
            outlives_seconds: for how long the job may go on when its holder does not; None: not a moment.

        1. The highest lease is watched until it is released, its process has ended, or it stood its time unrenewed.
        2. The next number is created; whoever loses that race looks again.
        3. Lower numbers are removed: they say nothing any more.

        Raises:
            LeaseHeldError: a living job holds the stream.
        """
        while True:
            found = self.highest()
            if found:
                self._wait_until_free(found, report)
            lease = self._create(lease_number(found) + 1, holder, outlives_seconds)
            if lease and not self.is_passed(lease):
                for stale in self.all():
                    if lease_number(stale) < lease.record.number:
                        self._bucket.delete(stale.key)
                return lease

    def read(self) -> LeaseRecord | None:
        """Read the highest lease, which holds the stream unless it is released; None where there never was one."""
        found = self.highest()
        return self._read(found.key)[1] if found else None

    def _wait_until_free(self, found: StoredObject, report: Callable[[str], None]) -> None:
        """Watch a lease until it is free, or gone because somebody took the next number."""
        first = self._read(found.key)
        stands_seconds = first[1].lease_seconds if first[1] else self._settings.lease_seconds
        started = reported = self._clock.monotonic()
        while (now := self._clock.monotonic()) - started <= stands_seconds:
            seen = self._read(found.key)
            body, record = seen
            if body is None or (record and (record.released or self._is_over(record))):
                return
            if record and (seen != first or record.holder.life() is Liveness.RUNS):
                raise _held(record, found.key)
            if now - reported >= REPORT_SECONDS:
                reported = now
                report(f"{_who(record)} is silent for {now - started:.0f} of {stands_seconds:.0f} s")
            self._clock.sleep(POLL_SECONDS)

    def _is_over(self, record: LeaseRecord) -> bool:
        """Say whether a job is known to have ended, together with its holder or by us."""
        if record.holder.life() is not Liveness.ENDED:
            return False
        return record.outlives_seconds is None or (record.job_id is not None and self._end_orphan(record.job_id))

    def _create(self, number: int, holder: Holder, outlives_seconds: float | None) -> Lease | None:
        key = f"{self._settings.lease_prefix}{number:08d}.json"
        record = LeaseRecord(
            number=number,
            token=secrets.token_hex(8),
            holder=holder,
            job=self._settings.job_name,
            lease_seconds=self._settings.lease_seconds + (outlives_seconds or 0),
            outlives_seconds=outlives_seconds,
        )
        if not self._bucket.create(key, record.to_json()):
            written = self._read(key)[1]  # a creation whose answer was lost finds its own object when it is repeated
            if written is None or written.token != record.token:
                return None
        return Lease(key, record)

    def _read(self, key: str) -> tuple[bytes | None, LeaseRecord | None]:
        """Read an object as it is, and as a lease if it is one; what is no lease only stands its time."""
        body = self._bucket.read(key)
        try:
            return body, LeaseRecord.from_json(body) if body else None
        except ValueError:
            return body, None


def _held(record: LeaseRecord, key: str) -> LeaseHeldError:
    return LeaseHeldError(
        f"{_who(record)} holds the stream (lease {key}): two jobs would land every record twice. "
        "Stop that one, or give this one another stream in HOURGLASS_STREAM"
    )


def _who(record: LeaseRecord | None) -> str:
    if record is None:
        return "a lease that cannot be read"
    job = f"{record.job} ({record.job_id})" if record.job_id else record.job
    return f"{job}, pid {record.holder.pid} on {record.holder.host},"
