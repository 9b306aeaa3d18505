"""How every process of the project reaches Kafka: one set of variables, and their names for librdkafka.

A contract: it imports no Kafka client, and of ours only the login by IAM. The Java client of the landing job has other
names for the same settings, in `flink_jobs/flink/kafka_properties.py`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from producers.msk_token import TokenSource, msk_tokens

_VARIABLES = "HOURGLASS_KAFKA_SECURITY_PROTOCOL, _SASL_MECHANISM, _SASL_USERNAME, _SASL_PASSWORD and _SSL_CA_LOCATION"
"""The variables to check when a broker refuses a client that logs in by a password."""
_OAUTH_VARIABLES = f"{_VARIABLES}, _OAUTH_ENDPOINT, _OAUTH_SCOPE and _OAUTH_CA_LOCATION"
_IAM_VARIABLES = (
    "HOURGLASS_KAFKA_SECURITY_PROTOCOL, _AWS_REGION and _SSL_CA_LOCATION, the AWS credentials of this process, and the "
    "kafka-cluster rights of their role"
)

_REFUSALS = frozenset(
    {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE", "_SSL"}
)
"""Names of librdkafka's errors after which the same settings will never be accepted."""


class ClientError(Protocol):
    """An error of librdkafka, `confluent_kafka.KafkaError`."""

    def name(self) -> str:
        """The name of its code, such as `_TRANSPORT`."""

    def str(self) -> str:
        """Its text."""


def topic_id_text(topic_id: Any) -> str | None:
    """Spell a `confluent_kafka.Uuid` as Kafka and its Java client do; None for the zero id of a broker without ids.

    librdkafka's own text has `+` and `/` where Kafka's has `-` and `_`.
    """
    halves = (topic_id.get_most_significant_bits(), topic_id.get_least_significant_bits())
    raw = b"".join((half % 2**64).to_bytes(8, "big") for half in halves)
    return urlsafe_b64encode(raw).decode().rstrip("=") if any(raw) else None


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The first offset that the broker still has, and the offset of the next record."""

    low: int
    end: int


class SecurityProtocol(StrEnum):
    """Protection of the connection to the broker."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_login(self) -> bool:
        """Whether the client says who it is: by a password, a token, or a signature."""
        return self in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is encrypted with TLS."""
        return self in {SecurityProtocol.SSL, SecurityProtocol.SASL_SSL}


class SaslMechanism(StrEnum):
    """Method of the login."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"
    """A token that an OAuth server issues for client credentials: user name and password are the client's id and
    secret."""
    AWS_MSK_IAM = "AWS_MSK_IAM"
    """Amazon MSK's IAM, with the AWS credentials of the process. On the wire it is OAUTHBEARER."""


class KafkaAccess(BaseSettings):
    """Addresses of the brokers, protection of the connection, and credentials. Files are PEM.

    A password is given as a variable, or as the name of a file whose last line break is cut off.
    """

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # the wrong value may be a password
    )

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", min_length=1)
    """`host:port` of brokers, several with commas between."""
    kafka_security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    """Whether the connection is encrypted, and whether there is a login."""
    kafka_sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    """Method of the login."""
    kafka_sasl_username: str | None = None
    """Who logs in; for `OAUTHBEARER` the client id."""
    kafka_sasl_password: SecretStr | None = None
    """Its password, for `OAUTHBEARER` the client secret; or the file below."""
    kafka_sasl_password_file: Path | None = None
    """File with the password; its last line break does not count."""
    kafka_oauth_endpoint: str | None = Field(None, pattern=r"^https?://[^\s@?#\"\\]+$")
    """For `OAUTHBEARER`: where tokens are issued for client credentials; over `http` the secret is readable."""
    kafka_oauth_scope: str | None = Field(None, pattern=r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$")
    """What the token is asked for, where the OAuth server wants it said."""
    kafka_oauth_ca_location: Path | None = None
    """Certificates of the authorities that may sign the OAuth server's; default: those of the system."""
    kafka_aws_region: str | None = Field(None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")
    """For `AWS_MSK_IAM`: the region of the cluster."""
    kafka_ssl_ca_location: Path | None = None
    """Certificates of the authorities that may sign the broker's; default: those of the system."""
    kafka_ssl_certificate_location: Path | None = None
    """The client certificate with its chain, for a broker that demands one."""
    kafka_ssl_key_location: Path | None = None
    """The key of the client certificate, PKCS#8."""
    kafka_ssl_key_password: SecretStr | None = None
    """Password of that key; or the file below."""
    kafka_ssl_key_password_file: Path | None = None
    """File with the password of the key."""
    kafka_ssl_check_host_name: bool = True
    """Whether the broker's certificate must hold the host name of the connection."""

    @field_validator(
        "kafka_sasl_password_file",
        "kafka_oauth_ca_location",
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
        if self.kafka_security_protocol.has_login:
            self._require_login()
        if (self.kafka_ssl_certificate_location is None) != (self.kafka_ssl_key_location is None):
            raise ValueError("HOURGLASS_KAFKA_SSL_CERTIFICATE_LOCATION and _KEY_LOCATION go together: set both or none")
        return self

    def _require_login(self) -> None:
        mechanism = self.kafka_sasl_mechanism
        if mechanism is SaslMechanism.AWS_MSK_IAM:
            if not self.kafka_aws_region:
                raise ValueError(f"{mechanism} needs HOURGLASS_KAFKA_AWS_REGION")
            return
        if not (self.kafka_sasl_username and (self.kafka_sasl_password or self.kafka_sasl_password_file)):
            raise ValueError(
                f"{self.kafka_security_protocol} needs HOURGLASS_KAFKA_SASL_USERNAME and HOURGLASS_KAFKA_SASL_PASSWORD "
                "(or _PASSWORD_FILE)"
            )
        if mechanism is SaslMechanism.OAUTHBEARER and not self.kafka_oauth_endpoint:
            raise ValueError(f"{mechanism} needs HOURGLASS_KAFKA_OAUTH_ENDPOINT")

    @property
    def sasl_password(self) -> str | None:
        """The password, from its variable or else from its file."""
        return _secret(self.kafka_sasl_password, self.kafka_sasl_password_file)

    @property
    def ssl_key_password(self) -> str | None:
        """The password of the client key, from its variable or else from its file."""
        return _secret(self.kafka_ssl_key_password, self.kafka_ssl_key_password_file)

    def librdkafka(self) -> dict[str, Any]:
        """Return the settings in librdkafka's names: texts, and for `AWS_MSK_IAM` the function that makes tokens.

        The result holds passwords: never log or keep it.
        """
        values: dict[str, str | Path | None] = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "security.protocol": self.kafka_security_protocol.value,
        }
        tokens: dict[str, TokenSource] = {}
        if self.kafka_security_protocol.has_login:
            values |= self._login()
            if self.kafka_sasl_mechanism is SaslMechanism.AWS_MSK_IAM:
                tokens = {"oauth_cb": msk_tokens(self.kafka_aws_region or "")}
        if self.kafka_security_protocol.is_encrypted:
            values |= {
                "ssl.ca.location": self.kafka_ssl_ca_location,
                "ssl.certificate.location": self.kafka_ssl_certificate_location,
                "ssl.key.location": self.kafka_ssl_key_location,
                "ssl.key.password": self.ssl_key_password,
                "ssl.endpoint.identification.algorithm": "https" if self.kafka_ssl_check_host_name else "none",
            }
        return {name: str(value) for name, value in values.items() if value is not None} | tokens

    def _login(self) -> dict[str, str | Path | None]:
        match self.kafka_sasl_mechanism:
            case SaslMechanism.OAUTHBEARER:
                return {
                    "sasl.mechanism": "OAUTHBEARER",
                    "sasl.oauthbearer.method": "oidc",
                    "sasl.oauthbearer.client.id": self.kafka_sasl_username,
                    "sasl.oauthbearer.client.secret": self.sasl_password,
                    "sasl.oauthbearer.token.endpoint.url": self.kafka_oauth_endpoint,
                    "sasl.oauthbearer.scope": self.kafka_oauth_scope,
                    "https.ca.location": self.kafka_oauth_ca_location,
                }
            case SaslMechanism.AWS_MSK_IAM:
                return {"sasl.mechanism": "OAUTHBEARER"}
            case _:
                return {
                    "sasl.mechanism": self.kafka_sasl_mechanism.value,
                    "sasl.username": self.kafka_sasl_username,
                    "sasl.password": self.sasl_password,
                }

    @property
    def login_variables(self) -> str:
        """What to check when a broker refuses this client: variables, and for IAM the role."""
        others = {SaslMechanism.OAUTHBEARER: _OAUTH_VARIABLES, SaslMechanism.AWS_MSK_IAM: _IAM_VARIABLES}
        return others.get(self.kafka_sasl_mechanism, _VARIABLES)

    def refusal(self, errors: Iterable[ClientError]) -> str | None:
        """Return a message if one of the errors refuses this client for good; None when a retry can succeed."""
        for error in errors:
            if error.name() in _REFUSALS:
                servers = self.kafka_bootstrap_servers
                return f"the broker at {servers} refuses this client ({error.str()}): check {self.login_variables}"
        return None

    def absence(self, error: ClientError) -> str:
        """Return the message for brokers that did not answer in time."""
        servers = self.kafka_bootstrap_servers
        return (
            f"no Kafka broker answers at {servers} ({error.str()}): start it, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
        )


def _secret(given: SecretStr | None, file: Path | None) -> str | None:
    if given is not None:
        return given.get_secret_value()
    return None if file is None else file.read_text().removesuffix("\n")
