"""The clients of one stream, built from its document and the settings of this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flink_jobs.contracts.clock import SystemClock
from flink_jobs.flink.rest import FlinkRest
from orchestration.alerts.delivery import Channel
from orchestration.alerts.webhooks import AlertSettings
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.clients.s3 import S3Bucket
from orchestration.landing.clients.snowflake import DescribedTable, ExternalTable
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.sensor.tick import Limits
from orchestration.settings import StreamAccess
from orchestration.stream.definitions.observing import Observed
from orchestration.stream.document import StreamDocument
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings

OBSERVING_SECONDS_MAX = 5.0
"""Timeout of each request of an observation: the three systems together must answer within a tick of 60 s."""


@dataclass(frozen=True)
class BoundStream:
    """One stream with its clients, the resource of its assets, checks and sensors.

    Args:
        document: of the stream.
        stream: what is proven, and from which systems.
        table: the external table that the stream feeds.
        limits: of one tick of the sensor.
        observed: the systems as the observing sensor asks them.
        channels: where alerts go, by name.
    """

    document: StreamDocument
    stream: Stream
    table: ExternalTable
    limits: Limits
    observed: Observed
    channels: Mapping[str, Channel] = field(default_factory=dict)


def bind(
    document: StreamDocument,
    table: DescribedTable,
    access: StreamAccess | None = None,
    snowflake: SnowflakeSettings | None = None,
) -> BoundStream:
    """Build the clients; each connects at its first use."""
    access = access or StreamAccess()
    stream = proven_stream(document, access)
    connection = SnowflakeConnection(settings=snowflake or SnowflakeSettings())
    return BoundStream(
        document=document,
        stream=stream,
        table=ExternalTable(connection, table.name, document.layout, table.columns),
        limits=Limits(
            requests_max=document.hours_per_tick_max, lookback=document.lookback, amend_rest=document.amend_rest
        ),
        observed=Observed(
            broker=KafkaBroker(access, OBSERVING_SECONDS_MAX),
            job=FlinkRest(document.flink_rest),
            bucket=S3Bucket(document.bucket, access, OBSERVING_SECONDS_MAX, attempts_max=2),
            clock=stream.clock,
        ),
        channels=AlertSettings().webhooks(),
    )


def proven_stream(document: StreamDocument, access: StreamAccess) -> Stream:
    """Build the part of a stream that is proven: topics, bucket, first hour and policy."""
    return Stream(
        layout=document.layout,
        topics=document.topics,
        bucket=S3Bucket(document.bucket, access),
        broker=KafkaBroker(access),
        clock=SystemClock(),
        policy=document.policy,
        first_hour=document.first_hour,
    )
