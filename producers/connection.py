"""How the sending programs reach Kafka, and the check at the start that they do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from producers.errors import AuthenticationError, BrokerUnavailableError, ProducerSetupError, TopicMissingError
from producers.kafka import REFUSALS, VARIABLES
from producers.settings import ProducerSettings

log = logging.getLogger("producers.kafka")
# librdkafka repeats itself while a broker is away: who wants its lines adds a handler
log.addHandler(logging.NullHandler())

_TRY_SECONDS = 1.0


def connection_of(settings: ProducerSettings) -> dict[str, Any]:
    """Write the part of librdkafka's configuration that every client has."""
    return settings.librdkafka() | {"client.id": "hourglass", "reconnect.backoff.max.ms": 2000}


def check_topic(settings: ProducerSettings, clock: Callable[[], float]) -> None:
    """Make sure that the broker answers, takes the credentials and has the topic.

    Raises:
        ProducerSetupError: one of its kinds, within `setup_limit_seconds` and one try.
    """
    if settings.topic not in _topics(settings, clock):
        raise TopicMissingError(
            f"topic {settings.topic!r} is not at {settings.kafka_bootstrap_servers}, or these credentials may "
            "not see it: create it, or set HOURGLASS_TOPIC"
        )


def text_of(exc: Exception) -> str:
    """Read what librdkafka says, without the wrapping of its Python client."""
    error = exc.args[0] if exc.args else exc
    return error.str() if isinstance(error, KafkaError) else str(error)


def _topics(settings: ProducerSettings, clock: Callable[[], float]) -> Container[str]:
    errors: list[KafkaError] = []
    configuration: dict[str, Any] = {**connection_of(settings), "error_cb": errors.append}
    try:
        client = AdminClient(configuration, logger=log)
    except (KafkaException, ValueError) as exc:
        raise ProducerSetupError(f"Kafka refuses the settings: {text_of(exc)}") from exc
    give_up_at = clock() + settings.setup_limit_seconds
    while True:
        try:
            # asks for all topics: a request for one topic makes it on brokers that create topics by themselves
            topics: Container[str] = client.list_topics(timeout=_TRY_SECONDS).topics
        except KafkaException as exc:
            client.poll(0)
            _refuse_if_hopeless(settings, [*errors, exc.args[0]], exc, out_of_time=clock() >= give_up_at)
        else:
            return topics


def _refuse_if_hopeless(
    settings: ProducerSettings, errors: list[KafkaError], exc: KafkaException, *, out_of_time: bool
) -> None:
    servers = settings.kafka_bootstrap_servers
    for error in errors:
        if error.name() in REFUSALS:
            raise AuthenticationError(
                f"the broker at {servers} refuses this client ({error.str()}): check {VARIABLES}"
            ) from exc
    if out_of_time:
        raise BrokerUnavailableError(
            f"no broker answers at {servers} ({errors[0].str()}): start it, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
        ) from exc
