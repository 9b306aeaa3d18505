"""Make the archive of classes that every start of the landing job on this machine is quicker by.

Run as `python -m infra.local.class_archive`, after `infra.local.runtime`. Java writes it at the end of a process that
has loaded the classes, so a job lands a few records between servers of its own, in a folder that goes again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Producer

from flink_jobs import deploy
from flink_jobs.class_archive import archive_of
from flink_jobs.deploy.clients import Clients
from flink_jobs.deploy.waiting import wait_for_checkpoint
from flink_jobs.errors import LandingJobError
from flink_jobs.settings import LandingSettings
from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, StackError, variables, wait_until_healthy
from infra.local.servers import broker, object_store
from infra.local.settings import LOOPBACK, LocalSettings

JAVA_OPTIONS = "JDK_JAVA_OPTIONS"
EVENT = (
    b'{"event_id":"e","event_type":"RUN_START","schema_version":1,"occurred_at":"2025-08-01T03:30:00Z",'
    b'"organization":"o","deployment":"d","payload":{}}'
)
RECORDS = (EVENT, b"no json")
ANSWER_SECONDS_MAX = 60


def make(runtime_dir: Path) -> Path:
    """Make the archive of `<runtime_dir>/flink` anew.

    1. The former one goes: Java cannot use an archive and make one.
    2. Servers are started, and a job that is told to leave an archive.
    3. It lands records, completes a checkpoint, and stops with a savepoint.

    Raises:
        LandingJobError: the job did not start or stop.
        StackError: a server did not start, or the job has left no archive.
    """
    home = runtime_dir / "flink"
    archive = archive_of(home)
    archive.unlink(missing_ok=True)
    unfinished = archive.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    to_archive = f"-XX:ArchiveClassesAtExit={unfinished}"
    with TemporaryDirectory() as folder, _servers(runtime_dir, Path(folder)) as local:
        landing = _landing(local, home)
        with variables({JAVA_OPTIONS: " ".join(filter(None, (os.environ.get(JAVA_OPTIONS), to_archive)))}):
            job = deploy.start(landing)
        _produce(landing)
        wait_for_checkpoint(landing, Clients.of(landing), job.job_id, lambda _line: None)
        deploy.stop(landing)
    if not unfinished.exists():
        raise StackError(f"the job ended without an archive of its classes; see {JAVA_OPTIONS}")
    return unfinished.rename(archive)


@contextmanager
def _servers(runtime_dir: Path, folder: Path) -> Iterator[LocalSettings]:
    names = ("kafka_port", "kafka_controller_port", "s3_port", "flink_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    local = LocalSettings(data_dir=folder, runtime_dir=runtime_dir, **ports)  # type: ignore[arg-type]  # names above
    table = ProcessTable(folder)
    broker.prepare(local)
    object_store.prepare(local)
    programs = [broker.program(local), object_store.program(local)]
    with ExitStack() as stops:
        for program in programs:
            stops.callback(table.stop, program.name)
        for program, running in [(program, table.start(program)) for program in programs]:
            wait_until_healthy(program, running)
        object_store.create_bucket(local)
        broker.create_topic(local)
        yield local


def _landing(local: LocalSettings, home: Path) -> LandingSettings:
    return LandingSettings(
        stream=local.stream,
        topic=local.topic,
        kafka_bootstrap_servers=f"{LOOPBACK}:{local.kafka_port}",
        bucket=local.bucket,
        s3_endpoint=f"http://{LOOPBACK}:{local.s3_port}",
        s3_region=local.s3_region,
        s3_access_key_id=local.s3_access_key_id,
        s3_secret_access_key=local.s3_secret_access_key,
        flink_home=home,
        flink_rest=f"http://{LOOPBACK}:{local.flink_port}",
        data_dir=local.data_dir,
        checkpoint_seconds=1,
    )


def _produce(landing: LandingSettings) -> None:
    producer = Producer({"bootstrap.servers": landing.kafka_bootstrap_servers, "log_level": 3})
    for record in RECORDS:
        producer.produce(landing.topic, record)
    if producer.flush(ANSWER_SECONDS_MAX):
        raise StackError("the broker did not take the records from which the job shall learn")


if __name__ == "__main__":
    try:
        make(LocalSettings().runtime_dir)
    except (LandingJobError, StackError) as error:
        sys.stderr.write(f"no archive of the job's classes: its starts take a little longer. {error}\n")
