"""A real broker that refuses a whole batch for one record: the others are acked, and the one is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from producers.client import EventProducer
from producers.sending.delivery import Delivery, DeliveryReport, Outcome
from producers.sending.limits import TopicLimits
from producers.settings import ProducerSettings
from tests.faults.landing_stack import LandingStack
from tests.stacks.seam import Servers

LINES = 2_000
BAD_LINE = 1_234
HOUR_MS = 3_600_000


def topic(servers: Servers, name: str, **config: str) -> LandingStack:
    """Return a stack whose topic has this configuration; no job is started."""
    by_name = {key.replace("_", "."): value for key, value in config.items()}
    return LandingStack(servers, name, topic_config={"message.timestamp.type": "CreateTime"} | by_name)


def line(number: int, **changes: object) -> bytes:
    event = {
        "event_id": f"e{number}",
        "event_type": "RUN_START",
        "schema_version": 1,
        "occurred_at": "2025-08-01T03:59:59.123Z",
        "organization": "acme",
        "deployment": "prod",
        "payload": {},
        "run_id": f"run-{number % 20}",
    }
    return json.dumps(event | changes).encode()


def settings_of(stack: LandingStack) -> ProducerSettings:
    return ProducerSettings(_env_file=None, kafka_bootstrap_servers=stack.bootstrap_servers, topic=stack.settings.topic)


def read(stack: LandingStack, count: int) -> list[tuple[str, int]]:
    """Return run id and number of each record, by partition and offset."""
    events = [json.loads(message.value() or b"") for message in messages_of(stack, count)]
    return [(event["run_id"], int(event["event_id"][1:])) for event in events]


def messages_of(stack: LandingStack, count: int) -> list[Message]:
    consumer = Consumer(
        {"bootstrap.servers": stack.bootstrap_servers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    consumer.assign([TopicPartition(stack.settings.topic, partition, 0) for partition in range(4)])
    messages: list[Message] = []
    while len(messages) < count:
        messages += consumer.consume(count, timeout=20) or pytest.fail(f"only {len(messages)} of {count} arrived")
    messages += consumer.consume(1, timeout=1)  # a record that was written twice
    consumer.close()
    return sorted(messages, key=lambda message: (message.partition() or 0, message.offset() or 0))


def in_order(records: list[tuple[str, int]]) -> bool:
    by_run: dict[str, list[int]] = {}
    for run_id, number in records:
        by_run.setdefault(run_id, []).append(number)
    return all(numbers == sorted(numbers) for numbers in by_run.values())


def test_a_line_whose_time_the_topic_refuses_is_rejected_alone(servers: Servers, tmp_path: Path) -> None:
    """1,999 of 2,000 lines are acked, in the order of their runs; one is rejected by its number and the limit."""
    lines = [line(number) for number in range(LINES)]
    lines[BAD_LINE - 1] = line(BAD_LINE - 1, occurred_at="9999-12-31T23:59:59.999Z")
    with topic(servers, "far-future") as stack:
        done = subprocess.run(
            [Path(sys.executable).with_name("hourglass"), "emit", "--record-time", "--json"],
            input=b"\n".join(lines),
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **stack.settings.environment()},
        )
        assert 1 == done.returncode, done.stderr
        report = {"lines": LINES, "rejected": 1, "acked": LINES - 1, "failed": 0, "unknown": 0, "stopped": None}
        assert report == json.loads(done.stdout)
        (complaint,) = done.stderr.decode().splitlines()
        assert complaint.startswith(f"line {BAD_LINE}: the record time 9999-12-31T23:59:59.999Z lies")
        assert "message.timestamp.after.max.ms of the topic" in complaint
        records = read(stack, LINES - 1)
    assert set(range(LINES)) - {BAD_LINE - 1} == {number for _, number in records}
    assert LINES - 1 == len(records)
    assert in_order(records)


def test_neighbours_of_a_record_that_only_the_broker_refuses_are_acked(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that may not read the topic's configuration: the batch is refused whole, and sent again in parts.

    Each record keeps its own time.
    """
    monkeypatch.setattr("producers.sending.connection.ask_limits", lambda *_: TopicLimits())
    deliveries: list[Delivery] = []
    recent = datetime.now(UTC).replace(microsecond=123_000) - timedelta(minutes=10)
    with topic(servers, "unknown-limit", message_timestamp_before_max_ms=str(HOUR_MS)) as stack:
        with EventProducer(settings_of(stack)) as producer:
            for number in range(LINES):
                moment = datetime(2020, 1, 1, tzinfo=UTC) if number == BAD_LINE else recent
                producer.send_raw(
                    line(number),
                    f"run-{number % 20}",
                    record_time=moment,
                    event_id=f"e{number}",
                    on_delivery=deliveries.append,
                )
            assert DeliveryReport(taken=LINES, acked=LINES - 1, failed=1) == producer.flush()
        records = read(stack, LINES - 1)
        times = {message.timestamp()[1] for message in messages_of(stack, LINES - 1)}
    assert {int(recent.timestamp() * 1000)} == times
    (failed,) = [delivery for delivery in deliveries if delivery.outcome is not Outcome.ACKED]
    assert (f"e{BAD_LINE}", Outcome.FAILED) == (failed.event_id, failed.outcome)
    assert "timestamp" in str(failed.error)
    assert sorted(set(range(LINES)) - {BAD_LINE}) == sorted(number for _, number in records)
    assert LINES == len({delivery.event_id for delivery in deliveries}) == len(deliveries)


@pytest.mark.parametrize("known", [True, False])
def test_a_record_too_large_for_the_topic_fails_alone(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """Whether the limit is known or not, the records around it are acked, each once and in the order of its run."""
    if not known:
        monkeypatch.setattr("producers.sending.connection.ask_limits", lambda *_: TopicLimits())
    noise = "".join(Random(7).choices("0123456789abcdef", k=400_000))  # noqa: S311  not compressible, not a secret
    deliveries: list[Delivery] = []
    with topic(servers, f"narrow-{str(known).lower()}", max_message_bytes="100000") as stack:
        with EventProducer(settings_of(stack)) as producer:
            for number in range(LINES):
                value = line(number, payload={"noise": noise}) if number == BAD_LINE else line(number)
                producer.send_raw(value, f"run-{number % 20}", event_id=f"e{number}", on_delivery=deliveries.append)
            assert DeliveryReport(taken=LINES, acked=LINES - 1, failed=1) == producer.flush()
        records = read(stack, LINES - 1)
    (failed,) = [delivery for delivery in deliveries if delivery.outcome is not Outcome.ACKED]
    assert (f"e{BAD_LINE}", True) == (failed.event_id, failed.too_large)
    assert "max.message.bytes" in str(failed.error)
    assert sorted(set(range(LINES)) - {BAD_LINE}) == sorted(number for _, number in records)
    assert in_order(records) or not known
