"""A producer without a broker: a flush ends the deliveries, with the outcome that the test has chosen for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from producers.events import PlatformEvent
from producers.sending.delivery import Delivery, DeliveryReport, OnDelivery, Outcome


class SentRecord(NamedTuple):
    """The arguments of `send` or `send_raw`."""

    value: bytes
    key: str
    record_time: datetime | None
    event_id: str | None


class FakeProducer:
    """A `Sender`: one partition per key, offsets in order. `outcome_of` may also raise, as a full queue does."""

    def __init__(self, outcome_of: Callable[[SentRecord], Outcome] = lambda _: Outcome.ACKED) -> None:
        self.sent: list[SentRecord] = []
        self.closed = False
        self._outcome_of = outcome_of
        self._open: list[tuple[Delivery, OnDelivery | None]] = []
        self._ends: Counter[Outcome] = Counter()

    def send(
        self, event: PlatformEvent, *, record_time: datetime | None = None, on_delivery: OnDelivery | None = None
    ) -> None:
        """See `Sender`."""
        key = event.run_id or event.event_id
        self.send_raw(event.to_json(), key, record_time=record_time, event_id=event.event_id, on_delivery=on_delivery)

    def send_raw(
        self,
        value: bytes,
        key: str,
        *,
        record_time: datetime | None = None,
        event_id: str | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """See `Sender`."""
        record = SentRecord(value, key, record_time, event_id)
        outcome = self._outcome_of(record)
        if outcome is Outcome.ACKED:
            delivery = Delivery(event_id, "platform-events", 0, len(self.sent), outcome)
        else:
            delivery = Delivery(event_id, "platform-events", None, None, outcome, "as the test asked")
        self.sent.append(record)
        self._open.append((delivery, on_delivery))

    def flush(self, limit_seconds: float | None = None) -> DeliveryReport:
        """See `Sender`."""
        del limit_seconds
        while self._open:
            delivery, on_delivery = self._open.pop(0)
            self._ends[delivery.outcome] += 1
            if on_delivery is not None:
                on_delivery(delivery)
        ends = self._ends
        return DeliveryReport(len(self.sent), ends[Outcome.ACKED], ends[Outcome.FAILED], ends[Outcome.UNKNOWN])

    def close(self, limit_seconds: float | None = None) -> DeliveryReport:
        """See `Sender`."""
        self.closed = True
        return self.flush(limit_seconds)
