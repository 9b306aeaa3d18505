"""The Kafka connection of the sending programs, and the check of it at their start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]  # no __all__

from producers.errors import AuthenticationError, BrokerUnavailableError, ProducerSetupError, TopicMissingError
from producers.sending.limits import TopicLimits, ask_limits
from producers.settings import ProducerSettings

log = logging.getLogger("producers.kafka")
# silent by default: librdkafka logs twenty lines a second while a broker is away
log.addHandler(logging.NullHandler())

_TRY_SECONDS = 1.0


def connection_of(settings: ProducerSettings) -> dict[str, Any]:
    """Return the part of librdkafka's configuration that every client shares."""
    return settings.librdkafka() | {"client.id": "hourglass", "reconnect.backoff.max.ms": 2000}


def check_topic(settings: ProducerSettings, clock: Callable[[], float]) -> TopicLimits:
    """Check that the broker answers, accepts the credentials and has the topic; return what the topic refuses.

    Raises:
        ProducerSetupError: one of its kinds, within `setup_limit_seconds` and one try.
    """
    client, cluster = _metadata(settings, clock)
    if settings.topic not in cluster.topics:
        raise TopicMissingError(
            f"topic {settings.topic!r} is not at {settings.kafka_bootstrap_servers}, or these credentials may "
            "not see it: create it, or set HOURGLASS_TOPIC"
        )
    # without a controller, as librdkafka's mock has none, the client would wait for one before it asks
    return ask_limits(client, settings.topic) if cluster.controller_id in cluster.brokers else TopicLimits()


def text_of(exc: Exception) -> str:
    """Return the text of librdkafka's error, without what its Python client adds."""
    error = exc.args[0] if exc.args else exc
    return error.str() if isinstance(error, KafkaError) else str(error)


def _metadata(settings: ProducerSettings, clock: Callable[[], float]) -> tuple[AdminClient, ClusterMetadata]:
    errors: list[KafkaError] = []
    configuration: dict[str, Any] = {**connection_of(settings), "error_cb": errors.append}
    try:
        client = AdminClient(configuration, logger=log)
    except (KafkaException, ValueError) as exc:
        raise ProducerSetupError(f"Kafka refuses the settings: {text_of(exc)}") from exc
    give_up_at = clock() + settings.setup_limit_seconds
    while True:
        try:
            # lists all topics: a request for one topic creates it on brokers with auto.create.topics.enable
            cluster = client.list_topics(timeout=_TRY_SECONDS)
        except KafkaException as exc:
            client.poll(0)
            _refuse_if_hopeless(settings, [*errors, exc.args[0]], exc, out_of_time=clock() >= give_up_at)
        else:
            return client, cluster


def _refuse_if_hopeless(
    settings: ProducerSettings, errors: list[KafkaError], exc: KafkaException, *, out_of_time: bool
) -> None:
    if refusal := settings.refusal(errors):
        raise AuthenticationError(refusal) from exc
    if out_of_time:
        raise BrokerUnavailableError(settings.absence(errors[0])) from exc
