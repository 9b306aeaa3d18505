from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flink_jobs.flink.kafka_properties import CONSUMER, consumer_properties, security_properties
from flink_jobs.settings import LandingSettings

DIRECTORY_PROVIDER = "org.apache.kafka.common.config.provider.DirectoryConfigProvider"


def settings(**values: Any) -> LandingSettings:
    return LandingSettings(_env_file=None, **values)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file.pem"
    file.write_text("-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n")
    return file


def test_without_settings_the_consumer_is_plain() -> None:
    """The properties are address, fetch settings, and partition discovery every half minute, and no others."""
    plain = {"partition.discovery.interval.ms": "30000", "security.protocol": "PLAINTEXT"}
    where = {"bootstrap.servers": "broker:9092", "group.id": "hourglass-events", "auto.offset.reset": "none"}
    found = consumer_properties(settings(kafka_bootstrap_servers="broker:9092", stream="events"))
    assert CONSUMER | plain | where == found


def test_only_who_accepts_the_loss_reads_on_elsewhere() -> None:
    """The choice matters if the broker has deleted records before they were read."""
    assert "earliest" == consumer_properties(settings(kafka_skip_deleted=True))["auto.offset.reset"]


def test_extras_go_before_what_is_usual() -> None:
    """An operator's properties replace the defaults."""
    extras = {"fetch.min.bytes": "1", "client.rack": "eu-1a"}
    properties = consumer_properties(settings(kafka_consumer_extras=extras))
    assert extras == {name: properties[name] for name in extras}


def test_the_password_stays_in_its_file(file: Path) -> None:
    """The properties are part of the job's graph, so they name the file, and quote characters that JAAS interprets."""
    found = security_properties(
        settings(
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_sasl_mechanism="PLAIN",
            kafka_sasl_username='me "\\',
            kafka_sasl_password_file=file,
        )
    )
    login = 'io.hourglass.landing.kafka.PasswordFileLogin required username="me \\"\\\\" password_file="FILE";'
    expected = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": login.replace("FILE", str(file)),
    }
    assert expected == found


def test_the_client_secret_stays_in_its_file(file: Path) -> None:
    """Kafka's own classes ask for the token; ours reads the secret where the client runs."""
    found = security_properties(
        settings(
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_sasl_mechanism="OAUTHBEARER",
            kafka_sasl_username="me",
            kafka_sasl_password_file=file,
            kafka_oauth_endpoint="https://login.test/token",
            kafka_oauth_scope="events",
            kafka_oauth_ca_location=file,
        )
    )
    oauth = "org.apache.kafka.common.security.oauthbearer"
    options = f'password_file="{file}" ssl.truststore.type="PEM" ssl.truststore.location="{file}"'
    expected = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.jaas.config": f"{oauth}.OAuthBearerLoginModule required {options};",
        "sasl.login.callback.handler.class": "io.hourglass.landing.kafka.ClientSecretFileLogin",
        "sasl.oauthbearer.token.endpoint.url": "https://login.test/token",
        "sasl.oauthbearer.client.credentials.client.id": "me",
        "sasl.oauthbearer.scope": "events",
        "sasl.oauthbearer.jwt.retriever.class": f"{oauth}.ClientCredentialsJwtRetriever",
        "sasl.oauthbearer.jwt.validator.class": f"{oauth}.ClientJwtValidator",
    }
    assert expected == found


def test_iam_needs_no_file() -> None:
    """The credentials are those of the machine; on the wire the mechanism is OAUTHBEARER."""
    login = {"kafka_sasl_mechanism": "AWS_MSK_IAM", "kafka_aws_region": "eu-central-1"}
    found = security_properties(settings(kafka_security_protocol="SASL_PLAINTEXT", **login))
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    assert {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.jaas.config": f'{module} required region="eu-central-1";',
        "sasl.login.callback.handler.class": "io.hourglass.landing.kafka.MskIamLogin",
    } == found


def test_certificate_and_key_are_read_where_the_client_runs(file: Path) -> None:
    """A key in the properties would be a secret in the job's graph."""
    content = f"${{directory:{file.parent}:{file.name}}}"
    found = security_properties(
        settings(
            kafka_security_protocol="SSL",
            kafka_ssl_ca_location=file,
            kafka_ssl_certificate_location=file,
            kafka_ssl_key_location=file,
            kafka_ssl_key_password_file=file,
            kafka_ssl_check_host_name=False,
        )
    )
    expected = {
        "security.protocol": "SSL",
        "ssl.endpoint.identification.algorithm": "",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(file),
        "config.providers": "directory",
        "config.providers.directory.class": DIRECTORY_PROVIDER,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": content,
        "ssl.keystore.key": content,
        "ssl.key.password": content,
    }
    assert expected == found


@pytest.mark.parametrize(
    ("how", "is_read"), [("-v2 aes-256-cbc", False), ("-v1 PBE-SHA1-3DES", True), ("-nocrypt", True)]
)
def test_a_key_that_java_cannot_decrypt_is_refused_before_the_start(tmp_path: Path, how: str, is_read: bool) -> None:
    """The job would retry for minutes and then report that a factory is not available."""
    key = tmp_path / "key.pem"
    for command in ("genrsa -out raw.pem 2048", f"pkcs8 -topk8 {how} -passout pass:x -in raw.pem -out key.pem"):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    ours = {"kafka_ssl_certificate_location": key, "kafka_ssl_key_location": key}
    if is_read:
        assert key == settings(**ours).kafka_ssl_key_location
    else:
        with pytest.raises(ValidationError, match="PBE-SHA1-3DES"):
            settings(**ours)


def test_a_password_in_a_variable_does_not_reach_the_job() -> None:
    """The command writes the password to a file first; a cluster mounts one."""
    login = {"kafka_sasl_username": "me", "kafka_sasl_password": "canary"}
    with pytest.raises(ValueError, match="HOURGLASS_KAFKA_SASL_PASSWORD_FILE") as caught:
        security_properties(settings(kafka_security_protocol="SASL_SSL", **login))
    assert "canary" not in str(caught.value)


def test_the_host_name_is_checked_unless_told_otherwise() -> None:
    assert (
        "https" == security_properties(settings(kafka_security_protocol="SSL"))["ssl.endpoint.identification.algorithm"]
    )
