"""Settings of the landing part of orchestration, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from flink_jobs.contracts.clock import SystemClock
from flink_jobs.contracts.layout import StreamLayout
from flink_jobs.contracts.stream_settings import StreamSettings
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.clients.s3 import S3Bucket
from orchestration.landing.clients.snowflake import ExternalTable
from orchestration.landing.partitions import FIRST_HOUR
from orchestration.landing.proof.completeness import CompletenessPolicy
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.sensor.tick import Limits
from producers.kafka import KafkaAccess
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName

EVENT_TABLE = "ext_flink_event_log"


class SensorSettings(KafkaAccess, StreamSettings):
    """Broker, bucket and stream, and how long the sensor waits. The defaults are those of the local stack."""

    disorder_seconds: float = Field(default=5, ge=0, description="D: how far record time may run backwards")
    grace_seconds: float = Field(default=30, ge=0, description="idle time after which the end of a partition counts")
    sensor_seconds: int = Field(default=30, ge=1, description="between two ticks of the sensor")
    sensor_runs_max: int = Field(default=24, ge=1, description="runs that one tick requests")
    lookback_hours: int = Field(
        default=72, ge=1, description="how long the cursor keeps an hour after its newest ledger entry"
    )

    def landing_stream(self) -> Stream:
        """Build the stream with its clients; they connect at the first call."""
        return Stream(
            layout=self.layout,
            topics=tuple(self.topics),
            bucket=S3Bucket(self.bucket, self),
            broker=KafkaBroker(self),
            clock=SystemClock(),
            first_hour=FIRST_HOUR,
            policy=CompletenessPolicy(
                disorder=timedelta(seconds=self.disorder_seconds), grace=timedelta(seconds=self.grace_seconds)
            ),
        )

    def limits(self) -> Limits:
        """Return the bounds of one tick of the sensor."""
        return Limits(requests_max=self.sensor_runs_max, lookback=timedelta(hours=self.lookback_hours))


def event_table(snowflake: SnowflakeSettings, layout: StreamLayout) -> ExternalTable:
    """Return the external table over the landed objects of the stream, in the configured database and schema."""
    names = (snowflake.database, snowflake.schema_name, EVENT_TABLE)
    return ExternalTable(
        SnowflakeConnection(settings=snowflake), QualifiedName(*(Identifier.parse(name) for name in names)), layout
    )
