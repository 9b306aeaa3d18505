"""The landing job: Kafka records in, hourly JSONL objects and a ledger out, each record exactly once.

This is the driver, the Python process that Flink starts to submit the job. It holds the stream's lease, chooses where
the job continues, builds and submits it, and renews the lease until the job ends. No record passes through Python: the
records pass through one chain of one task per subtask, from the source through the landing operator to three sinks.

`flink_jobs.deploy` starts it on one machine, or as the client of a session cluster; `flink run` and an application
cluster start it with the same environment variables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - Flink's own name; read when pyflink is imported

from py4j.protocol import Py4JJavaError
from pydantic import SecretStr
from pyflink.common import JobClient
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from flink_jobs.audit.broker import BrokerReader, KafkaReader
from flink_jobs.contracts.clock import SystemClock
from flink_jobs.contracts.layout import Kind
from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition
from flink_jobs.errors import LandingJobError, SetupError, TopicUnchangedError
from flink_jobs.flink.config import checkpoint_properties
from flink_jobs.flink.failures import failure_of, lasting_failure_of
from flink_jobs.flink.kafka_properties import consumer_properties
from flink_jobs.job_log import LOG, exit_with, log_beside_flink, stopped, submitted
from flink_jobs.lease.acquire import Leases
from flink_jobs.lease.holder import Holder
from flink_jobs.lease.keeper import LeaseKeeper, LocalJob
from flink_jobs.lease.session_job import SessionClusterJob, job_of
from flink_jobs.restore.after_ledger import LedgerRecovery
from flink_jobs.restore.choose import choose_point
from flink_jobs.restore.orphaned_uploads import abort_orphaned_uploads
from flink_jobs.restore.points import find_points, has_checkpoint_of, remove_points, sound
from flink_jobs.restore.topics import Topics, require_landed_topics
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import Objects
from flink_jobs.settings import Codec, FlinkTarget, LandingSettings, StartingOffsets

Offsets = Mapping[TopicPartition, int]
"""The offset to read next, by source partition."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a job without a restore point begins, and the identities of the topics for which that holds."""

    offsets: Offsets
    identities: Mapping[str, TopicIdentity]


RESTORE_PATH = "execution.state-recovery.path"
JOB_ID = "$internal.pipeline.job-id"
HIGH_AVAILABILITY = "high-availability.type"
TARGET = "execution.target"
TARGETS_OF_THIS_PROCESS = {"local", "embedded"}
"""Flink's names for a cluster within the process: `flink run -t local`, and an application cluster's JobManager."""
REST_PORT = "8081"


def main() -> None:
    """Hold the stream, choose where to continue, submit the job, wait until it ends.

    The order is a promise: nothing of the stream is read or cleaned up without its lease, and the lease is released
    only when the job is over.
    """
    environment = StreamExecutionEnvironment.get_execution_environment()
    java, jvm = environment._j_stream_execution_environment, get_gateway().jvm  # noqa: SLF001 - no public way
    settings = with_choices_of_flink(LandingSettings(), java, jvm)
    bucket = Bucket.of(settings)
    jvm_pid = jvm.java.lang.ProcessHandle.current().pid()
    job = job_of(jvm_pid, session_cluster(settings, java), settings.lease_seconds)
    with stream_held(settings, bucket, job, Holder.of_process(jvm_pid)) as keeper:
        broker = KafkaReader(settings.librdkafka())
        topics = Topics.of(settings, broker)
        settings, offsets = continued(settings, bucket, broker, topics, job_to_resume(java, settings, bucket))
        client = submit(environment, settings, Beginning(offsets, topics.identities), job)
        submitted(str(client.get_job_id()))
        keeper.name_job(str(client.get_job_id()))
        wait_until_it_ends(client, settings)


def session_cluster(settings: LandingSettings, java: Any) -> str | None:
    """Return the address of the session cluster that is to run the job; None when this Java process runs it."""
    configuration = java.getConfiguration().toMap()
    if configuration.get(TARGET) in TARGETS_OF_THIS_PROCESS:
        return None
    host = configuration.get("rest.address")
    return f"http://{host}:{configuration.get('rest.port') or REST_PORT}" if host else settings.flink_rest


def job_to_resume(java: Any, settings: LandingSettings, bucket: Objects) -> str | None:
    """Return the id of the job that this JobManager resumes from a checkpoint of its own; None for a new one.

    With high availability Flink restores that checkpoint, whatever path it is given. So the settings of how the job
    began have had their time: the savepoint of the last upgrade, which a JobManager that is started again still names,
    and the mark of Flink's Kubernetes operator, which names none.
    """
    configuration = java.getConfiguration().toMap()
    job_id = configuration.get(JOB_ID)
    if not job_id or (configuration.get(HIGH_AVAILABILITY) or "none").lower() == "none":
        return None
    return job_id if has_checkpoint_of(settings, bucket, job_id) else None


@contextmanager
def stream_held(
    settings: LandingSettings, bucket: Objects, job: LocalJob | SessionClusterJob, holder: Holder
) -> Iterator[LeaseKeeper]:
    """Hold the stream's lease, and release it when the job is over.

    The Java process is the holder, because it lands, or submits what lands: where it is dead, the next start need not
    wait for this one to notice, and where this one is stopped alone, the next start does not count it as dead.
    A job that may still run keeps the lease, as after any error that was not foreseen: then it runs out by itself.
    """
    clock = SystemClock()
    leases = Leases(settings, bucket, clock)
    outlives_seconds = job.outlives_seconds() if isinstance(job, SessionClusterJob) else None
    keeper = LeaseKeeper(leases, leases.take(holder, LOG.info, outlives_seconds), job, clock)
    keeper.start()
    try:
        yield keeper
    except (LandingJobError, Py4JJavaError):
        if job.is_over():
            release(keeper)
        raise
    release(keeper)


def release(keeper: LeaseKeeper) -> None:
    """Release the lease; a bucket that refuses must not hide why the job has ended."""
    try:
        keeper.release()
    except LandingJobError as error:
        LOG.warning("the lease is not released, so the next start waits until it expires: %s", error)


def submit(
    environment: StreamExecutionEnvironment,
    settings: LandingSettings,
    beginning: Beginning,
    job: LocalJob | SessionClusterJob,
) -> JobClient:
    """Configure, build and submit the job."""
    java, jvm = environment._j_stream_execution_environment, get_gateway().jvm  # noqa: SLF001 - as in `main`
    configure(java, jvm, settings, on_cluster=isinstance(job, SessionClusterJob))
    build(java, jvm, settings, beginning)
    job.submitting()
    try:
        return environment.execute_async(settings.job_name)
    except Py4JJavaError as error:
        if refusal := lasting_failure_of(str(error), settings.restored_from):
            raise refusal from error
        raise


def wait_until_it_ends(client: JobClient, settings: LandingSettings) -> None:
    """Wait until the job has ended with a savepoint.

    Raises:
        LandingJobError: it was cancelled, or failed for good; instead of Flink's stack trace, which its log has.
    """
    try:
        client.get_job_execution_result().result()
    except Py4JJavaError as error:
        raise failure_of(str(error), settings.restored_from) from error


def continued(
    settings: LandingSettings, bucket: Objects, broker: BrokerReader, topics: Topics, resumed_job: str | None = None
) -> tuple[LandingSettings, Offsets]:
    """Choose where to continue, then abort the uploads that are not needed there.

    Args:
        settings: of the job.
        bucket: of the stream.
        broker: answers which offsets the topics have.
        topics: as the broker has them now.
        resumed_job: see `job_to_resume`.

    Returns:
        The settings with the restore point, or without one the offsets to begin at; empty where the starting offsets
        of the settings decide.
    """
    if settings.flink_target is FlinkTarget.MANAGED:
        settings = without_snapshot(settings)
    begins = settings.restored_from is None and resumed_job is None
    starting = settings.starting_offsets if begins else StartingOffsets.EARLIEST
    offsets: Offsets | None = {}
    restorable: list[bytes] = []
    if starting is StartingOffsets.NEW_TOPIC:
        offsets = offsets_of_new_topic(settings, bucket, broker, topics)
        starting = StartingOffsets.EARLIEST if offsets is None else starting
    if starting is StartingOffsets.LEDGER:
        offsets = LedgerRecovery(settings, bucket, broker, LOG.info).next_offsets(topics)
    elif starting is StartingOffsets.GROUP:
        require_landed_topics(settings, bucket, topics)
        restorable = [point.state for point in sound(find_points(settings, bucket))]
    elif starting is StartingOffsets.EARLIEST and (
        point := choose_point(settings, bucket, topics, settings.restored_from, resumed_job)
    ):
        settings = settings.model_copy(update={"restored_from": settings.url(point.key)})
        restorable = [point.state]
    abort_orphaned_uploads(settings, bucket, restorable, LOG.info)
    return settings, offsets or {}


def without_snapshot(settings: LandingSettings) -> LandingSettings:
    """Begin after the ledger's last entries: nobody can read the managed service's checkpoints and compare them.

    Raises:
        SetupError: the application was started from a snapshot.
    """
    if settings.restored_from is not None:
        raise SetupError(
            f"the application starts from {settings.restored_from}, which cannot be compared with the ledger: start it "
            "with SKIP_RESTORE_FROM_SNAPSHOT, and it continues after the ledger's last entries"
        )
    return settings.model_copy(update={"starting_offsets": StartingOffsets.LEDGER})


def offsets_of_new_topic(
    settings: LandingSettings, bucket: Objects, broker: BrokerReader, topics: Topics
) -> Offsets | None:
    """Accept topics that were created again; return the offsets at which the others continue.

    The restore points of the stream are removed: they hold offsets of the former topics, and more of them than those of
    the new job will for a long time. None where no topic has changed.
    """
    try:
        offsets = LedgerRecovery(settings, bucket, broker, LOG.info).next_offsets(topics, new_topic=True)
    except TopicUnchangedError:
        LOG.info("no topic has changed: the job continues from its restore point; unset HOURGLASS_STARTING_OFFSETS")
        return None
    LOG.info("removed %d objects of the former restore points", remove_points(settings, bucket))
    return offsets


def configure(java: Any, jvm: Any, settings: LandingSettings, *, on_cluster: bool) -> None:
    """Set what belongs to the job and not to the Flink that runs it: its checkpoints, and where it continues.

    The managed service sets all of it by itself. A session cluster cancels the job when this process is silent: its
    lease would run out.
    """
    values = {} if settings.flink_target is FlinkTarget.MANAGED else checkpoint_properties(settings)
    if settings.restored_from:
        values[RESTORE_PATH] = settings.restored_from
    if on_cluster:
        values |= {
            "execution.attached": "true",
            "execution.shutdown-on-attached-exit": "true",
            "client.heartbeat.timeout": f"{round(settings.lease_seconds * 1000)} ms",
        }
    properties = jvm.java.util.HashMap()
    for name, value in values.items():
        properties.put(name, str(value))
    java.configure(jvm.org.apache.flink.configuration.Configuration.fromMap(properties))


def with_choices_of_flink(settings: LandingSettings, java: Any, jvm: Any) -> LandingSettings:
    """Add a restore point that was given to Flink, and the bucket's keys, which this environment does not carry."""
    if settings.restored_from is None:
        settings = settings.model_copy(update={"restored_from": java.getConfiguration().toMap().get(RESTORE_PATH)})
    configuration = jvm.org.apache.flink.configuration.GlobalConfiguration.loadConfiguration().toMap()
    key, secret, token = (configuration.get(f"s3.{name}") for name in ("access-key", "secret-key", "session.token"))
    if not (key and secret):
        return settings
    keys = {"s3_access_key_id": key, "s3_secret_access_key": SecretStr(secret)}
    return settings.model_copy(update=keys | ({"s3_session_token": SecretStr(token)} if token else {}))


def build(java: Any, jvm: Any, settings: LandingSettings, beginning: Beginning) -> None:
    """Lay the job: source, operator, sinks.

    The order of the last three lines is a promise: commits run in the order in which sinks are made, so the
    ledger never promises an object that is not yet visible. It holds only inside one chain, hence one parallelism
    for everything and object reuse; the types between the operators refuse to be copied or sent.
    """
    java.setParallelism(settings.parallelism)
    java.getConfig().enableObjectReuse()
    java.enableCheckpointing(settings.checkpoint_seconds * 1000)

    booked = jvm.io.hourglass.landing.ledger.BookedOffsets()
    for (topic, partition), offset in beginning.offsets.items():
        booked.put(topic, partition, offset)
    properties = jvm.java.util.Properties()
    for name, value in consumer_properties(settings).items():
        properties.setProperty(name, value)
    expected = expect(jvm, properties, beginning.identities)

    start = booked
    if settings.starting_offsets is StartingOffsets.GROUP:
        initializers = jvm.org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer
        start = initializers.committedOffsets(jvm.org.apache.kafka.clients.consumer.OffsetResetStrategy.EARLIEST)

    source = jvm.io.hourglass.landing.kafka.TopicSource(settings.topics, properties, start, expected)
    records = read_topics(java, jvm, source)
    accepted = land(records, jvm, settings, booked, expected)
    rejected = accepted.getSideOutput(jvm.io.hourglass.landing.LandingOperator.REJECTED)
    ledger = accepted.getSideOutput(jvm.io.hourglass.landing.LandingOperator.LEDGER)

    write_lines(accepted, jvm, settings, Kind.LANDING, settings.codec)
    write_lines(rejected, jvm, settings, Kind.REJECTED, settings.codec)
    write_lines(ledger, jvm, settings, Kind.LEDGER, Codec.PLAIN)


def expect(jvm: Any, properties: Any, identities: Mapping[str, TopicIdentity]) -> Any:
    """Give the job the ids of its topics: it asks the broker for them before it commits what it has read."""
    kafka = jvm.io.hourglass.landing.kafka
    cluster = next((identity.cluster_id for identity in identities.values()), None)
    expected = kafka.ExpectedTopics(cluster, kafka.AdminLookup(properties))
    for topic, identity in identities.items():
        expected.expect(topic, identity.topic_id)
    return expected


def read_topics(java: Any, jvm: Any, source: Any) -> Any:
    """Read the topics, each poll as one run of records; checkpoints hold the offsets and commit them to the group."""
    no_watermarks = jvm.org.apache.flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
    return java.fromSource(source, no_watermarks, "read kafka").uid("read-kafka")


def land(records: Any, jvm: Any, settings: LandingSettings, booked: Any, expected: Any) -> Any:
    """Turn records into accepted lines; rejected lines and ledger entries come as side outputs."""
    contract = json.dumps(settings.contract())
    operator = jvm.io.hourglass.landing.LandingOperator(settings.job_name, contract, booked, expected)
    lines = jvm.io.hourglass.landing.LandingOperator.LINES
    return records.transform("land", lines, operator).uid("land")


def write_lines(lines: Any, jvm: Any, settings: LandingSettings, kind: Kind, codec: Codec) -> None:
    """Write lines to the directories of their hours; an object becomes visible with the checkpoint that ends it."""
    sink_classes = jvm.io.hourglass.landing.sink
    filesystem = jvm.org.apache.flink.streaming.api.functions.sink.filesystem
    path = jvm.org.apache.flink.core.fs.Path(settings.landing_url(kind))
    java_codec = sink_classes.Codec.valueOf(codec.name)
    builder = jvm.org.apache.flink.connector.file.sink.FileSink.forBulkFormat(
        path, getattr(sink_classes, "LineWriter$Factory")(java_codec, settings.codec_level)
    )
    sink = (
        builder.withBucketAssigner(getattr(sink_classes, "EpochNames$Hours")())
        .withRollingPolicy(filesystem.rollingpolicies.OnCheckpointRollingPolicy.build())
        .withOutputFileConfig(getattr(sink_classes, "EpochNames$Parts")(java_codec.suffix()))
        .build()
    )
    lines.sinkTo(sink).name(f"write {kind}").uid(f"write-{kind}")


def run() -> None:
    """Run the driver; what it refuses is logged, and ends this process with exit code 2."""
    log_beside_flink()
    try:
        main()
    except LandingJobError as error:
        exit_with(error)
    stopped()


if __name__ == "__main__":
    run()
