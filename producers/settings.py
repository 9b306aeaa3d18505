"""Settings of the sending programs, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from producers.events import OddEvents
from producers.kafka import KafkaAccess


class ProducerSettings(KafkaAccess):
    """Topic, data folder and time limits of a producer; variables are `HOURGLASS_` and the name in capitals."""

    topic: str = Field("platform-events", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    """Topic of the events."""
    data_dir: Path = Path(".hourglass")
    """Folder of the cursor and of the ledgers of what was sent."""

    mistyped_payloads: OddEvents = OddEvents.FLAG
    """As the landing job has it: with `reject`, `emit` refuses an event that lacks a field of its type."""

    setup_limit_seconds: float = Field(6.0, gt=0)
    """Longest wait of the start for an answer of the broker."""
    delivery_limit_seconds: float = Field(120.0, gt=0)
    """How long a record is retried before its outcome is unknown."""
    queue_limit_seconds: float = Field(60.0, gt=0)
    """Longest wait of `send` for space in the queue."""
    flush_limit_seconds: float = Field(130.0, gt=0)
    """Longest wait of `close` for outcomes: longer than a delivery, so that each record gets one."""
