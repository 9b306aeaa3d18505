"""The job on a broker with login over TLS: accepted with the right secret, refused at once with a wrong one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from flink_jobs.errors import LandingJobError
from flink_jobs.settings import LandingSettings
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.errors import BrokerRefusedError
from producers.client import EventProducer
from producers.errors import AuthenticationError
from producers.events import EventType, PlatformEvent
from producers.kafka import KafkaAccess
from producers.settings import ProducerSettings
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.secure_broker import (
    PASSWORD,
    STORE_PASSWORD,
    USER,
    Certificates,
    Listener,
    SecureProcessServers,
    SecureServers,
    certificates,
)
from tests.integration.truth import object_contents, read_landed
from tests.stacks.option import on_containers

REFUSAL_SECONDS_MAX = 10.0
CONTAINER_SECONDS_MAX = 120.0
"""More, for the start of a container."""
pytestmark = pytest.mark.either_stack
RECORDS = 200
SETTINGS = {".env"}
"""The file with which a container is made."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates") / "right")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates") / "elsewhere", name="DNS:elsewhere.test")


@pytest.fixture(scope="module")
def secure(
    pytestconfig: pytest.Config,
    made: Certificates,
    elsewhere: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SecureServers]:
    with secure_servers(pytestconfig)(tmp_path_factory.mktemp("secure"), made, elsewhere) as servers:
        yield servers


def secure_servers(config: pytest.Config) -> Callable[[Path, Certificates, Certificates], SecureServers]:
    """Return what makes the servers of the chosen stack."""
    if on_containers(config):
        from tests.stacks.secure import SecureContainerServers  # noqa: PLC0415 - only there is a package for it

        return SecureContainerServers
    return SecureProcessServers


def login(servers: SecureServers, made: Certificates, **changes: Any) -> dict[str, Any]:
    """Return the connection settings that every program shares."""
    values = {
        "kafka_bootstrap_servers": servers.addresses[Listener.LOGIN],
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_sasl_username": USER,
        "kafka_sasl_password": PASSWORD,
        "kafka_ssl_ca_location": made.authority,
    }
    return values | changes


def land(stack: LandingStack) -> None:
    """Start the job, send records, and wait until exactly these have landed."""
    stack.start_job()
    sent = stack.produce([Raw(event(number), partition=number % 4) for number in range(RECORDS)])
    stack.wait_until_landed(sent)
    assert sent == set(read_landed(stack.settings).accepted)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", pytest.param("PLAIN", marks=pytest.mark.long)])
def test_the_right_password_lands_and_is_seen_nowhere(
    secure: SecureServers, made: Certificates, mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds of login work with quotes in the password; it is in one file only, readable by its owner only.

    The test searches every file that the job has left, its logs, its checkpoints and everything else in the bucket,
    decompressed; the command line and the environment of each of its processes, and the responses of Flink's REST API.
    """
    monkeypatch.setenv("HOURGLASS_KAFKA_SASL_PASSWORD", PASSWORD)
    stream = f"login-{mechanism.lower()}"
    with LandingStack(secure, stream, **login(secure, made, kafka_sasl_mechanism=mechanism)) as stack:
        land(stack)
        told = stack.job_shows()
        shown = "\n".join(flink_tells(stack.landing))
        stack.stop_job()

        files = [file for file in stack.job_files() if file.path.name not in SETTINGS]
        holders = [file for file in files if b"canary-of-kafka" in file.content]
        assert [("secrets", "kafka_sasl_password", 0o600)] == [
            (file.path.parent.name, file.path.name, file.mode) for file in holders
        ]
        assert "canary-of-kafka" not in told
        assert "canary-of-kafka" not in shown
        assert stack.landing.s3_secret_access_key
        bucket_secret = stack.landing.s3_secret_access_key.get_secret_value()
        assert bucket_secret not in shown + told
        contents = dict(object_contents(stack.settings))
        assert [] == [key for key, content in contents.items() if b"canary-of-kafka" in content]
        assert any(b'"event_id"' in content for content in contents.values()), "what landed was not readable"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256"])
def test_the_other_programs_take_the_same_variables(secure: SecureServers, made: Certificates, mechanism: str) -> None:
    """A producer sends and orchestration reads, with the settings of the job."""
    told = login(secure, made, kafka_sasl_mechanism=mechanism)
    with LandingStack(secure, f"same-variables-{mechanism.lower()}") as stack:
        with EventProducer(ProducerSettings(topic=stack.settings.topic, **told)) as producer:
            producer.send(an_event())
            assert 1 == producer.flush().acked
        offsets = KafkaBroker(KafkaAccess(**told)).offsets(stack.settings.topic)
        assert 1 == sum(marks.end for marks in offsets.partitions.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_sasl_password": "wrong-canary"},
        {"kafka_sasl_username": "nobody"},
        {"kafka_ssl_ca_location": "other authority"},
        {"kafka_ssl_ca_location": None},
    ],
    ids=["password", "user", "authority", "no-authority"],
)
def test_a_wrong_secret_is_refused_at_once_with_its_variables(
    pytestconfig: pytest.Config, secure: SecureServers, made: Certificates, wrong: dict[str, Any], tmp_path: Path
) -> None:
    """The start, a producer and orchestration are refused within ten seconds; nothing starts, no secret is printed."""
    if wrong.get("kafka_ssl_ca_location"):
        wrong = {"kafka_ssl_ca_location": certificates(tmp_path / "other").authority}
    told = login(secure, made, **wrong)
    with LandingStack(secure, f"wrong-{next(iter(wrong)).replace('_', '-')}-{os.urandom(2).hex()}", **told) as stack:
        calls: dict[type[Exception], Callable[[], object]] = {
            LandingJobError: stack.start_job,
            AuthenticationError: lambda: EventProducer(ProducerSettings(topic=stack.settings.topic, **told)),
            BrokerRefusedError: lambda: KafkaBroker(KafkaAccess(**told)).offsets(stack.settings.topic),
        }
        more: dict[type[Exception], float] = {}
        if on_containers(pytestconfig):
            more = {LandingJobError: CONTAINER_SECONDS_MAX}
        for error, call in calls.items():
            began = time.monotonic()
            with pytest.raises(error, match="HOURGLASS_KAFKA_SECURITY_PROTOCOL") as caught:
                call()
            assert time.monotonic() - began < REFUSAL_SECONDS_MAX + more.get(error, 0)
            assert "canary" not in f"{caught.value!r} {caught.value}"
        assert not stack.job_lives()


def test_a_certificate_of_another_name_is_refused_unless_names_are_not_checked(
    secure: SecureServers, elsewhere: Certificates
) -> None:
    """The job connects to a host of another name only if it does not check names."""
    told = login(secure, elsewhere, kafka_bootstrap_servers=secure.addresses[Listener.ELSEWHERE])
    with LandingStack(secure, "other-name", **told) as stack:
        with pytest.raises(LandingJobError, match="HOURGLASS_KAFKA_SECURITY_PROTOCOL"):
            stack.start_job()
        stack.landing = stack.landing.model_copy(update={"kafka_ssl_check_host_name": False})
        land(stack)


def test_a_client_certificate_lets_the_job_in(secure: SecureServers, made: Certificates) -> None:
    """Without a certificate the job is refused; the key is in its own file only, and its password in another."""
    told = login(
        secure,
        made,
        kafka_bootstrap_servers=secure.addresses[Listener.CERTIFIED],
        kafka_security_protocol="SSL",
    )
    ours: dict[str, Any] = {
        "kafka_ssl_certificate_location": made.client,
        "kafka_ssl_key_location": made.client_key,
        "kafka_ssl_key_password": STORE_PASSWORD,
    }
    with (
        LandingStack(secure, "no-certificate", **told) as stack,
        pytest.raises(LandingJobError, match=r"bad certificate|certificate required"),
    ):
        stack.start_job()
    with LandingStack(secure, "certificate", **told, **ours) as stack:
        land(stack)


def flink_tells(settings: LandingSettings) -> Iterator[str]:
    """Return all responses of Flink's REST API about its configuration and the job."""
    job = json.loads(ask_flink(settings, "jobs/overview"))["jobs"][0]["jid"]
    pages = ["config", "jobmanager/config", "jobmanager/environment", f"jobs/{job}", f"jobs/{job}/config"]
    for page in [*pages, f"jobs/{job}/plan", f"jobs/{job}/checkpoints/config", "jobmanager/logs"]:
        yield ask_flink(settings, page)


def ask_flink(settings: LandingSettings, page: str) -> str:
    with urlopen(f"{settings.flink_rest}/{page}", timeout=10) as answer:  # noqa: S310 - http on this machine
        text: str = answer.read().decode()
        return text


def an_event() -> PlatformEvent:
    return PlatformEvent(
        event_id="e-1",
        event_type=EventType.RUN_START,
        occurred_at=datetime(2025, 8, 1, 3, tzinfo=UTC),
        organization="o",
        deployment="d",
        payload={},
    )
