"""Settings of the local stack: ports, folders, and the keys of its servers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout, which holds the local runtime and the dbt project."""
LOOPBACK = "127.0.0.1"


PORT_FIELDS = (
    "kafka_port",
    "kafka_controller_port",
    "s3_port",
    "flink_port",
    "dagster_events_flink_port",
    "snowflake_port",
    "dagster_port",
    "mode_port",
    "git_port",
    "slack_port",
)
"""The fields with the ports of the servers."""


class LocalSettings(BaseSettings):
    """Settings of the local stack: `HOURGLASS_…` in the environment, then in `.env`, then defaults."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_", env_file=PROJECT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    target: Literal["local", "remote"] = Field(
        default="local", description="remote: commands use the servers of the other settings, not those of this stack"
    )
    data_dir: Path = Field(default=PROJECT / ".hourglass", description="everything that survives a restart")
    count_produced: bool | None = Field(
        default=None,
        description="whether `status` reads the topics to count what was produced; unset: if they are local",
    )
    runtime_dir: Path = Field(default=PROJECT / ".runtime", description="jars and the Flink home, built by set-up")

    kafka_port: int = 9092
    """Port of the broker."""
    kafka_controller_port: int = 9093
    """Port of the broker's controller."""
    s3_port: int = 9000
    """Port of the S3 server."""
    flink_port: int = 8081
    """Port of the landing job of the platform events."""
    dagster_events_flink_port: int = 8082
    """Port of the landing job of Dagster's events."""
    snowflake_port: int = 8084
    """Port of the local Snowflake."""
    dagster_port: int = 3000
    """Port of Dagster's webserver."""
    mode_port: int = 8086
    """Port of the local Mode."""
    git_port: int = 8087
    """Port of the local git host."""
    slack_port: int = 8088
    """Port of the local Slack."""

    stream: str = "platform-events"
    """Name of the stream of the platform events."""
    topic: str = "platform-events"
    """Its topic."""
    topic_partitions: int = Field(default=4, ge=1)
    """Partitions of a topic that the stack creates."""
    bucket: str = "hourglass"
    """Bucket that the stack creates."""
    s3_access_key_id: str = "hourglass"
    """Key of the S3 server."""
    s3_secret_access_key: SecretStr = SecretStr("hourglass-local-secret")
    """Secret of that key."""
    s3_region: str = "us-east-1"
    """Region that the S3 server accepts."""
    snowflake_user: str = "hourglass"
    """The only user of the local Snowflake."""
    snowflake_password: SecretStr = SecretStr("hourglass")
    """Its password."""
    snowflake_account: str = "local"
    """Name of the account."""
    snowflake_database: str = "AWS"
    """Database of the objects."""
    snowflake_schema: str = "DEV"
    """Schema of the objects."""
    mode_token: SecretStr = SecretStr("mode-local-token")
    """Token of the local Mode."""
    mode_secret: SecretStr = SecretStr("mode-local-secret")
    """Secret of that token."""
    github_token: SecretStr = SecretStr("git-local-token")
    """Token of the local git host."""
    slack_token: SecretStr = SecretStr("slack-local-token")
    """Token of the local Slack."""

    checkpoint_seconds: int = Field(default=5, ge=1)
    """Between two checkpoints of a landing job."""
    parallelism: int = Field(default=1, ge=1)
    """Subtasks of a landing job."""
    grace_seconds: int = Field(default=10, ge=0, description="idle time before an hour without a successor may close")
    disorder_seconds: int = Field(default=0, ge=0, description="allowed disorder of record time")
    sensor_seconds: int = Field(default=5, ge=1)
    """Pause between two ticks of the sensor."""
    run_concurrency: int = Field(default=2, ge=1, description="hours that are published at the same time")

    @property
    def ports(self) -> dict[str, int]:
        """Each port by the variable that sets it."""
        return {f"HOURGLASS_{name.upper()}": getattr(self, name) for name in PORT_FIELDS}

    @property
    def counts_produced(self) -> bool:
        """Whether the records of every topic are read and counted."""
        return self.target == "local" if self.count_produced is None else self.count_produced

    @property
    def counts_file(self) -> Path:
        """Where `produced_per_hour` stores its counts."""
        return self.data_dir / "run" / "produced.json"

    @property
    def log_dir(self) -> Path:
        """Folder of the log files, one per process."""
        return self.data_dir / "logs"

    def environment(self) -> dict[str, str]:
        """Return the variables with which every process of the chain finds the local stack."""
        return {
            **{name: str(port) for name, port in self.ports.items()},
            "HOURGLASS_DATA_DIR": str(self.data_dir.absolute()),
            "HOURGLASS_STREAM": self.stream,
            "HOURGLASS_TOPIC": self.topic,
            "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.kafka_port}",
            "HOURGLASS_BUCKET": self.bucket,
            "HOURGLASS_S3_ENDPOINT": f"http://{LOOPBACK}:{self.s3_port}",
            "HOURGLASS_S3_REGION": self.s3_region,
            "HOURGLASS_S3_ACCESS_KEY_ID": self.s3_access_key_id,
            "HOURGLASS_S3_SECRET_ACCESS_KEY": self.s3_secret_access_key.get_secret_value(),
            "HOURGLASS_FLINK_REST": f"http://{LOOPBACK}:{self.flink_port}",
            "HOURGLASS_DAGSTER_EVENTS_FLINK_REST": f"http://{LOOPBACK}:{self.dagster_events_flink_port}",
            "HOURGLASS_FLINK_HOME": str((self.runtime_dir / "flink").absolute()),
            "HOURGLASS_SNOWFLAKE_ACCOUNT": self.snowflake_account,
            "HOURGLASS_SNOWFLAKE_USER": self.snowflake_user,
            "HOURGLASS_SNOWFLAKE_PASSWORD": self.snowflake_password.get_secret_value(),
            "HOURGLASS_SNOWFLAKE_HOST": LOOPBACK,
            "HOURGLASS_SNOWFLAKE_PROTOCOL": "http",
            "HOURGLASS_SNOWFLAKE_DATABASE": self.snowflake_database,
            "HOURGLASS_SNOWFLAKE_SCHEMA": self.snowflake_schema,
            "HOURGLASS_CHECKPOINT_SECONDS": str(self.checkpoint_seconds),
            "HOURGLASS_PARALLELISM": str(self.parallelism),
            "HOURGLASS_RECORD_TIME": "CreateTime",  # the demo replays past hours
            "HOURGLASS_GRACE_SECONDS": str(self.grace_seconds),
            "HOURGLASS_DISORDER_SECONDS": str(self.disorder_seconds),
            "HOURGLASS_SENSOR_SECONDS": str(self.sensor_seconds),
            "HOURGLASS_AMEND_REST_SECONDS": str(self.sensor_seconds),
            # without it the first login waits for the metadata servers of three clouds
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
            **self.hosts(),
            "DAGSTER_HOME": str((self.data_dir / "dagster").absolute()),
        }

    def hosts(self) -> dict[str, str]:
        """Return the variables with which the metapipeline finds Mode, the git host and Slack."""
        git = f"http://{LOOPBACK}:{self.git_port}"
        return {
            "HOURGLASS_MODE_URL": f"http://{LOOPBACK}:{self.mode_port}",
            "HOURGLASS_MODE_TOKEN": self.mode_token.get_secret_value(),
            "HOURGLASS_MODE_SECRET": self.mode_secret.get_secret_value(),
            "HOURGLASS_GITHUB_API": f"{git}/api/v3",
            "HOURGLASS_GIT_URL": f"{git}/",
            "HOURGLASS_GITHUB_TOKEN": self.github_token.get_secret_value(),
            "HOURGLASS_SLACK_URL": f"http://{LOOPBACK}:{self.slack_port}/api/",
            "HOURGLASS_SLACK_TOKEN": self.slack_token.get_secret_value(),
            "HOURGLASS_META_WINDOW_HOURS": "3",
            "HOURGLASS_META_STREAMS": "platform_events",
            "HOURGLASS_META_APPLY": "true",
        }
