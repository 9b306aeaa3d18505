"""The landing job: Kafka records in, hourly JSONL objects and a ledger out, each record exactly once.

Flink runs this file once to build the job; no record passes through Python. The records pass through one chain
of one task per subtask: source, landing operator, three sinks. `flink_jobs.deploy` starts it on one machine;
on a cluster Flink's Kubernetes operator does, with the same environment variables.
"""

from __future__ import annotations

import json
import os
from typing import Any

os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - Flink's own name; read when pyflink is imported

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from flink_jobs.kafka_properties import consumer_properties
from flink_jobs.layout import Kind
from flink_jobs.settings import Codec, LandingSettings, StartingOffsets


def main() -> None:
    """Build the job from the environment's settings and run it until it is stopped."""
    settings = LandingSettings()
    environment = StreamExecutionEnvironment.get_execution_environment()
    build(environment._j_stream_execution_environment, get_gateway().jvm, settings)  # noqa: SLF001 - no public way
    environment.execute(settings.job_name)


def build(java: Any, jvm: Any, settings: LandingSettings) -> None:
    """Lay the job: source, operator, sinks.

    The order of the last three lines is a promise: commits run in the order in which sinks are made, so the
    ledger never promises an object that is not yet visible. It holds only inside one chain, hence one parallelism
    for everything and object reuse; the types between the operators refuse to be copied or sent.
    """
    java.setParallelism(settings.parallelism)
    java.getConfig().enableObjectReuse()
    java.enableCheckpointing(settings.checkpoint_seconds * 1000)

    records = read_topics(java, jvm, settings)
    accepted = land(records, jvm, settings)
    rejected = accepted.getSideOutput(jvm.io.hourglass.landing.LandingOperator.REJECTED)
    ledger = accepted.getSideOutput(jvm.io.hourglass.landing.LandingOperator.LEDGER)

    write_lines(accepted, jvm, settings, Kind.LANDING, settings.codec)
    write_lines(rejected, jvm, settings, Kind.REJECTED, settings.codec)
    write_lines(ledger, jvm, settings, Kind.LEDGER, Codec.PLAIN)


def read_topics(java: Any, jvm: Any, settings: LandingSettings) -> Any:
    """Read the topics as the consumer's own records; offsets are kept in checkpoints and told to the group."""
    offsets = jvm.org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer
    earliest = jvm.org.apache.kafka.clients.consumer.OffsetResetStrategy.EARLIEST
    from_group = settings.starting_offsets is StartingOffsets.GROUP
    builder = (
        jvm.org.apache.flink.connector.kafka.source.KafkaSource.builder()
        .setBootstrapServers(settings.kafka_bootstrap_servers)
        .setGroupId(settings.job_name)
        .setTopics(settings.topics)
        .setStartingOffsets(offsets.committedOffsets(earliest) if from_group else offsets.earliest())
        .setDeserializer(jvm.io.hourglass.landing.RecordHandOver())
    )
    for name, value in consumer_properties(settings).items():
        builder = builder.setProperty(name, value)
    no_watermarks = jvm.org.apache.flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
    return java.fromSource(builder.build(), no_watermarks, "read kafka").uid("read-kafka")


def land(records: Any, jvm: Any, settings: LandingSettings) -> Any:
    """Turn records into accepted lines; rejected lines and ledger entries come as side outputs."""
    operator = jvm.io.hourglass.landing.LandingOperator(settings.job_name, json.dumps(settings.contract()))
    lines = jvm.io.hourglass.landing.LandingOperator.LINES
    return records.transform("land", lines, operator).uid("land")


def write_lines(lines: Any, jvm: Any, settings: LandingSettings, kind: Kind, codec: Codec) -> None:
    """Write lines to the directories of their hours; an object becomes visible with the checkpoint that ends it."""
    landing = jvm.io.hourglass.landing
    filesystem = jvm.org.apache.flink.streaming.api.functions.sink.filesystem
    path = jvm.org.apache.flink.core.fs.Path(settings.landing_url(kind))
    java_codec = landing.Codec.valueOf(codec.name)
    builder = jvm.org.apache.flink.connector.file.sink.FileSink.forBulkFormat(
        path, getattr(landing, "LineWriter$Factory")(java_codec, settings.codec_level)
    )
    sink = (
        builder.withBucketAssigner(getattr(landing, "EpochNames$Hours")())
        .withRollingPolicy(filesystem.rollingpolicies.OnCheckpointRollingPolicy.build())
        .withOutputFileConfig(getattr(landing, "EpochNames$Parts")(java_codec.suffix()))
        .build()
    )
    lines.sinkTo(sink).name(f"write {kind}").uid(f"write-{kind}")


if __name__ == "__main__":
    main()
