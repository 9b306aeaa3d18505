"""How every process of the project reaches Kafka: one set of variables, and their names for librdkafka.

A contract: it imports nothing of ours and no client. The landing job's Java client has its own names for the same
settings, in `flink_jobs/flink/kafka_properties.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

VARIABLES = "HOURGLASS_KAFKA_SECURITY_PROTOCOL, _SASL_MECHANISM, _SASL_USERNAME, _SASL_PASSWORD and _SSL_CA_LOCATION"
"""What to look at when a broker refuses a client."""

REFUSALS = frozenset(
    {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE", "_SSL"}
)
"""Names of librdkafka's errors after which the same settings will never be let in."""


class SecurityProtocol(StrEnum):
    """How the connection to the broker is protected."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_login(self) -> bool:
        """Whether a user name and a password are sent."""
        return self in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}

    @property
    def is_encrypted(self) -> bool:
        """Whether the broker shows a certificate."""
        return self in {SecurityProtocol.SSL, SecurityProtocol.SASL_SSL}


class SaslMechanism(StrEnum):
    """How a user proves who it is."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaAccess(BaseSettings):
    """Where the brokers are, how the connection is protected, and who we are. Files are PEM.

    A password is given as a variable or as the name of a file that holds it, whose last line break does not count.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what is wrong may be a password
    )

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", min_length=1)
    kafka_security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    kafka_sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_sasl_password_file: Path | None = None
    kafka_ssl_ca_location: Path | None = None
    """Certificates that may sign the broker's; without it those of the system."""
    kafka_ssl_certificate_location: Path | None = None
    """Our own certificate with its chain, for a broker that asks for one."""
    kafka_ssl_key_location: Path | None = None
    """The key of our certificate, in the form PKCS#8."""
    kafka_ssl_key_password: SecretStr | None = None
    kafka_ssl_key_password_file: Path | None = None
    kafka_ssl_check_host_name: bool = True
    """Whether the broker's certificate must carry the name under which we reach it."""

    @field_validator(
        "kafka_sasl_password_file",
        "kafka_ssl_ca_location",
        "kafka_ssl_certificate_location",
        "kafka_ssl_key_location",
        "kafka_ssl_key_password_file",
    )
    @classmethod
    def _is_readable(cls, file: Path | None) -> Path | None:
        if file is None:
            return None
        if any(sign in str(file) for sign in ':${}"\\'):
            raise ValueError("Kafka's Java client cannot take a path with one of : $ { } \" \\")
        try:
            with file.open("rb"):
                return file.absolute()
        except OSError as exc:
            raise ValueError(f"cannot be read ({exc.strerror}): name a file that this user may read") from exc

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        has_password = self.kafka_sasl_password or self.kafka_sasl_password_file
        if self.kafka_security_protocol.has_login and not (self.kafka_sasl_username and has_password):
            raise ValueError(
                f"{self.kafka_security_protocol} needs HOURGLASS_KAFKA_SASL_USERNAME and HOURGLASS_KAFKA_SASL_PASSWORD "
                "(or _PASSWORD_FILE)"
            )
        if (self.kafka_ssl_certificate_location is None) != (self.kafka_ssl_key_location is None):
            raise ValueError("HOURGLASS_KAFKA_SSL_CERTIFICATE_LOCATION and _KEY_LOCATION go together: set both or none")
        return self

    @property
    def sasl_password(self) -> str | None:
        """The password, from its variable or else from its file."""
        return _secret(self.kafka_sasl_password, self.kafka_sasl_password_file)

    @property
    def ssl_key_password(self) -> str | None:
        """The password of our key, from its variable or else from its file."""
        return _secret(self.kafka_ssl_key_password, self.kafka_ssl_key_password_file)

    def librdkafka(self) -> dict[str, str]:
        """Name the settings as librdkafka does, with the passwords: never log or keep the result."""
        values: dict[str, str | Path | None] = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.kafka_security_protocol.value,
        }
        if self.kafka_security_protocol.has_login:
            values |= {
                "sasl.mechanism": self.kafka_sasl_mechanism.value,
                "sasl.username": self.kafka_sasl_username,
                "sasl.password": self.sasl_password,
            }
        if self.kafka_security_protocol.is_encrypted:
            values |= {
                "ssl.ca.location": self.kafka_ssl_ca_location,
                "ssl.certificate.location": self.kafka_ssl_certificate_location,
                "ssl.key.location": self.kafka_ssl_key_location,
                "ssl.key.password": self.ssl_key_password,
                "ssl.endpoint.identification.algorithm": "https" if self.kafka_ssl_check_host_name else "none",
            }
        return {name: str(value) for name, value in values.items() if value is not None}


def _secret(given: SecretStr | None, file: Path | None) -> str | None:
    if given is not None:
        return given.get_secret_value()
    return None if file is None else file.read_text().removesuffix("\n")
