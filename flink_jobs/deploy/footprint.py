"""How many objects and requests a landing job will make, before it is started. Pure arithmetic, from its settings.

At each checkpoint a subtask ends one object for every hour and kind of which it has read a record since the one
before, and one object of the ledger. Nothing else makes objects below the stream, and nothing waits for more: an
object count is a promise, not an estimate, as soon as the number of open hours is.
"""

from __future__ import annotations

from dataclasses import dataclass

from flink_jobs.settings import LandingSettings

SECONDS_PER_HOUR = 3600
WRITES_PER_OBJECT = 3
"""Begin of an upload, its one part (more only beyond 5 MiB between two checkpoints), its completion."""
WRITES_PER_CHECKPOINT = 1
"""Flink's own `_metadata`; the state of the job fits into it."""


@dataclass(frozen=True, slots=True)
class LandingPlan:
    """The most that one hour of wall-clock time can bring, with records in every partition all the time.

    Args:
        checkpoint_seconds: between two checkpoints.
        parallelism: subtasks.
        open_hours: hours of record time of which records arrive within one interval: 1 where record time is the
            broker's (2 for the moment in which the hour changes), the number of replayed hours in a replay.
        has_rejects: whether malformed records come all the time, too.
    """

    checkpoint_seconds: int
    parallelism: int
    open_hours: int = 1
    has_rejects: bool = False

    @classmethod
    def of(cls, settings: LandingSettings, *, open_hours: int = 1, has_rejects: bool = False) -> LandingPlan:
        """Plan for the settings of a job."""
        return cls(settings.checkpoint_seconds, settings.parallelism, open_hours, has_rejects)

    @property
    def checkpoints(self) -> float:
        """Checkpoints an hour."""
        return SECONDS_PER_HOUR / self.checkpoint_seconds

    @property
    def objects_per_checkpoint(self) -> int:
        """Objects that one checkpoint can make visible, the ledger's included."""
        return self.parallelism * (self.open_hours * (2 if self.has_rejects else 1) + 1)

    @property
    def data_objects(self) -> int:
        """Landed and rejected objects an hour."""
        return round(self.checkpoints * (self.objects_per_checkpoint - self.parallelism))

    @property
    def ledger_objects(self) -> int:
        """Objects of the ledger an hour."""
        return round(self.checkpoints * self.parallelism)

    @property
    def writes(self) -> int:
        """Requests an hour that S3 bills as PUT, COPY, POST or LIST."""
        objects = self.data_objects + self.ledger_objects
        return WRITES_PER_OBJECT * objects + round(WRITES_PER_CHECKPOINT * self.checkpoints)

    @property
    def latency_seconds(self) -> float:
        """How long a record stays unseen on average: half an interval; at most one, and the time of its checkpoint."""
        return self.checkpoint_seconds / 2

    def lines(self) -> list[tuple[str, str]]:
        """Say it in words and numbers, with the cost as a formula: prices differ by region and change."""
        return [
            ("checkpoints/hour", f"{self.checkpoints:,.0f}"),
            ("data objects/hour", f"{self.data_objects:,} at most ({self.open_hours} open hours, {self._kinds})"),
            ("ledger objects/hour", f"{self.ledger_objects:,} at most"),
            (
                "S3 writes an hour",
                f"{self.writes:,} = {WRITES_PER_OBJECT} an object + {WRITES_PER_CHECKPOINT} a checkpoint",
            ),
            (
                "cost of writes",
                f"{self.writes * 24 * 30 / 1000:,.0f} x price of 1,000 PUT requests a month of 30 days",
            ),
            (
                "records stay unseen",
                f"{self.latency_seconds:g} s on average, {self.checkpoint_seconds} s and a checkpoint at most",
            ),
        ]

    @property
    def _kinds(self) -> str:
        return "accepted and rejected" if self.has_rejects else "accepted"
