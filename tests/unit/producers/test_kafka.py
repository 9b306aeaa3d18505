from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import ValidationError

from producers.kafka import KafkaAccess

PASSWORD = 'canary "x" \\ $%{'


def access(**values: Any) -> KafkaAccess:
    return KafkaAccess(_env_file=None, **values)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "certificate", "key")}
    for file in files.values():
        file.write_text("-----BEGIN")
    return files


def test_without_settings_the_connection_is_plain() -> None:
    """The local broker needs no login."""
    assert {"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "PLAINTEXT"} == access().librdkafka()


def test_login_and_certificates_get_the_names_of_librdkafka(files: dict[str, Path]) -> None:
    """Every setting is passed on, the password unchanged."""
    both = access(
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_username="me",
        kafka_sasl_password=PASSWORD,
        kafka_ssl_ca_location=files["ca"],
        kafka_ssl_certificate_location=files["certificate"],
        kafka_ssl_key_location=files["key"],
        kafka_ssl_key_password="of the key",
        kafka_ssl_check_host_name=False,
    )
    expected = {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": PASSWORD,
        "ssl.ca.location": str(files["ca"]),
        "ssl.certificate.location": str(files["certificate"]),
        "ssl.key.location": str(files["key"]),
        "ssl.key.password": "of the key",
        "ssl.endpoint.identification.algorithm": "none",
    }
    assert expected == both.librdkafka()


OAUTH = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "OAUTHBEARER",
    "kafka_sasl_username": "me",
    "kafka_sasl_password": PASSWORD,
    "kafka_oauth_endpoint": "https://login.test/oauth/token",
}
IAM = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "AWS_MSK_IAM",
    "kafka_aws_region": "eu-central-1",
}


def test_client_credentials_get_the_names_of_librdkafka(files: dict[str, Path]) -> None:
    """User name and password are the client's id and secret; a scope that is not set is not asked for."""
    expected = {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "me",
        "sasl.oauthbearer.client.secret": PASSWORD,
        "sasl.oauthbearer.token.endpoint.url": "https://login.test/oauth/token",
        "https.ca.location": str(files["ca"]),
        "ssl.endpoint.identification.algorithm": "https",
    }
    assert expected == access(**OAUTH, kafka_oauth_ca_location=files["ca"]).librdkafka()
    assert "a b" == access(**OAUTH, kafka_oauth_scope="a b").librdkafka()["sasl.oauthbearer.scope"]


def test_iam_signs_a_connection_of_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is a signed address of the region, and lives for minutes; the settings hold no key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHETEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    settings = access(**IAM).librdkafka()
    value, expires = settings.pop("oauth_cb")("")
    address = urlsplit(urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode())
    asked = parse_qs(address.query)
    assert "kafka.eu-central-1.amazonaws.com" == address.hostname
    assert ["kafka-cluster:Connect"] == asked["Action"]
    signed = datetime.strptime(asked["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(expires - signed.timestamp() - int(asked["X-Amz-Expires"][0])) <= 1
    assert {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.endpoint.identification.algorithm": "https",
    } == settings


@pytest.mark.parametrize(
    ("login", "names"), [(OAUTH, "_OAUTH_ENDPOINT"), (IAM, "AWS credentials"), ({}, "_SASL_PASSWORD")]
)
def test_a_refusal_names_what_its_login_is_made_of(login: dict[str, str], names: str) -> None:
    assert names in (access(**login).refusal([KafkaError(KafkaError._AUTHENTICATION)]) or "")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_librdkafka_knows_every_name(mechanism: str) -> None:
    """The real client takes the settings; it refuses a name that it does not know."""
    login = {"kafka_sasl_mechanism": mechanism, "kafka_sasl_username": "me", "kafka_sasl_password": PASSWORD}
    settings = access(kafka_bootstrap_servers="127.0.0.1:1", kafka_security_protocol="SASL_SSL", **login)
    assert isinstance(AdminClient({**settings.librdkafka(), "log_level": 0}), AdminClient)
    with pytest.raises(KafkaException, match=r"(?i)unsupported|invalid value"):
        AdminClient({**settings.librdkafka(), "sasl.mechanism": "SCRAM", "log_level": 0})


def test_a_password_may_be_in_a_file(tmp_path: Path) -> None:
    """Only its last line break is removed; the variable has precedence over the file."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD} \n")
    login = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_username": "me", "kafka_sasl_password_file": file}
    assert f"{PASSWORD} " == access(**login).sasl_password
    assert "other" == access(**login, kafka_sasl_password="other").sasl_password


def test_a_variable_without_a_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An orchestrator may pass empty variables."""
    monkeypatch.setenv("HOURGLASS_KAFKA_SASL_PASSWORD", "")
    assert access().kafka_sasl_password is None


@pytest.mark.parametrize(
    ("values", "repair"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "HOURGLASS_KAFKA_SASL_USERNAME"),
        ({"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_username": "me"}, "HOURGLASS_KAFKA_SASL_PASSWORD"),
        ({"kafka_sasl_password": "canary", "kafka_security_protocol": "SASL_SSL"}, "HOURGLASS_KAFKA_SASL_USERNAME"),
        ({**OAUTH, "kafka_oauth_endpoint": None}, "HOURGLASS_KAFKA_OAUTH_ENDPOINT"),
        ({**OAUTH, "kafka_sasl_password": None}, "HOURGLASS_KAFKA_SASL_PASSWORD"),
        ({**OAUTH, "kafka_oauth_endpoint": "https://me:canary@login.test/"}, "kafka_oauth_endpoint"),
        ({**IAM, "kafka_aws_region": None}, "HOURGLASS_KAFKA_AWS_REGION"),
        ({**IAM, "kafka_aws_region": "Frankfurt"}, "kafka_aws_region"),
        ({"kafka_ssl_ca_location": "/nowhere/ca.pem"}, "No such file"),
        ({"kafka_ssl_ca_location": "/tmp/${x}"}, "cannot take a path"),  # noqa: S108 - never opened
        ({"kafka_ssl_certificate_location": __file__}, "_KEY_LOCATION go together"),
        ({"kafka_sasl_mechanism": "GSSAPI", "kafka_sasl_password": PASSWORD}, "kafka_sasl_mechanism"),
    ],
)
def test_half_settings_are_refused_with_their_repair(values: dict[str, str | None], repair: str) -> None:
    """The message names the missing settings; it does not repeat given values, because one may be a password."""
    with pytest.raises(ValidationError, match=repair) as caught:
        access(**values)
    assert "canary" not in str(caught.value)


def test_the_password_is_masked() -> None:
    assert "canary" not in repr(access(kafka_sasl_password=PASSWORD))


def test_a_refused_login_is_not_a_broker_that_is_away() -> None:
    """One refusal among errors of the transport decides; the message names the variables to check."""
    away, refused = KafkaError(KafkaError._TRANSPORT), KafkaError(KafkaError._AUTHENTICATION)
    assert access().refusal([away]) is None
    assert "127.0.0.1:9092 refuses this client" in (access().refusal([away, refused]) or "")
    assert "HOURGLASS_KAFKA_SECURITY_PROTOCOL" in (access().refusal([refused]) or "")
    assert "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS" in access().absence(away)
