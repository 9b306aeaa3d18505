"""The broker as the start of the job sees it. The only importer of the Kafka client here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flink_jobs.errors import UnreachableError

ANSWER_SECONDS_MAX = 10.0
_SILENT = {"log_level": 0, "reconnect.backoff.ms": 500, "reconnect.backoff.max.ms": 2000}
"""A broker that is away costs one line of ours, not twenty lines a second of the client's."""


class Broker:
    """Answers questions about topics.

    Args:
        bootstrap_servers: host:port, several with commas between.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Count the partitions of those topics that exist.

        Raises:
            UnreachableError: no broker answers within `ANSWER_SECONDS_MAX`.
        """
        client = AdminClient({"bootstrap.servers": self._bootstrap_servers, **_SILENT}, logger=None)
        try:
            known = client.list_topics(timeout=ANSWER_SECONDS_MAX).topics
        except KafkaException as exc:
            raise UnreachableError(
                f"no Kafka broker answers at {self._bootstrap_servers}: "
                "start it, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
            ) from exc
        return {topic: len(known[topic].partitions) for topic in topics if topic in known}
