"""Settings of the sending programs, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SecurityProtocol(StrEnum):
    """How the connection to the broker is protected."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How a user proves who it is."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class ProducerSettings(BaseSettings):
    """Where events go, and how long a producer is patient. The name of a setting is its variable's name."""

    model_config = SettingsConfigDict(env_prefix="HOURGLASS_", env_file=".env", extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", min_length=1)
    topic: str = Field("platform-events", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    kafka_security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    kafka_sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_ca_location: Path | None = None
    data_dir: Path = Path(".hourglass")

    setup_limit_seconds: float = Field(6.0, gt=0)
    """How long the start waits for a broker that answers."""
    delivery_limit_seconds: float = Field(120.0, gt=0)
    """How long a record is tried before its outcome is unknown."""
    queue_limit_seconds: float = Field(60.0, gt=0)
    """How long `send` waits for room in the queue."""
    flush_limit_seconds: float = Field(130.0, gt=0)
    """How long the end waits for outcomes: longer than a delivery, so that each record gets its own."""
