"""Translate the settings of Kafka into those of its Java client, and set the job's consumer. Pure.

Flink keeps these properties in the job graph, which is sent and stored. So they hold no password, only the name of the
file with it, which every machine of the cluster must have.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flink_jobs.settings import LandingSettings
from producers.kafka import SaslMechanism

CONSUMER = {
    "fetch.min.bytes": "65536",
    "fetch.max.wait.ms": "200",
    "receive.buffer.bytes": "524288",
    "max.poll.records": "300",
    "isolation.level": "read_committed",
}
"""Answers that wait until they are worth a request cost less; a quiet topic waits at most `fetch.max.wait.ms` longer.
Answers of plain batches land as a whole (`BatchCollector`). Records are counted only in polls of transactions and old
formats. As long as all came so, 1,000 at a time cost the job 2.5 % more CPU than 300, shares of 256 KB for a partition
6 % more than Kafka's 1 MB, a socket buffer of 4 MB 1 % more than this; a broker far away may want the larger one.
Of transactions only what was committed lands; the offsets of aborted records and of markers are holes of the ledger."""

OURS = "io.hourglass.landing.kafka"
LOGIN = f"{OURS}.PasswordFileLogin"
OAUTH = "org.apache.kafka.common.security.oauthbearer"
TOKEN_LOGIN = f"{OAUTH}.OAuthBearerLoginModule"


def consumer_properties(settings: LandingSettings) -> dict[str, str]:
    """Return every property of the job's consumer but its starting offsets.

    An offset that the broker does not have is an error: continuing elsewhere would look like a hole.
    """
    consumer = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "group.id": settings.job_name,
        "auto.offset.reset": "earliest" if settings.kafka_skip_deleted else "none",
    }
    discovery = {"partition.discovery.interval.ms": str(settings.partition_discovery_seconds * 1000)}
    return CONSUMER | consumer | discovery | security_properties(settings) | settings.kafka_consumer_extras


def security_properties(settings: LandingSettings) -> dict[str, str]:
    """Return the properties of encryption and login.

    Raises:
        ValueError: a password is in a variable and not in a file.
    """
    protocol = settings.kafka_security_protocol
    return (
        {"security.protocol": protocol.value}
        | (_login(settings) if protocol.has_login else {})
        | (_encryption(settings) if protocol.is_encrypted else {})
    )


def _login(settings: LandingSettings) -> dict[str, str]:
    if settings.kafka_sasl_mechanism is SaslMechanism.AWS_MSK_IAM:
        return _by_iam(settings)
    if settings.kafka_sasl_password_file is None:
        raise ValueError("the job reads the password of Kafka only from HOURGLASS_KAFKA_SASL_PASSWORD_FILE")
    if settings.kafka_sasl_mechanism is SaslMechanism.OAUTHBEARER:
        return _by_token(settings, settings.kafka_sasl_password_file)
    return {
        "sasl.mechanism": settings.kafka_sasl_mechanism.value,
        "sasl.jaas.config": _jaas(
            LOGIN, {"username": settings.kafka_sasl_username or "", "password_file": settings.kafka_sasl_password_file}
        ),
    }


def _by_token(settings: LandingSettings, secret: Path) -> dict[str, str]:
    """Name classes of the client alone: Kafka's defaults need the broker's library for tokens."""
    options: dict[str, str | Path] = {"password_file": secret}
    if settings.kafka_oauth_ca_location:
        options |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": settings.kafka_oauth_ca_location}
    values = {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.jaas.config": _jaas(TOKEN_LOGIN, options),
        "sasl.login.callback.handler.class": f"{OURS}.ClientSecretFileLogin",
        "sasl.oauthbearer.token.endpoint.url": settings.kafka_oauth_endpoint or "",
        "sasl.oauthbearer.client.credentials.client.id": settings.kafka_sasl_username or "",
        "sasl.oauthbearer.jwt.retriever.class": f"{OAUTH}.ClientCredentialsJwtRetriever",
        "sasl.oauthbearer.jwt.validator.class": f"{OAUTH}.ClientJwtValidator",
    }
    return values | ({"sasl.oauthbearer.scope": settings.kafka_oauth_scope} if settings.kafka_oauth_scope else {})


def _by_iam(settings: LandingSettings) -> dict[str, str]:
    return {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.jaas.config": _jaas(TOKEN_LOGIN, {"region": settings.kafka_aws_region or ""}),
        "sasl.login.callback.handler.class": f"{OURS}.MskIamLogin",
    }


def _jaas(module: str, options: Mapping[str, str | Path]) -> str:
    written = " ".join(f"{name}={_quoted(str(value))}" for name, value in options.items())
    return f"{module} required {written};"


def _encryption(settings: LandingSettings) -> dict[str, str]:
    values = {"ssl.endpoint.identification.algorithm": "https" if settings.kafka_ssl_check_host_name else ""}
    if settings.kafka_ssl_ca_location:
        values |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(settings.kafka_ssl_ca_location)}
    if settings.kafka_ssl_certificate_location and settings.kafka_ssl_key_location:
        values |= {
            "config.providers": "directory",
            "config.providers.directory.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": _content(settings.kafka_ssl_certificate_location),
            "ssl.keystore.key": _content(settings.kafka_ssl_key_location),
        }
        if settings.kafka_ssl_key_password_file:
            values["ssl.key.password"] = _content(settings.kafka_ssl_key_password_file)
    return values


def _content(file: Path) -> str:
    """Refer to a file that the client reads where it runs."""
    return f"${{directory:{file.parent}:{file.name}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
