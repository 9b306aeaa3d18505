"""One broker of `apache/kafka`, which clients of this machine and of the network reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from testcontainers.core.network import Network

from infra.provisioning import TopicPlan, create_topic
from infra.testing.container import ChainContainer
from infra.testing.images import Images

HOST_PORT, BROKER_PORT, CONTROLLER_PORT = 9092, 19092, 9093
PROBE_SECONDS_MAX = 5


class KafkaContainer(ChainContainer):
    """A broker in KRaft mode that is its own controller.

    `bootstrap_servers` is its address for this machine, `inside` that for other containers. Topics are not created by
    their first record: call `create_topic`.

    Args:
        network: of the chain.
        alias: its host name there.
        image: default: `HOURGLASS_KAFKA_IMAGE`.
    """

    def __init__(self, network: Network, alias: str = "kafka", image: str | None = None) -> None:
        super().__init__(image or Images().kafka_image, alias, network, [HOST_PORT])

    def start(self) -> Self:
        """Start it with the addresses that it has by now."""
        for name, value in self.properties().items():
            self.with_env(variable(name), value.replace("\\", "\\\\"))  # the image writes a Java properties file
        return super().start()

    @property
    def bootstrap_servers(self) -> str:
        """The address for this machine."""
        return self.address(HOST_PORT)

    @property
    def inside(self) -> str:
        """The address for containers of the same network."""
        return f"{self.alias}:{BROKER_PORT}"

    def create_topic(self, name: str, partitions: int = 4, config: Mapping[str, str] | None = None) -> None:
        """Create a topic if it is absent; its record time is the producer's, unless `config` says otherwise."""
        topic_config = {"message.timestamp.type": "CreateTime", "retention.ms": "-1", **(config or {})}
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        create_topic(admin, name, TopicPlan(partitions, config=topic_config))

    def is_ready(self) -> bool:
        """Return whether it answers a client of this machine."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": "0"})
        try:
            return bool(admin.list_topics(timeout=PROBE_SECONDS_MAX).brokers)
        except KafkaException:
            return False

    def properties(self) -> dict[str, str]:
        """Return every setting of the broker: with one given, the image drops all of its own."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"HOST://:{HOST_PORT},BROKER://:{BROKER_PORT},CONTROLLER://:{CONTROLLER_PORT}",
            "advertised.listeners": f"HOST://{self.bootstrap_servers},BROKER://{self.inside}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,HOST:PLAINTEXT,BROKER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@localhost:{CONTROLLER_PORT}",
            "log.dirs": "/var/lib/kafka/data",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            "broker.session.timeout.ms": "2000",  # a restart waits for the end of the session of a killed broker
            "broker.heartbeat.interval.ms": "500",
            "controlled.shutdown.enable": "false",  # no other broker can take its partitions
        }


def variable(setting: str) -> str:
    """Return the name of the image's variable for a setting of Kafka."""
    return "KAFKA_" + setting.upper().replace("_", "__").replace("-", "___").replace(".", "_")
