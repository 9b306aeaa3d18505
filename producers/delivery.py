"""What becomes of a record that was given to a producer, and the seam that sending programs are written against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from producers.events import PlatformEvent


class Outcome(StrEnum):
    """The three ends of a record: a timeout is neither success nor failure."""

    ACKED = "acked"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one record.

    Args:
        event_id: as given to `send`; None for raw bytes without identity.
        topic: the topic that was asked for.
        partition: None unless acked.
        offset: None unless acked.
        outcome: whether the record is in the topic.
        error: why it is not, or why nobody knows; None when acked.
    """

    event_id: str | None
    topic: str
    partition: int | None
    offset: int | None
    outcome: Outcome
    error: str | None = None


OnDelivery = Callable[[Delivery], None]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Counts over all records that a producer has taken: `taken = acked + failed + unknown + pending`."""

    taken: int = 0
    acked: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def pending(self) -> int:
        """Records without an end yet: 0 after `close`."""
        return self.taken - self.acked - self.failed - self.unknown

    @property
    def complete(self) -> bool:
        """Whether every record that was taken is acked."""
        return self.acked == self.taken


class Sender(Protocol):
    """What the sending programs need of a producer: `EventProducer`, or its fake in tests."""

    def send(
        self,
        event: PlatformEvent,
        *,
        record_time: datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Take one event; its end arrives in `on_delivery`."""

    def send_raw(
        self,
        value: bytes,
        key: str,
        *,
        record_time: datetime | None = None,
        event_id: str | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Take bytes that are already written, unchecked but for their size."""

    def flush(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Wait until every record has its end, at most so long."""

    def close(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Flush, give up what is left as unknown, and take no more."""
