"""Who reads settings: every class of settings, with the programs that use it, and the documents of the streams."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_settings import BaseSettings

from flink_jobs.contracts.s3_access import S3Access
from flink_jobs.settings import LandingSettings
from infra.local.settings import LocalSettings
from infra.local_snowflake.settings import LocalSnowflakeSettings
from orchestration.alerts.webhooks import AlertSettings
from orchestration.folders import FolderSettings
from orchestration.metapipeline.bi.mode.settings import ModeSettings
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.pipeline.clients import SecretSettings
from orchestration.metapipeline.slack import SlackSettings
from orchestration.settings import StreamAccess
from producers.kafka import KafkaAccess
from producers.settings import ProducerSettings
from snowflake_components.connection import SnowflakeSettings


@dataclass(frozen=True, slots=True)
class Reader:
    """A class of settings.

    Args:
        section: of the page.
        model: its fields are the settings.
        used_by: the programs that read it; empty for a class that only others inherit.
    """

    section: str
    model: type[BaseSettings]
    used_by: str = ""


PRODUCTION = (
    Reader("Kafka", KafkaAccess),
    Reader("Bucket", S3Access),
    Reader("Landing job", LandingSettings, "landing job"),
    Reader("Producers", ProducerSettings, "producers"),
    Reader("Kafka", StreamAccess, "Dagster"),
    Reader("Snowflake", SnowflakeSettings, "Dagster, `snowflake`, `sql`"),
    Reader("Dagster", FolderSettings, "Dagster"),
    Reader("Dagster", AlertSettings, "sensor `alerts`"),
    Reader("Metapipeline", ModeSettings, "metapipeline"),
    Reader("Metapipeline", SupersetSettings, "metapipeline"),
    Reader("Metapipeline", SlackSettings, "metapipeline"),
    Reader("Metapipeline", SecretSettings, "metapipeline"),
)
"""The section of a setting is that of the first class that has it."""
LOCAL = (
    Reader("Stack of one machine", LocalSettings, "local stack"),
    Reader("Local Snowflake", LocalSnowflakeSettings, "local Snowflake"),
)
"""They have other defaults, for servers of one machine."""
