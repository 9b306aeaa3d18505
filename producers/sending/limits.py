"""What the topic's broker refuses, asked once at the start, so that such a record is refused before it is sent.

The broker validates a batch as a whole and appends all of it or nothing (KIP-467): one record that it refuses would
fail its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]  # no __all__

_ASK_SECONDS = 3.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER, _BEFORE = "message.timestamp.after.max.ms", "message.timestamp.before.max.ms"
_BOTH_BEFORE_KAFKA_3_6 = "message.timestamp.difference.max.ms"
_BATCH_BYTES = "max.message.bytes"
_UNLIMITED = 2**63 - 1
_BATCH_BYTES_MAX = 1_048_588


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """The limits of one topic; the defaults are Kafka's.

    Args:
        after_ms_max: how far a record time may lie after the present.
        before_ms_max: how far it may lie before the present.
        batch_bytes_max: largest batch, as it is sent, and so the largest record.
        known: whether the broker named them; else its topic may have others.
    """

    after_ms_max: int = 3_600_000
    before_ms_max: int = _UNLIMITED
    batch_bytes_max: int = _BATCH_BYTES_MAX
    known: bool = False

    def refusal_of(self, milliseconds: int, now_ms: int) -> str | None:
        """Return why the broker refuses a record time, in milliseconds since 1970; None if it does not."""
        if milliseconds - now_ms > self.after_ms_max:
            return self._refusal(milliseconds, f"more than {self.after_ms_max:,} ms after the present", _AFTER)
        if now_ms - milliseconds > self.before_ms_max:
            return self._refusal(milliseconds, f"more than {self.before_ms_max:,} ms before the present", _BEFORE)
        return None

    def _refusal(self, milliseconds: int, where: str, name: str) -> str:
        source = "of the topic" if self.known else "by Kafka's default; these credentials may not read the topic's own"
        return f"the record time {_text_of(milliseconds)} lies {where}: the broker refuses it ({name} {source})"

    def describe(self) -> str:
        """List the limits for the message about a record that the broker refused."""
        before = "unlimited" if self.before_ms_max == _UNLIMITED else f"{self.before_ms_max:,}"
        names = f"{_AFTER} {self.after_ms_max:,}, {_BEFORE} {before}, {_BATCH_BYTES} {self.batch_bytes_max:,}"
        return names if self.known else f"Kafka's defaults are {names}"


def ask_limits(client: AdminClient, topic: str) -> TopicLimits:
    """Ask the broker for the limits of a topic; Kafka's defaults where these credentials may not ask."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        (answer,) = client.describe_configs([resource], request_timeout=_ASK_SECONDS).values()
        return limits_of({name: entry.value for name, entry in answer.result().items()})
    except (KafkaException, ValueError):
        return TopicLimits()


def limits_of(configuration: Mapping[str, str | None]) -> TopicLimits:
    """Read the limits from the configuration of a topic."""
    values = {name: value for name, value in configuration.items() if value is not None}
    batch_bytes_max = int(values.get(_BATCH_BYTES, _BATCH_BYTES_MAX))
    if values.get("message.timestamp.type") == "LogAppendTime":
        return TopicLimits(_UNLIMITED, _UNLIMITED, batch_bytes_max, known=True)
    both = values.get(_BOTH_BEFORE_KAFKA_3_6, _UNLIMITED)
    after, before = values.get(_AFTER, both), values.get(_BEFORE, both)
    return TopicLimits(int(after), int(before), batch_bytes_max, known=True)


def _text_of(milliseconds: int) -> str:
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds:,} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
