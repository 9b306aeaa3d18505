"""Which stream: its name, its topics and its bucket, validated once for every process that reads them."""

from __future__ import annotations

from pydantic import Field

from flink_jobs.contracts.layout import StreamLayout
from flink_jobs.contracts.s3_access import S3Access

STREAM_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
TOPIC_PATTERN = r"^[A-Za-z0-9._-]{1,249}$"


def job_name_of(stream: str) -> str:
    """Return the name of a stream's landing job in Flink and in the ledger, and of its consumer group."""
    return f"hourglass-{stream}"


class StreamSettings(S3Access):
    """The stream of a landing job or of a sensor, and the bucket that it lies in."""

    stream: str = Field("platform-events", pattern=STREAM_PATTERN)
    """Name of the stream: the first segment of its keys in the bucket."""
    topic: str = Field("platform-events", pattern=r"^[A-Za-z0-9._-]{1,249}(,[A-Za-z0-9._-]{1,249})*$")
    """One topic, or several with commas between."""
    bucket: str = Field("hourglass", min_length=3)
    """Bucket of the landed objects."""

    @property
    def topics(self) -> list[str]:
        """The topics to read."""
        return self.topic.split(",")

    @property
    def layout(self) -> StreamLayout:
        """The keys of the stream."""
        return StreamLayout(self.stream)
