"""How many objects and requests a landing job will make, computed from its settings. Pure.

At each checkpoint a subtask finishes one object for every hour and kind that it has read a record of since the previous
checkpoint, and one object of the ledger. Nothing else makes objects below the stream, so the count of objects is exact
where the number of open hours is; the count of requests is exact for objects of one part.
"""

from __future__ import annotations

from dataclasses import dataclass

from flink_jobs.flink.s3_properties import PART_BYTES
from flink_jobs.settings import LandingSettings

SECONDS_PER_HOUR = 3600
WRITES_PER_OBJECT = 3
"""Begin of an upload, one part, completion; each further `PART_BYTES` of an object are one more."""
WRITES_PER_CHECKPOINT = 1
"""Flink's `_metadata`; the state of the job fits into it."""


@dataclass(frozen=True, slots=True)
class LandingPlan:
    """The most that one hour of wall-clock time can bring, with records in every partition throughout.

    Args:
        checkpoint_seconds: between two checkpoints.
        parallelism: subtasks.
        open_hours: hours whose records arrive within one interval: 1 where record time is the
            broker's (2 for the moment in which the hour changes), the number of replayed hours in a replay.
        has_rejects: whether malformed records arrive throughout, too.
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
        """Requests an hour that S3 bills as PUT, COPY, POST or LIST, with objects of one part."""
        objects = self.data_objects + self.ledger_objects
        return WRITES_PER_OBJECT * objects + round(WRITES_PER_CHECKPOINT * self.checkpoints)

    @property
    def latency_seconds(self) -> float:
        """How long a record stays unseen on average: half an interval; at most an interval and its checkpoint."""
        return self.checkpoint_seconds / 2

    def lines(self) -> list[tuple[str, str]]:
        """Format the plan for printing, with the cost as a formula: prices differ by region and change."""
        return [
            ("checkpoints/hour", f"{self.checkpoints:,.0f}"),
            ("data objects/hour", f"{self.data_objects:,} at most ({self.open_hours} open hours, {self._kinds})"),
            ("ledger objects/hour", f"{self.ledger_objects:,} at most"),
            ("S3 writes an hour", f"{self.writes:,} = {self._writes_formula}"),
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
    def _writes_formula(self) -> str:
        return (
            f"{WRITES_PER_OBJECT} an object + {WRITES_PER_CHECKPOINT} a checkpoint; "
            f"1 more for each further {PART_BYTES // 2**20} MiB of an object"
        )

    @property
    def _kinds(self) -> str:
        return "accepted and rejected" if self.has_rejects else "accepted"
