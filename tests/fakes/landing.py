"""A stream with fakes only: topic, job, bucket, clock, external table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import Hour, StreamLayout
from orchestration.landing.proof.completeness import CompletenessPolicy
from orchestration.landing.proof.evidence import Stream
from tests.fakes.broker import FakeBroker
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock
from tests.fakes.event_table import FakeEventTable
from tests.fakes.landing_job import FakeLandingJob

FIRST_HOUR = Hour.from_label("2025-01-01T00")
H1 = Hour.from_label("2025-08-01T01")
TOPIC = "platform-events"


@dataclass
class FakeLanding:
    """Holds the fakes, so that a test can change each side."""

    broker: FakeBroker
    clock_at: datetime = H1.plus(3).start + timedelta(minutes=10)
    bucket: FakeBucket = field(default_factory=FakeBucket)

    def __post_init__(self) -> None:
        self.clock = FakeClock(self.clock_at)
        self.job = FakeLandingJob(self.broker, self.bucket)
        self.table = FakeEventTable(self.bucket)

    @property
    def stream(self) -> Stream:
        """The stream as the code under test sees it."""
        return Stream(
            layout=StreamLayout(),
            topics=(TOPIC,),
            bucket=self.bucket,
            broker=self.broker,
            clock=self.clock,
            policy=CompletenessPolicy(disorder=timedelta(seconds=5), grace=timedelta(seconds=30)),
            first_hour=FIRST_HOUR,
        )


def minutes(*moments: float) -> list[datetime]:
    """Turn minutes since 2025-08-01T01:00 into record timestamps."""
    return [H1.start + timedelta(minutes=moment) for moment in moments]
