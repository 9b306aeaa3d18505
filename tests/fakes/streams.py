"""A stream of the component over fakes: its document, and what its assets, checks and sensors are bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flink_jobs.flink.rest import CheckpointSummary, Job, JobState, Numbers
from orchestration.landing.clients.snowflake import DescribedTable
from orchestration.landing.sensor.tick import Limits
from orchestration.stream.binding import BoundStream
from orchestration.stream.catalog import DEFS
from orchestration.stream.definitions.observing import Observed
from orchestration.stream.document import StreamDocument
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.landing import FakeLanding
from tests.fakes.record_columns import read_record_columns

DOCUMENT_TEXT = (DEFS / "platform_events" / "defs.yaml").read_text(encoding="utf-8")
"""The document of the first stream, its stage and its table."""
TABLE_NAME = "ext_flink_event_log"
TABLE = DescribedTable(
    QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("EXT_FLINK_EVENT_LOG")),
    read_record_columns(DOCUMENT_TEXT, TABLE_NAME),
)
ATTRIBUTES: Mapping[str, Any] = {
    "name": "platform_events",
    "bare_keys": True,
    "topics": ["platform-events"],
    "bucket": "hourglass",
    "prefix": "platform-events",
    "table": "aws/dev/ext_flink_event_log",
    "first_hour": "2025-01-01T00",
}


def document(**changes: Any) -> StreamDocument:
    """Return the document of the first stream, with changes."""
    return StreamDocument.model_validate({**ATTRIBUTES, **changes})


@dataclass
class FakeFlink:
    """A Flink with one job; `failures` are raised by the next questions, in order."""

    state: JobState = JobState.RUNNING
    lag: int = 7
    checkpoint_milliseconds: int | None = None
    absent: bool = False
    failures: list[Exception] = field(default_factory=list)

    def find_job(self, name: str) -> Job | None:
        """Return the job."""
        if self.failures:
            raise self.failures.pop(0)
        return None if self.absent else Job("f" * 32, name, self.state, tasks_running=self.state is JobState.RUNNING)

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Return the newest checkpoint."""
        assert job_id
        return CheckpointSummary("hourglass-state://b/flink/chk-4", self.checkpoint_milliseconds, 4, 1)

    def numbers(self, job_id: str) -> Numbers | None:
        """Return the counters."""
        assert job_id
        return Numbers(lag=self.lag, accepted=9, rejected=1)

    def restarts(self, job_id: str) -> int:
        """Return two restarts."""
        assert job_id
        return 2


def bound(fake: FakeLanding, its_document: StreamDocument, flink: FakeFlink | None = None) -> BoundStream:
    """Bind a document to the fakes of a landing."""
    return BoundStream(
        document=its_document,
        stream=replace(fake.stream, first_hour=its_document.first_hour, policy=its_document.policy),
        table=fake.table.client,
        limits=Limits(),
        observed=Observed(broker=fake.broker, job=flink or FakeFlink(), bucket=fake.bucket, clock=fake.clock),
    )
