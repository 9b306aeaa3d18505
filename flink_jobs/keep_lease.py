"""Keep the lease of a job that runs: what the job's own process does from the moment in which it has submitted it.

Started by `hand_over.go_on_as_keeper` alone.
"""

from __future__ import annotations

import sys
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway, JavaObject
from py4j.protocol import Py4JJavaError

from flink_jobs.contracts.clock import SystemClock
from flink_jobs.errors import LandingJobError
from flink_jobs.flink.restore_failure import restore_failure_of
from flink_jobs.hand_over import RunningJob, received
from flink_jobs.job_log import LOG, exit_with, log_beside_flink
from flink_jobs.lease.keeper import LeaseKeeper
from flink_jobs.lease.record import Renewals
from flink_jobs.lease.session_job import job_of
from flink_jobs.signed_objects import SignedObjects


def main(descriptor: int) -> None:
    """Renew the lease until Flink says how the job ended; then release it.

    Whatever else ends this process leaves the lease as it is: it runs out.
    """
    given = received(descriptor)
    renewals = Renewals(given.lease_prefix, SignedObjects(given.address, given.identity))
    lease_seconds = given.kept.lease.record.renewal_seconds
    job = job_of(given.job.jvm_pid, given.job.cluster, lease_seconds, given.job.job_id)
    keeper = LeaseKeeper(renewals, given.kept, job, SystemClock(), LOG.info)
    keeper.name_job(given.job.job_id)
    keeper.start()
    try:
        end_of(given.job).get()
    except Py4JJavaError as error:
        if job.is_over():
            keeper.release()
        if refusal := restore_failure_of(str(error), given.job.restored_from):
            raise refusal from error
        raise
    keeper.release()


def end_of(job: RunningJob) -> Any:
    """Find the Java object that tells the job's end. Nothing of it is collected before: that would ask Java, too."""
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=job.gateway_port))
    return JavaObject(job.end, gateway._gateway_client)  # noqa: SLF001 - no public way to an object of another client


if __name__ == "__main__":
    log_beside_flink()
    try:
        main(int(sys.argv[1]))
    except LandingJobError as refusal:
        exit_with(refusal)
