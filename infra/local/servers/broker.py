"""The broker of the local stack: Apache Kafka in KRaft mode, one node."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient

from infra.local.processes import Program, StackError, log_tail, port_answers
from infra.local.settings import LOOPBACK, LocalSettings
from infra.provisioning import TopicPlan
from infra.provisioning import create_topic as create

CLUSTER_ID = "hourglass0000000000000"


def program(settings: LocalSettings) -> Program:
    """Return the program of the broker; call `prepare` before it starts."""
    return Program(
        name="kafka",
        command=[*_java(settings), "kafka.Kafka", str(_config(settings))],
        healthy=lambda: port_answers(settings.kafka_port),
        port=settings.kafka_port,
    )


def prepare(settings: LocalSettings) -> None:
    """Write the configuration, and format the storage if it is new."""
    data = settings.data_dir / "kafka"
    data.mkdir(parents=True, exist_ok=True)
    _config(settings).write_text(_properties(settings))
    if (data / "data" / "meta.properties").exists():
        return
    log = settings.log_dir / "kafka-format.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [*_java(settings), "kafka.tools.StorageTool", "format", "--standalone"]
    with log.open("wb") as output:
        done = subprocess.run(
            [*command, "-t", CLUSTER_ID, "-c", str(_config(settings))], stdout=output, stderr=output, check=False
        )
    if done.returncode:
        raise StackError(f"the broker's storage cannot be formatted.\n{log_tail(log)}")


def create_topic(settings: LocalSettings, config: Mapping[str, str] | None = None) -> None:
    """Create the topic of the stream if it is absent, with further topic settings from `config`.

    Record time is CreateTime by default, because the demo replays past hours.
    """
    admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{settings.kafka_port}"})
    topic_config = {"message.timestamp.type": "CreateTime", "retention.ms": "-1", **(config or {})}
    create(admin, settings.topic, TopicPlan(settings.topic_partitions, config=topic_config))


def _java(settings: LocalSettings) -> list[str]:
    return [
        "java",
        "-Xms256m",
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        str(settings.runtime_dir / "broker" / "*"),
    ]


def _config(settings: LocalSettings) -> Path:
    return settings.data_dir / "kafka" / "server.properties"


def _properties(settings: LocalSettings) -> str:
    listeners = f"PLAINTEXT://{LOOPBACK}:{settings.kafka_port}"
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"{listeners},CONTROLLER://{LOOPBACK}:{settings.kafka_controller_port}",
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{settings.kafka_controller_port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": settings.data_dir.absolute() / "kafka" / "data",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "broker.session.timeout.ms": 2000,  # a restart waits for the end of the session of a killed broker
        "broker.heartbeat.interval.ms": 500,
        "controlled.shutdown.enable": "false",  # no other broker can take its partitions
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())
