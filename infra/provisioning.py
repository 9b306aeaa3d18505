"""Create what a stream needs before its landing job starts: its topics and its bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.local.processes import StackError
from producers.kafka import KafkaAccess

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from orchestration.stream.document import StreamDocument

TOPIC_SECONDS_MAX = 30
BUCKET_LIMITS = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 4})


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """How a topic is created.

    Args:
        partitions: of each topic.
        replication_factor: copies of each partition.
        config: settings of the topic in Kafka's names.
    """

    partitions: int = 4
    replication_factor: int = 1
    config: Mapping[str, str] = field(default_factory=dict)


def create_topic(admin: AdminClient, name: str, plan: TopicPlan) -> bool:
    """Create a topic if it is absent; return whether it was created.

    Raises:
        StackError: the broker does not answer, or refuses the topic.
    """
    try:
        if name in admin.list_topics(timeout=TOPIC_SECONDS_MAX).topics:
            return False
        topic = NewTopic(
            name,
            num_partitions=plan.partitions,
            replication_factor=plan.replication_factor,
            config=dict(plan.config),
        )
        admin.create_topics([topic])[name].result(TOPIC_SECONDS_MAX)
    except KafkaException as exc:
        raise StackError(f"the topic {name} cannot be created: {exc}") from exc
    return True


def create_bucket(store: S3Client, bucket: str) -> bool:
    """Create a bucket if it is absent; return whether it was created.

    Raises:
        StackError: the server does not answer, or refuses.
    """
    try:
        if bucket in {found["Name"] for found in store.list_buckets()["Buckets"]}:
            return False
        store.create_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError) as exc:
        raise StackError(f"the bucket {bucket} cannot be created: {exc}") from exc
    return True


def provision(
    documents: tuple[StreamDocument, ...],
    access: KafkaAccess,
    store: S3Client,
    plan: TopicPlan,
    report: Callable[[str], None],
) -> None:
    """Create the topics and buckets of streams; those that exist are not changed.

    Record time of a topic is that of its stream's document.

    Raises:
        StackError: a server does not answer, or refuses.
    """
    admin = AdminClient({**access.librdkafka()})
    for document in documents:
        config = {**plan.config, "message.timestamp.type": document.record_time.value}
        for topic in document.topics:
            made = create_topic(admin, topic, TopicPlan(plan.partitions, plan.replication_factor, config))
            report(f"topic {topic}: {'created' if made else 'exists'}")
        made = create_bucket(store, document.bucket)
        report(f"bucket {document.bucket}: {'created' if made else 'exists'}")
