"""Logins by tokens: of an OAuth server, and by AWS's IAM; with the job, a producer, orchestration and the doctor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flink_jobs.errors import LandingJobError
from infra.doctor.broker import answers
from infra.doctor.checks import Judgement
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.errors import BrokerRefusedError
from producers.client import EventProducer
from producers.errors import AuthenticationError
from producers.kafka import KafkaAccess
from producers.settings import ProducerSettings
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.secure_broker import Certificates, certificates
from tests.faults.test_security import an_event
from tests.faults.token_broker import KEY_ID, REGION, SECRET_KEY, TokenListener, TokenServers
from tests.faults.token_server import CLIENT, SCOPE, SECRET, TokenServer
from tests.integration.truth import read_landed, wait_for

pytestmark = pytest.mark.long  # a broker of its own, and tokens that have to expire
RECORDS = 100
JAVA = "Java/"
"""How the requests of Java's own HTTP client begin to name themselves."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates") / "right")


@pytest.fixture(scope="module")
def tokens() -> TokenServer:
    return TokenServer()


@pytest.fixture(scope="module")
def endpoint(tokens: TokenServer, made: Certificates) -> Iterator[str]:
    with tokens.serve(made) as url:
        yield url


@pytest.fixture(scope="module")
def servers(tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServers]:
    folder = tmp_path_factory.mktemp("tokens")
    tokens.write_keys(folder / "keys.json")
    with TokenServers(folder, folder / "keys.json") as servers:
        yield servers


@pytest.fixture
def oauth(servers: TokenServers, endpoint: str, made: Certificates) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": servers.addresses[TokenListener.OAUTH],
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": "OAUTHBEARER",
        "kafka_sasl_username": CLIENT,
        "kafka_sasl_password": SECRET,
        "kafka_oauth_endpoint": endpoint,
        "kafka_oauth_scope": SCOPE,
        "kafka_oauth_ca_location": made.authority,
    }


@pytest.fixture
def iam(servers: TokenServers, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    return {
        "kafka_bootstrap_servers": servers.addresses[TokenListener.IAM],
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": "AWS_MSK_IAM",
        "kafka_aws_region": REGION,
    }


def land(stack: LandingStack, first: int = 0) -> None:
    """Send records at the plain listener, and wait until the job, which has to log in, has landed them."""
    sent = stack.produce([Raw(event(first + number), partition=number % 4) for number in range(RECORDS)])
    stack.wait_until_landed(sent)
    assert sent <= set(read_landed(stack.settings).accepted)


def test_the_job_lands_with_tokens_and_renews_them_before_they_expire(
    servers: TokenServers, oauth: dict[str, Any], tokens: TokenServer
) -> None:
    """The broker closes a connection whose token has expired; the job still lands after two lives of its first."""
    with LandingStack(servers, "oauth", **oauth) as stack:
        stack.start_job()
        land(stack)
        shown = stack.job_shows()
        before = tokens.issued.copy()
        wait_for(
            lambda: len(of_java(tokens.issued)) >= len(of_java(before)) + 4,
            seconds_max=90,
            what="new tokens of the job's consumer and admin client",
        )
        land(stack, RECORDS)
        assert stack.status().restarts == 0
        holders = [file for file in stack.job_files() if SECRET.encode() in file.content]
        assert ["kafka_sasl_password"] == [file.path.name for file in holders]
        assert SECRET not in shown


def of_java(agents: list[str]) -> list[str]:
    """Return those who are Java's HTTP client: the job."""
    return [agent for agent in agents if agent.startswith(JAVA)]


def test_the_job_lands_by_iam(servers: TokenServers, iam: dict[str, Any]) -> None:
    """The broker checks host, action, region, key and signature, as Amazon MSK does."""
    with LandingStack(servers, "iam", **iam) as stack:
        stack.start_job()
        land(stack)


@pytest.mark.parametrize("login", ["oauth", "iam"])
def test_the_other_programs_take_the_same_variables(
    servers: TokenServers, login: str, request: pytest.FixtureRequest
) -> None:
    """A producer sends, orchestration reads, and the doctor is content."""
    told = request.getfixturevalue(login)
    with LandingStack(servers, f"same-{login}") as stack:
        with EventProducer(ProducerSettings(topic=stack.settings.topic, **told)) as producer:
            producer.send(an_event())
            assert 1 == producer.flush().acked
        broker = KafkaBroker(KafkaAccess(**told))
        assert 1 == sum(marks.end for marks in broker.offsets(stack.settings.topic).partitions.values())
        assert not judged(told, stack).repair


@pytest.mark.parametrize(
    ("login", "wrong", "names"),
    [
        ("oauth", {"kafka_sasl_password": "wrong-canary"}, "_OAUTH_ENDPOINT"),
        ("oauth", {"kafka_sasl_username": "nobody"}, "_OAUTH_ENDPOINT"),
        ("oauth", {"kafka_oauth_scope": "other"}, "_OAUTH_SCOPE"),
        ("oauth", {"kafka_oauth_ca_location": None}, "_OAUTH_CA_LOCATION"),
        ("iam", {"kafka_aws_region": "us-east-1"}, "_AWS_REGION"),
        ("iam", {"AWS_SECRET_ACCESS_KEY": "wrong-canary"}, "AWS credentials"),
    ],
    ids=["secret", "client", "scope", "authority", "region", "key"],
)
def test_a_wrong_login_is_refused_with_its_variables(
    servers: TokenServers, request: pytest.FixtureRequest, login: str, wrong: dict[str, Any], names: str
) -> None:
    """Start, producer, orchestration and doctor say what to check; no message has a secret, and nothing runs."""
    monkeypatch = request.getfixturevalue("monkeypatch")
    told = request.getfixturevalue(login) | {name: value for name, value in wrong.items() if name.islower()}
    for name, value in wrong.items():
        if name.isupper():
            monkeypatch.setenv(name, value)
    with LandingStack(servers, f"wrong-{request.node.callspec.id}", **told) as stack:
        calls: dict[type[Exception], Callable[[], object]] = {
            LandingJobError: stack.start_job,
            AuthenticationError: lambda: EventProducer(ProducerSettings(topic=stack.settings.topic, **told)),
            BrokerRefusedError: lambda: KafkaBroker(KafkaAccess(**told)).offsets(stack.settings.topic),
        }
        for error, call in calls.items():
            with pytest.raises(error, match=names) as caught:
                call()
            assert "canary" not in f"{caught.value!r} {caught.value}"
        found = judged(told, stack)
        assert names in found.said
        assert found.repair
        assert "canary" not in repr(found)
        assert not stack.job_lives()


def judged(told: dict[str, Any], stack: LandingStack) -> Judgement:
    """Return what `hourglass doctor` says of the broker."""
    return answers(KafkaBroker(KafkaAccess(**told)), stack.settings.topic)


def test_the_key_of_another_oauth_server_is_refused(
    servers: TokenServers, oauth: dict[str, Any], made: Certificates
) -> None:
    """The broker trusts the signature, and not who asks: this token has the same claims and another key."""
    with (
        TokenServer().serve(made) as other,
        LandingStack(servers, "other-key") as stack,
        pytest.raises(BrokerRefusedError, match="_OAUTH_ENDPOINT"),
    ):
        KafkaBroker(KafkaAccess(**oauth | {"kafka_oauth_endpoint": other})).offsets(stack.settings.topic)
