"""Each check of a topic, ok and wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from infra.doctor import broker as doctor
from infra.doctor.checks import Judgement, Verdict, examine
from infra.doctor.demands import Demands
from orchestration.landing.clients.kafka import KafkaBroker, RecordTime, TopicCopies, TopicOffsets
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError, LandingError, TopicMissingError
from orchestration.stream.document import StreamDocument
from producers.kafka import KafkaAccess

COPIES = TopicCopies(3, 3, 2)
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
    its_copies: TopicCopies = COPIES
    error: LandingError | None = None
    access: KafkaAccess = field(default_factory=lambda: KafkaAccess(kafka_bootstrap_servers="kafka:9092"))

    def identity(self, topic: str) -> None:
        """Fail as it is told."""
        self.offsets(topic)

    def offsets(self, topic: str) -> TopicOffsets:
        """Return the settings."""
        if self.error:
            raise self.error
        return TopicOffsets(topic, self.record_time, {}, retention=self.retention)

    def copies(self, _topic: str) -> TopicCopies:
        """Return the copies."""
        return self.its_copies


def broker(cluster: Cluster) -> KafkaBroker:
    return cast("KafkaBroker", cluster)


def answers(cluster: Cluster) -> Judgement:
    return doctor.answers(broker(cluster), "orders")


def record_time(cluster: Cluster) -> Judgement:
    return doctor.record_time(broker(cluster), "orders", DOCUMENT)


def retention(cluster: Cluster) -> Judgement:
    return doctor.retention(broker(cluster), "orders", DEMANDS.outage)


def copies(cluster: Cluster) -> Judgement:
    return doctor.copies(broker(cluster), "orders", DEMANDS)


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
        (copies, Cluster(its_copies=TopicCopies(1, 1, 1)), "at least 3", "3 replicas"),
        (copies, Cluster(its_copies=TopicCopies(3, 3, 1)), "only copy", "min.insync.replicas=2"),
        (copies, Cluster(its_copies=TopicCopies(3, 1, 2)), "producers are refused", "bring the brokers back"),
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
    assert ["ok", "wrong", "unknown", "ok"] == [one.verdict for one in found]


def test_one_machine_is_held_to_one_copy() -> None:
    """The local stack has one broker."""
    alone = Cluster(its_copies=TopicCopies(1, 1, 1))
    found = doctor.copies(broker(alone), "orders", Demands.of_one_machine(timedelta(hours=1)))
    assert Verdict.OK is found.verdict


def test_a_topic_of_create_time_is_ok_where_the_document_says_so() -> None:
    """The document decides, and the answer says what follows."""
    document: Any = replace(Cluster(RecordTime.CREATE))
    wanted = DOCUMENT.model_copy(update={"record_time": RecordTime.CREATE})
    found = doctor.record_time(broker(document), "orders", wanted)
    assert (Verdict.OK, "CreateTime: late records amend their hours") == (found.verdict, found.said)
