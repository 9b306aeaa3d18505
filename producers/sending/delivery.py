"""The outcome of a record, and the protocol of a producer that the sending programs use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from producers.events import PlatformEvent


class Outcome(StrEnum):
    """The outcome of a record. After a timeout it is unknown: neither success nor failure."""

    ACKED = "acked"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one record with its position.

    Args:
        event_id: as given to `send`; None for raw bytes without identity.
        topic: that it was sent to.
        partition: None unless acked.
        offset: None unless acked.
        outcome: whether the record is in the topic.
        error: reason of a failed or unknown outcome; None when acked.
        too_large: whether it failed because the topic takes no record of its size.
    """

    event_id: str | None
    topic: str
    partition: int | None
    offset: int | None
    outcome: Outcome
    error: str | None = None
    too_large: bool = False


OnDelivery = Callable[[Delivery], None]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Counts over all records of a producer: `taken = acked + failed + unknown + pending`."""

    taken: int = 0
    acked: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def pending(self) -> int:
        """Records without an outcome yet; 0 after `close`."""
        return self.taken - self.acked - self.failed - self.unknown

    @property
    def complete(self) -> bool:
        """Whether every record is acked."""
        return self.acked == self.taken


class Sender(Protocol):
    """The part of a producer that the sending programs use; see `EventProducer`."""

    def send(
        self,
        event: PlatformEvent,
        *,
        record_time: datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Queue one event; its outcome arrives in `on_delivery`."""

    def send_raw(
        self,
        value: bytes,
        key: str,
        *,
        record_time: datetime | None = None,
        event_id: str | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Queue bytes unchanged; only their size is checked."""

    def flush(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Wait until every record has an outcome, at most `limit_seconds`."""

    def close(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Flush, end what is left as unknown, and accept no more records."""
