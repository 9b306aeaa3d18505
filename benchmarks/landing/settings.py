"""Folders and ports of the benchmark, from `HOURGLASS_BENCHMARK_…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.local.settings import LOOPBACK, PROJECT, LocalSettings

HERE = Path(__file__).parent


class BenchmarkSettings(BaseSettings):
    """Everything of the benchmark lies below one folder: installed peers, the topics, the bucket, the measurements."""

    model_config = SettingsConfigDict(env_prefix="HOURGLASS_BENCHMARK_", extra="ignore", frozen=True)

    folder: Path = PROJECT / ".benchmark"
    kafka_port: int = 21000
    kafka_controller_port: int = 21001
    s3_port: int = 21002
    flink_port: int = 21003
    partitions: int = Field(4, ge=1)
    seed: int = 1
    roll_seconds: int = Field(10, ge=1)
    """How long a peer may keep records invisible; Flink SQL and ours then checkpoint, the others close their files."""
    measurement_seconds_max: int = Field(3600, ge=1)
    s3_whole: bool = False
    """Whether the S3 server must not show an interrupted PUT, like S3 itself, even if that server is slower."""

    @property
    def local(self) -> LocalSettings:
        """The broker and the S3 server, as the local stack describes them."""
        return LocalSettings(
            data_dir=self.folder.absolute(),
            runtime_dir=PROJECT / ".runtime",
            kafka_port=self.kafka_port,
            kafka_controller_port=self.kafka_controller_port,
            s3_port=self.s3_port,
            flink_port=self.flink_port,
            topic_partitions=self.partitions,
        )

    @property
    def bootstrap_servers(self) -> str:
        """The broker."""
        return f"{LOOPBACK}:{self.kafka_port}"

    @property
    def s3_endpoint(self) -> str:
        """The S3 server."""
        return f"http://{LOOPBACK}:{self.s3_port}"

    @property
    def measurements(self) -> Path:
        """One JSON line for each finished measurement; append only."""
        return self.folder / "measurements.jsonl"

    @property
    def loads(self) -> Path:
        """One JSON line for each finished load or comparison of ours."""
        return self.folder / "loads.jsonl"
