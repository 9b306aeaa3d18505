"""Whether the topics of the streams are as the landing job and the proof of an hour need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import cache, partial

from infra.doctor.checks import Area, Check, Judgement, ok, wrong
from infra.doctor.demands import Demands, spoken
from orchestration.landing.clients.kafka import KafkaBroker, RecordTime, TopicSettings
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError, TopicMissingError
from orchestration.stream.document import StreamDocument

Settings = Callable[[], TopicSettings]
"""Reads the settings of a topic at the first call."""
_ALTER = "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}"


def broker_checks(broker: KafkaBroker, documents: Iterable[StreamDocument], demands: Demands) -> Iterator[Check]:
    """Yield the checks of the broker, then those of each topic of each stream."""
    topics = [(topic, document) for document in documents for topic in document.topics]
    for topic, _ in topics[:1]:
        yield Check(Area.BROKER, "the broker answers", partial(answers, broker, topic), is_gate=True)
    for topic, document in topics:
        settings = cache(partial(broker.settings, topic))
        yield Check(Area.BROKER, f"record time of topic {topic}", partial(record_time, settings, topic, document))
        yield Check(Area.BROKER, f"retention of topic {topic}", partial(retention, settings, topic, demands.outage))
        yield Check(Area.BROKER, f"copies of topic {topic}", partial(copies, settings, topic, demands))


def answers(broker: KafkaBroker, topic: str) -> Judgement:
    """Judge address and login; a topic that is missing is found by its own checks."""
    address = broker.access.kafka_bootstrap_servers
    try:
        broker.identity(topic)
    except TopicMissingError:
        pass
    except (BrokerRefusedError, BrokerUnavailableError) as exc:
        return wrong(
            str(exc), "start the broker, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS and the variables of its login"
        )
    return ok(f"{address}, {broker.access.kafka_security_protocol}")


def record_time(settings: Settings, topic: str, document: StreamDocument) -> Judgement:
    """Judge `message.timestamp.type`: that of the document, which decides how an hour closes."""
    try:
        found = settings().record_time
    except TopicMissingError as exc:
        return wrong(str(exc), f"create it with message.timestamp.type={document.record_time}")
    if found is not document.record_time:
        setting = f"message.timestamp.type={document.record_time}"
        return wrong(
            f"{found}, and the document of {document.name} says {document.record_time}",
            f"{_ALTER.format(topic=topic, setting=setting)}; or change record_time of the document",
        )
    late = "" if found is RecordTime.LOG_APPEND else ": late records amend their hours"
    return ok(f"{found}{late}")


def retention(settings: Settings, topic: str, outage: timedelta) -> Judgement:
    """Judge `retention.ms`: records must outlive the longest outage, and the hour that they are proven with."""
    needed = outage + timedelta(hours=1)
    found = settings().retention
    if found is None:
        return ok("records are kept for ever")
    if found < needed:
        setting = f"retention.ms={needed // timedelta(milliseconds=1)}"
        return wrong(
            f"{spoken(found)}: an outage of {spoken(outage)} loses records, or the proof of their hour",
            _ALTER.format(topic=topic, setting=setting),
        )
    return ok(f"{spoken(found)}, needed {spoken(needed)}")


def copies(settings: Settings, topic: str, demands: Demands) -> Judgement:
    """Judge replication: one broker that is lost must not lose an acknowledged record."""
    found = settings()
    said = f"replicas {found.replicas}, min.insync.replicas {found.in_sync_min}"
    if found.replicas < demands.replicas:
        return wrong(
            f"{said}; at least {demands.replicas} are needed",
            f"kafka-reassign-partitions.sh with {demands.replicas} replicas for each partition of {topic}",
        )
    if found.in_sync_min < demands.in_sync:
        setting = f"min.insync.replicas={demands.in_sync}"
        return wrong(f"{said}: one broker may hold the only copy", _ALTER.format(topic=topic, setting=setting))
    if found.in_sync < found.in_sync_min:
        return wrong(
            f"{said}, but {found.in_sync} in sync: producers are refused", "bring the brokers back that are away"
        )
    return ok(said)
