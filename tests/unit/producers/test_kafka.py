from __future__ import annotations

from pathlib import Path
from typing import Any

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
        ({"kafka_ssl_ca_location": "/nowhere/ca.pem"}, "No such file"),
        ({"kafka_ssl_ca_location": "/tmp/${x}"}, "cannot take a path"),  # noqa: S108 - never opened
        ({"kafka_ssl_certificate_location": __file__}, "_KEY_LOCATION go together"),
        ({"kafka_sasl_mechanism": "GSSAPI", "kafka_sasl_password": PASSWORD}, "kafka_sasl_mechanism"),
    ],
)
def test_half_settings_are_refused_with_their_repair(values: dict[str, str], repair: str) -> None:
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
