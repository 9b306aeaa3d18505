"""Settings of the landing job and of the commands that start and stop it, from `HOURGLASS_…` or `.env`."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from flink_jobs.contracts.layout import Kind
from flink_jobs.contracts.s3_access import StorageClass
from flink_jobs.contracts.stream_settings import StreamSettings, job_name_of
from producers.events import DEPTH_MAX, EVENT_BYTES_MAX, OddEvents, landing_contract
from producers.kafka import KafkaAccess

CONSUMER_OWNED = (
    "auto.offset.reset",
    "bootstrap.servers",
    "client.id.prefix",
    "config.providers",
    "enable.auto.commit",
    "group.",
    "isolation.level",
    "key.",
    "partition.discovery.",
    "sasl.",
    "security.",
    "ssl.",
    "value.",
)
"""Beginnings of consumer settings that are not extras: each has a variable of its own, or is part of the promise."""


PBES2 = bytes.fromhex("06092a864886f70d01050d")
"""The mark of a key whose password today's tools apply by themselves."""


class Codec(StrEnum):
    """How the lines of an object are stored."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"

    @property
    def level_max(self) -> int:
        """The strongest compression."""
        return {Codec.PLAIN: 19, Codec.GZIP: 9, Codec.ZSTD: 19}[self]


class LogFormat(StrEnum):
    """How the job writes its log; either way a record is one line, but for the stack traces of `text`."""

    TEXT = "text"
    JSON = "json"


class StartingOffsets(StrEnum):
    """Where a job without a restore point begins to read. A restored job reads on where it was."""

    GROUP = "group"
    """The consumer group's offsets, although there may be a restore point; the earliest record of a partition that
    has none."""
    EARLIEST = "earliest"
    """The earliest records, and only where nothing has landed yet."""
    LEDGER = "ledger"
    """After the ledger's last entry of each partition, although there may be a restore point."""
    NEW_TOPIC = "new-topic"
    """As `LEDGER`, and topics that were created again are accepted as they are now: they begin at their first offset.
    Where no topic has changed, as without it."""


class FlinkTarget(StrEnum):
    """Which Flink `hourglass job` starts the job in."""

    LOCAL = "local"
    """One of its own, on this machine."""
    SESSION = "session"
    """The session cluster whose REST interface the settings name."""
    KUBERNETES = "kubernetes"
    """An application cluster of Flink's Kubernetes operator; `hourglass job` names the `kubectl` that does it."""
    MANAGED = "managed"
    """Amazon Managed Service for Apache Flink, which starts the job itself; `hourglass job` cannot."""


UPLOAD_SCHEMES = {False: "hourglass", True: "hourglass-signed"}
"""By whether parts are signed: of the file systems in `hourglass-landing-uploads.jar`."""

CHECKPOINT_SCHEME = "hourglass-state"
"""Of the file system in the same jar that writes checkpoints and savepoints; they are read, and named to users, as `s3://`."""


class LandingSettings(KafkaAccess, StreamSettings):
    """What the job reads, where it lands, and the Flink process that it runs in."""

    starting_offsets: StartingOffsets = StartingOffsets.EARLIEST
    """Where a job begins that has no restore point; `hourglass job start` has options for the others."""
    s3_storage_class: StorageClass | None = None
    """Of the objects that the job lands; unset is the bucket's own."""
    s3_signed_parts: bool = False
    """Whether parts go through Flink's own writer, which signs a digest of each over plain HTTP and keeps them in
    files. By default they go from memory by presigned requests: over TLS that is as safe, and less work."""

    partition_discovery_seconds: int = Field(30, ge=1)
    """How long the job may not notice partitions that a topic gains."""
    kafka_skip_deleted: bool = False
    """Whether records that the broker deleted before they were read are passed over and booked as holes. By default
    the job fails and names them."""
    kafka_consumer_extras: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """More settings of the Java consumer, as a JSON object; see `CONSUMER_OWNED` for what cannot be one."""
    event_bytes_max: int = Field(EVENT_BYTES_MAX, ge=1, le=16_000_000)
    """A larger record is rejected; the default is the contract's."""
    depth_max: int = Field(DEPTH_MAX, ge=1, le=1000)
    """A larger or deeper record is rejected. The defaults are the contract's."""

    unknown_types: OddEvents = OddEvents.FLAG
    """Whether an event of no known type lands and is flagged, or is rejected."""
    mistyped_payloads: OddEvents = OddEvents.FLAG
    """Whether an event of no known type, or without a field of its type, lands and is flagged, or is rejected."""

    checkpoint_seconds: int = Field(10, ge=1)
    """Records become visible at checkpoints: this is also the longest that an accepted record stays unseen."""
    parallelism: int = Field(1, ge=1)
    """Subtasks; at most as many as partitions."""
    codec: Codec = Codec.ZSTD
    """How the lines of an object are stored."""
    codec_level: int = Field(1, ge=1)
    """1 to 9 for gzip, 1 to 19 for zstd."""

    data_dir: Path = Path(".hourglass")
    """Folder of topics, bucket, tables, runs and logs of this machine."""
    flink_home: Path = Path(".runtime/flink")
    """Flink's home, as `make setup` builds it."""
    flink_target: FlinkTarget = FlinkTarget.LOCAL
    """`session`: the job runs on the session cluster at `HOURGLASS_FLINK_REST`."""
    flink_rest: str = Field("http://127.0.0.1:8081", pattern=r"^https?://[^/]+:\d+$")
    """Address of Flink's REST API."""
    flink_rest_bind: str = Field("127.0.0.1", pattern=r"^[0-9A-Za-z.:-]+$")
    """The interface on which the job's own Flink serves REST; `0.0.0.0` in a container that publishes the port."""
    flink_heap: str = Field("768m", pattern=r"^[1-9][0-9]*[mg]$")
    """The most that Java objects may take in a job of one machine."""
    metrics_port: int | None = Field(None, ge=1, le=65535)
    """Where Prometheus may read the job's metrics, on every interface; unset: nowhere."""
    log_format: LogFormat = LogFormat.TEXT
    """`json` is one object a line, with the stack trace."""
    start_limit_seconds: float = Field(180.0, gt=0)
    """Longest wait of `hourglass job start` for the first read."""
    stop_limit_seconds: float = Field(180.0, gt=0)
    """Longest wait of `hourglass job stop` for the savepoint."""
    lease_seconds: float = Field(30.0, ge=3)
    """How long a job that renews nothing keeps its stream; it is renewed three times as often."""
    bucket_owner: str | None = Field(None, pattern=r"^[0-9]{12}$")
    """Account that the bucket must belong to; a start refuses another one's bucket of that name."""
    restored_from: str | None = None
    """Set for the job's own process: where it continues from. Unset, that process looks for the newest itself."""

    @field_validator("kafka_consumer_extras", mode="before")
    @classmethod
    def _is_json(cls, extras: object) -> object:
        try:
            return json.loads(extras) if isinstance(extras, str) else extras
        except json.JSONDecodeError as exc:
            raise ValueError(f"no JSON object ({exc.msg} at {exc.pos})") from exc

    @field_validator("kafka_consumer_extras")
    @classmethod
    def _are_extras(cls, extras: dict[str, str]) -> dict[str, str]:
        owned = [name for name in extras if name.startswith(CONSUMER_OWNED)]
        if owned:
            raise ValueError(f"{', '.join(owned)}: not free to choose here, or has a variable of its own")
        return extras

    @field_validator("kafka_ssl_key_location")
    @classmethod
    def _java_can_decrypt(cls, file: Path | None) -> Path | None:
        if file and PBES2 in b64decode("".join(re.findall(r"^[\w+/=]+$", file.read_text(), re.MULTILINE))):
            raise ValueError(
                "Java 17 cannot read a key that is encrypted with PBES2: store it without a password, or write it with "
                "`openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES`"
            )
        return file

    @model_validator(mode="after")
    def _class_is_heard(self) -> Self:
        if self.s3_storage_class and self.s3_signed_parts:
            raise ValueError(
                "HOURGLASS_S3_STORAGE_CLASS is unknown to the writer of HOURGLASS_S3_SIGNED_PARTS: unset one"
            )
        return self

    @model_validator(mode="after")
    def _codec_has_level(self) -> Self:
        if self.codec_level > self.codec.level_max:
            raise ValueError(
                f"HOURGLASS_CODEC_LEVEL is {self.codec_level}: {self.codec} has 1 to {self.codec.level_max}"
            )
        return self

    @property
    def job_name(self) -> str:
        """Name of the job in Flink and in the ledger, and of its consumer group."""
        return job_name_of(self.stream)

    @property
    def rest_host(self) -> str:
        """Host of Flink's REST interface."""
        return urlsplit(self.flink_rest).hostname or "127.0.0.1"

    @property
    def rest_port(self) -> int:
        """Port of Flink's REST interface."""
        return urlsplit(self.flink_rest).port or 8081

    @property
    def checkpoint_prefix(self) -> str:
        """Where Flink keeps its checkpoints, as a prefix of keys."""
        return f"flink/{self.stream}/checkpoints/"

    @property
    def checkpoint_url(self) -> str:
        """Name the directory of the checkpoints as the file system that writes them takes it."""
        return self.url(self.checkpoint_prefix, scheme=CHECKPOINT_SCHEME)

    @property
    def savepoint_prefix(self) -> str:
        """Where Flink keeps its savepoints, as a prefix of keys."""
        return f"flink/{self.stream}/savepoints/"

    @property
    def savepoint_url(self) -> str:
        """Name the directory of the savepoints, like `checkpoint_url`."""
        return self.url(self.savepoint_prefix, scheme=CHECKPOINT_SCHEME)

    @property
    def lease_prefix(self) -> str:
        """Where the leases of the stream lie, as a prefix of keys."""
        return f"flink/{self.stream}/leases/"

    @property
    def state_dir(self) -> Path:
        """Configuration, process file and scratch space of the Flink process."""
        return self.data_dir.absolute() / "flink"

    @property
    def jar_dir(self) -> Path:
        """Copies of the landing jars that were started."""
        return self.state_dir / "jars"

    @property
    def log_dir(self) -> Path:
        """Folder of the logs."""
        return self.data_dir.absolute() / "logs"

    def landing_url(self, kind: Kind) -> str:
        """Name the directory of a kind as the file system that writes it takes it.

        The managed service has Flink's own file system alone: ours would be a plugin of its cluster.
        """
        own = UPLOAD_SCHEMES[self.s3_signed_parts]
        return self.url(self.layout.prefix(kind), scheme="s3" if self.flink_target is FlinkTarget.MANAGED else own)

    def url(self, key: str, *, scheme: str = "s3") -> str:
        """Name an object or a directory of the bucket as a file system takes it: Flink's own for S3 by default."""
        return f"{scheme}://{self.bucket}/{key}".rstrip("/")

    def contract(self) -> dict[str, Any]:
        """Say what the job checks of every record, with the limits of these settings."""
        return landing_contract() | {
            "event_bytes_max": self.event_bytes_max,
            "depth_max": self.depth_max,
            "unknown_types": self.unknown_types.value,
            "mistyped_payloads": self.mistyped_payloads.value,
        }

    def job_environment(self) -> dict[str, str]:
        """Give the variables from which the job's own process builds these settings again, without secrets.

        Passwords of Kafka get there as files, the keys of the bucket in Flink's own configuration.
        """
        secrets = {name for name in type(self).model_fields if isinstance(getattr(self, name), SecretStr)}
        values = self.model_dump(mode="json", exclude_none=True, exclude=secrets | {"s3_access_key_id"})
        return {f"HOURGLASS_{name.upper()}": _variable(value) for name, value in values.items()}


def _variable(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)
