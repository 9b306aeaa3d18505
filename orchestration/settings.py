"""How orchestration reaches Kafka and the bucket, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from flink_jobs.contracts.s3_access import S3Access
from producers.kafka import KafkaAccess


class StreamAccess(KafkaAccess, S3Access):
    """Addresses and credentials of the broker and of the bucket; which topics and which bucket a document says."""
