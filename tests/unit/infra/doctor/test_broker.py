"""Each check of a topic, ok and wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from infra.doctor import broker as doctor
from infra.doctor.checks import Judgement, Verdict, examine
from infra.doctor.demands import Demands
from orchestration.landing.clients.kafka import KafkaBroker, RecordTime, TopicSettings
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError, LandingError, TopicMissingError
from orchestration.stream.document import StreamDocument
from producers.kafka import KafkaAccess

DEMANDS = Demands(timedelta(hours=24))
DOCUMENT = StreamDocument.model_validate(
    {
        "name": "orders",
        "topics": ["orders"],
        "bucket": "lake",
        "prefix": "orders",
        "table": "aws/dev/ext_orders",
        "first_hour": "2025-08-01T00",
    }
)


@dataclass(frozen=True)
class Cluster:
    """Answers as `KafkaBroker` does."""

    record_time: RecordTime = RecordTime.LOG_APPEND
    retention: timedelta | None = timedelta(days=7)
    in_sync_min: int = 2
    replicas: int = 3
    in_sync: int = 3
    error: LandingError | None = None
    access: KafkaAccess = field(default_factory=lambda: KafkaAccess(kafka_bootstrap_servers="kafka:9092"))
    asked: list[str] = field(default_factory=list)

    def identity(self, topic: str) -> None:
        """Fail as it is told."""
        self.settings(topic)

    def settings(self, topic: str) -> TopicSettings:
        """Return the settings."""
        if self.error:
            raise self.error
        self.asked.append(topic)
        return TopicSettings(self.record_time, self.retention, self.in_sync_min, self.replicas, self.in_sync)


def broker(cluster: Cluster) -> KafkaBroker:
    return cast("KafkaBroker", cluster)


def settings(cluster: Cluster) -> doctor.Settings:
    return partial(cluster.settings, "orders")


def answers(cluster: Cluster) -> Judgement:
    return doctor.answers(broker(cluster), "orders")


def record_time(cluster: Cluster) -> Judgement:
    return doctor.record_time(settings(cluster), "orders", DOCUMENT)


def retention(cluster: Cluster) -> Judgement:
    return doctor.retention(settings(cluster), "orders", DEMANDS.outage)


def copies(cluster: Cluster) -> Judgement:
    return doctor.copies(settings(cluster), "orders", DEMANDS)


@pytest.mark.parametrize("check", [answers, record_time, retention, copies])
def test_a_topic_of_production_is_ok(check: Callable[[Cluster], Judgement]) -> None:
    """Nothing to repair."""
    found = check(Cluster())
    assert (Verdict.OK, "") == (found.verdict, found.repair)


@pytest.mark.parametrize(
    ("check", "cluster", "said", "repair"),
    [
        (answers, Cluster(error=BrokerUnavailableError("away")), "away", "start the broker"),
        (answers, Cluster(error=BrokerRefusedError("login")), "login", "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"),
        (record_time, Cluster(RecordTime.CREATE), "LogAppendTime", "message.timestamp.type=LogAppendTime"),
        (record_time, Cluster(error=TopicMissingError("no topic")), "no topic", "create it"),
        (retention, Cluster(retention=timedelta(hours=24)), "24 hours", "retention.ms=90000000"),
        (copies, Cluster(replicas=1, in_sync=1, in_sync_min=1), "at least 3", "3 replicas"),
        (copies, Cluster(in_sync_min=1), "only copy", "min.insync.replicas=2"),
        (copies, Cluster(in_sync=1), "producers are refused", "bring the brokers back"),
    ],
)
def test_what_is_wrong_is_named_with_its_repair(
    check: Callable[[Cluster], Judgement], cluster: Cluster, said: str, repair: str
) -> None:
    """Each check turns red."""
    found = check(cluster)
    assert Verdict.WRONG is found.verdict
    assert said in found.said
    assert repair in found.repair


def test_records_that_are_kept_for_ever_outlive_every_outage() -> None:
    """`retention.ms=-1` has no number."""
    assert Verdict.OK is retention(Cluster(retention=None)).verdict


def test_a_topic_that_is_missing_closes_no_other_check() -> None:
    """The broker answers: the topic's own check is red, and the others say what they miss."""
    missing = Cluster(error=TopicMissingError("no topic orders"))
    found = list(examine(doctor.broker_checks(broker(missing), [DOCUMENT], DEMANDS), (LandingError,)))
    assert ["ok", "wrong", "unknown", "unknown"] == [one.verdict for one in found]


def test_one_machine_is_held_to_one_copy() -> None:
    """The local stack has one broker."""
    alone = Cluster(replicas=1, in_sync=1, in_sync_min=1)
    found = doctor.copies(settings(alone), "orders", Demands.of_one_machine(timedelta(hours=1)))
    assert Verdict.OK is found.verdict


def test_a_topic_of_create_time_is_ok_where_the_document_says_so() -> None:
    """The document decides, and the answer says what follows."""
    document: Any = replace(Cluster(RecordTime.CREATE))
    wanted = DOCUMENT.model_copy(update={"record_time": RecordTime.CREATE})
    found = doctor.record_time(settings(document), "orders", wanted)
    assert (Verdict.OK, "CreateTime: late records amend their hours") == (found.verdict, found.said)


def test_a_topic_is_asked_once_for_all_of_its_checks() -> None:
    """Each answer is several requests to the broker."""
    cluster = Cluster()
    assert {Verdict.OK} == {
        one.verdict for one in examine(doctor.broker_checks(broker(cluster), [DOCUMENT], DEMANDS), ())
    }
    assert ["orders", "orders"] == cluster.asked  # whether the broker answers, and the settings
