"""The lease of a stream: at most one job lands on a path, wherever the second one is started.

Numbered objects, `flink/<stream>/leases/00000001.json`. Each is created with `If-None-Match: *`, so one of several
starters wins. The highest number holds the stream; a job that sees a higher number than its own has lost it. The holder
rewrites its object to renew the lease. A starter that sees no renewal for the lease's time creates the next number. It
measures that time with its own clock alone, so the clocks of two machines are never compared.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flink_jobs.contracts.clock import Clock
from flink_jobs.errors import LeaseHeldError, LeaseLostError
from flink_jobs.lease.holder import Holder, Liveness
from flink_jobs.lease.record import HeldLease, LeaseRecord, lease_number
from flink_jobs.s3.objects import Objects, StoredObject
from flink_jobs.settings import LandingSettings

POLL_SECONDS = 1.0
REPORT_SECONDS = 5.0


class Leases:
    """Acquire, renew and release the lease of one stream.

    Args:
        settings: of the job.
        bucket: with the lease objects.
        clock: measures how long a lease has not been renewed.
        end_orphan: ends the job of that id, whose holder has died, and returns whether it is over; by default no job
            can be ended.
    """

    def __init__(
        self,
        settings: LandingSettings,
        bucket: Objects,
        clock: Clock,
        end_orphan: Callable[[str], bool] = lambda _job_id: False,
    ) -> None:
        self._settings = settings
        self._bucket = bucket
        self._clock = clock
        self._end_orphan = end_orphan

    def take(self, holder: Holder, report: Callable[[str], None], outlives_seconds: float | None = None) -> HeldLease:
        """Acquire the lease as soon as the stream is free.

        Args:
            holder: this process.
            report: gets a line now and then while it waits.
            outlives_seconds: see `LeaseRecord`.

        1. The highest lease is watched until it is released, its process has ended, or it has run out.
        2. The next number is created; a starter that loses this race begins again.
        3. Lower numbers, which no job needs any more, are removed.

        Raises:
            LeaseHeldError: a running job holds the stream.
        """
        while True:
            found = self._highest()
            if found:
                self._wait_until_free(found, report)
            lease = self._create(lease_number(found) + 1, holder, outlives_seconds)
            if lease and not self._is_superseded(lease):
                for stale in self._all():
                    if lease_number(stale) < lease.record.number:
                        self._bucket.delete(stale.key)
                return lease

    def renew(self, lease: HeldLease, job_id: str | None) -> HeldLease:
        """Renew the lease: it is valid for its whole time again, counted from this call.

        A lease that has run out is never renewed: between the listing and the write another job could acquire it.

        Raises:
            LeaseLostError: it has run out, or another job holds the stream.
        """
        now = self._clock.monotonic()
        if lease.seconds_left(now) <= 0:
            raise expired(lease)
        if self._is_superseded(lease):
            raise LeaseLostError(
                f"another job has taken the stream from {lease.key}, this job ended: stop the other one before "
                "`hourglass job start`"
            )
        record = lease.record.after(job_id=job_id)
        self._bucket.put(lease.key, record.to_json())
        return HeldLease(lease.key, record, now)

    def release(self, lease: HeldLease) -> None:
        """Release the lease: the next job acquires it at once."""
        self._bucket.put(lease.key, lease.record.after(released=True).to_json())

    def read(self) -> LeaseRecord | None:
        """Read the highest lease, which holds the stream unless it is released; None without any lease."""
        found = self._highest()
        return self._read(found.key)[1] if found else None

    def _is_superseded(self, lease: HeldLease) -> bool:
        """Return whether there is a higher number. The own number may be absent: a listing can lag behind a write."""
        return lease_number(self._highest()) > lease.record.number

    def _highest(self) -> StoredObject | None:
        return next(reversed(self._all()), None)

    def _all(self) -> list[StoredObject]:
        return sorted(filter(lease_number, self._bucket.objects(self._settings.lease_prefix)), key=lease_number)

    def _wait_until_free(self, found: StoredObject, report: Callable[[str], None]) -> None:
        """Watch a lease until it is free, or removed because another job acquired the next number."""
        first = self._read(found.key)
        valid_seconds = first[1].lease_seconds if first[1] else self._settings.lease_seconds
        started = reported = self._clock.monotonic()
        while (now := self._clock.monotonic()) - started <= valid_seconds:
            seen = self._read(found.key)
            body, record = seen
            if body is None or (record and (record.released or self._is_over(record))):
                return
            if record and (seen != first or record.holder.life() is Liveness.RUNS):
                raise _held(record, found.key)
            if now - reported >= REPORT_SECONDS:
                reported = now
                report(f"{_who(record)} has not renewed its lease for {now - started:.0f} of {valid_seconds:.0f} s")
            self._clock.sleep(POLL_SECONDS)

    def _is_over(self, record: LeaseRecord) -> bool:
        """Return whether the job has certainly ended: together with its process, or ended by us."""
        if record.holder.life() is not Liveness.ENDED:
            return False
        return record.outlives_seconds is None or (record.job_id is not None and self._end_orphan(record.job_id))

    def _create(self, number: int, holder: Holder, outlives_seconds: float | None) -> HeldLease | None:
        key = f"{self._settings.lease_prefix}{number:08d}.json"
        record = LeaseRecord(
            number=number,
            token=secrets.token_hex(8),
            holder=holder,
            job=self._settings.job_name,
            lease_seconds=self._settings.lease_seconds + (outlives_seconds or 0),
            outlives_seconds=outlives_seconds,
        )
        now = self._clock.monotonic()
        if not self._bucket.create(key, record.to_json()):
            written = self._read(key)[1]  # a repeated creation finds the object of the first attempt
            if written is None or written.token != record.token:
                return None
        return HeldLease(key, record, now)

    def _read(self, key: str) -> tuple[bytes | None, LeaseRecord | None]:
        """Read an object as bytes and as a lease. An unreadable object counts as a held lease until it has run out."""
        body = self._bucket.read(key)
        try:
            return body, LeaseRecord.from_json(body) if body else None
        except ValueError:
            return body, None


def expired(lease: HeldLease) -> LeaseLostError:
    """Describe a lease that was not renewed in time, and the repair."""
    return LeaseLostError(
        f"the lease {lease.key} was not renewed for {lease.record.renewal_seconds:.0f} s (the bucket was away, or this "
        "machine stood still), the job ended: `hourglass job start` continues from its newest checkpoint"
    )


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
