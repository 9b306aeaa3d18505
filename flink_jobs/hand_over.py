"""From the process that has built the job to the one that keeps its lease: the same process, with little in memory.

Building needs PyFlink, the settings and AWS's client; keeping a lease for months needs none of them. So the process
replaces its program and stays who it is: the lease names its pid and its start time, and Flink waits for its end. What
the next program must know goes through a pipe, for there are secrets in it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from flink_jobs.contracts.s3_credentials import Identity
from flink_jobs.lease.keeper import Kept
from flink_jobs.lease.record import Lease, LeaseRecord
from flink_jobs.signed_objects import BucketAddress

PIPE_BYTES_MAX = 1 << 16
"""What a pipe of Linux takes while nobody reads."""


@dataclass(frozen=True, slots=True)
class RunningJob:
    """The job that was submitted, as the Java process knows it.

    Attributes:
        job_id: of Flink.
        jvm_pid: pid of the Java process.
        gateway_port: where it answers to Py4J.
        end: the object there that tells the job's end.
        restored_from: where the job continued, or nothing.
        cluster: address of the session cluster that runs it; None where the Java process does.
    """

    job_id: str
    jvm_pid: int
    gateway_port: int
    end: str
    restored_from: str | None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """All that the keeper of the lease needs to know."""

    lease_prefix: str
    kept: Kept
    address: BucketAddress
    identity: Identity
    job: RunningJob

    def to_json(self) -> str:
        """Write it, secrets included; `from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> HandOver:
        """Read it."""
        said: dict[str, Any] = json.loads(text)
        kept, lease = said["kept"], said["kept"]["lease"]
        record = LeaseRecord.from_json(json.dumps(lease["record"]).encode())
        return cls(
            said["lease_prefix"],
            Kept(Lease(lease["key"], record), kept["renewed_at"], kept["paused"]),
            BucketAddress(**said["address"]),
            Identity(**said["identity"]),
            RunningJob(**said["job"]),
        )


def go_on_as_keeper(given: HandOver) -> NoReturn:
    """Replace the program of this process by `keep_lease`; what is in memory is gone, threads included."""
    text = given.to_json().encode()
    if len(text) > PIPE_BYTES_MAX:
        raise ValueError(f"{len(text)} bytes are too many to hand over")
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    os.set_inheritable(reading, True)
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: the working directory is no place for modules.
    program = [sys.executable, "-u", "-P", "-m", "flink_jobs.keep_lease", str(reading)]
    os.execv(sys.executable, program)  # noqa: S606 - there is no shell in it


def received(descriptor: int) -> HandOver:
    """Read what was handed over."""
    with os.fdopen(descriptor) as pipe:
        return HandOver.from_json(pipe.read())
