"""Settings of the sending programs, from `HOURGLASS_…` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from producers.kafka import KafkaAccess


class ProducerSettings(KafkaAccess):
    """Where events go, and how long a producer is patient. The name of a setting is its variable's name."""

    topic: str = Field("platform-events", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    data_dir: Path = Path(".hourglass")

    setup_limit_seconds: float = Field(6.0, gt=0)
    """How long the start waits for a broker that answers."""
    delivery_limit_seconds: float = Field(120.0, gt=0)
    """How long a record is tried before its outcome is unknown."""
    queue_limit_seconds: float = Field(60.0, gt=0)
    """How long `send` waits for room in the queue."""
    flush_limit_seconds: float = Field(130.0, gt=0)
    """How long the end waits for outcomes: longer than a delivery, so that each record gets its own."""
