"""Settings of the landing job and of the commands that start and stop it, from `HOURGLASS_…` or `.env`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from flink_jobs.layout import Kind, StreamLayout


class Codec(StrEnum):
    """How the lines of an object are stored."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"


class StartingOffsets(StrEnum):
    """Where a job without a restore point begins to read. A restored job reads on where it was."""

    GROUP = "group"
    """The consumer group's offsets; the earliest record of a partition that has none."""
    EARLIEST = "earliest"


class LandingSettings(BaseSettings):
    """What the job reads, where it lands, and the Flink process that it runs in."""

    model_config = SettingsConfigDict(env_prefix="HOURGLASS_", env_file=".env", extra="ignore", frozen=True)

    stream: str = Field("platform-events", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    topic: str = Field("platform-events", pattern=r"^[A-Za-z0-9._-]{1,249}(,[A-Za-z0-9._-]{1,249})*$")
    """One topic, or several with commas between."""
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", min_length=1)
    starting_offsets: StartingOffsets = StartingOffsets.GROUP
    bucket: str = Field("hourglass", min_length=3)
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    checkpoint_seconds: int = Field(10, ge=1)
    """Records become visible at checkpoints: this is also the longest that an accepted record stays unseen."""
    parallelism: int = Field(1, ge=1)
    codec: Codec = Codec.ZSTD
    codec_level: int = Field(1, ge=1, le=19)

    data_dir: Path = Path(".hourglass")
    flink_home: Path = Path(".runtime/flink")
    flink_rest: str = Field("http://127.0.0.1:8081", pattern=r"^https?://[^/]+:\d+$")
    flink_heap: str = Field("768m", pattern=r"^[1-9][0-9]*[mg]$")
    start_limit_seconds: float = Field(180.0, gt=0)
    stop_limit_seconds: float = Field(180.0, gt=0)

    @property
    def topics(self) -> list[str]:
        """The topics to read."""
        return self.topic.split(",")

    @property
    def job_name(self) -> str:
        """Name of the job in Flink and in the ledger, and of its consumer group."""
        return f"hourglass-{self.stream}"

    @property
    def rest_port(self) -> int:
        """Port of Flink's REST interface."""
        return urlsplit(self.flink_rest).port or 8081

    @property
    def layout(self) -> StreamLayout:
        """The keys of the stream."""
        return StreamLayout(self.stream)

    @property
    def checkpoint_prefix(self) -> str:
        """Where Flink keeps its checkpoints, as a prefix of keys."""
        return f"flink/{self.stream}/checkpoints/"

    @property
    def savepoint_prefix(self) -> str:
        """Where Flink keeps its savepoints, as a prefix of keys."""
        return f"flink/{self.stream}/savepoints/"

    @property
    def state_dir(self) -> Path:
        """Configuration, process file and scratch space of the Flink process."""
        return self.data_dir.absolute() / "flink"

    @property
    def log_dir(self) -> Path:
        """Folder of the logs."""
        return self.data_dir.absolute() / "logs"

    def landing_url(self, kind: Kind) -> str:
        """Name the directory of a kind as Flink's S3 file system takes it."""
        return self.url(self.layout.prefix(kind))

    def url(self, key: str) -> str:
        """Name an object or a directory of the bucket as Flink's S3 file system takes it."""
        return f"s3://{self.bucket}/{key}".rstrip("/")

    def job_environment(self) -> dict[str, str]:
        """Give the variables from which the job's own process builds these settings again, without secrets."""
        values = self.model_dump(mode="json", exclude_none=True, exclude={"s3_access_key_id", "s3_secret_access_key"})
        return {f"HOURGLASS_{name.upper()}": str(value) for name, value in values.items()}
