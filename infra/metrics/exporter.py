"""Serve the figures of all streams to Prometheus, read-only: what bucket and broker answer.

A scrape reads a stream again whose figures are `alert_seconds` old, all streams at the same time. While a source is
away, each request to it takes `OBSERVING_SECONDS_MAX` at most, so a scrape needs a timeout of 30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from infra.local.streams import streams
from infra.metrics.figures import DESCRIPTIONS, Figure, figures, source_up
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.clients.s3 import S3Bucket
from orchestration.landing.errors import LandingError
from orchestration.landing.proof.evidence import Stream
from orchestration.quality.definitions.standing import newest_expected
from orchestration.quality.standing import read_standing
from orchestration.settings import StreamAccess
from orchestration.stream.binding import OBSERVING_SECONDS_MAX, proven_stream
from orchestration.stream.document import StreamDocument

_STREAMS_AT_ONCE = 8
Report = Callable[[str], None]
"""Takes one line about a source that does not answer."""


@dataclass
class WatchedStream:
    """One stream, and its newest figures.

    Args:
        document: of the stream; its `alert_seconds` are the greatest age of a figure.
        stream: what is read.
        report: gets the reason when the bucket cannot be read.
    """

    document: StreamDocument
    stream: Stream
    report: Report
    _figures: tuple[Figure, ...] = field(default=(), init=False)
    _read_at: float | None = field(default=None, init=False)

    def figures(self) -> tuple[Figure, ...]:
        """Return the figures, read again where they are too old."""
        now = self.stream.clock.monotonic()
        if self._read_at is None or now - self._read_at >= self.document.alert_seconds:
            self._figures = self._read()
            self._read_at = now
        return self._figures

    def _read(self) -> tuple[Figure, ...]:
        expected = newest_expected(self.document, self.stream.clock.utc_now())
        try:
            return tuple(figures(read_standing(self.stream, expected)))
        except LandingError as exc:
            self.report(f"stream {self.document.name}: {exc}")
            return (source_up("bucket", is_up=False),)


class HoursCollector(Collector):
    """The gauges `hourglass_…` of all streams, with the label `stream`.

    Args:
        watched: the streams.
    """

    def __init__(self, watched: Iterable[WatchedStream]) -> None:
        self._watched = tuple(watched)
        self._reading = Lock()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each gauge that has a sample; two scrapes at the same time read once."""
        with self._reading, ThreadPoolExecutor(_STREAMS_AT_ONCE) as pool:
            found = list(pool.map(WatchedStream.figures, self._watched))
        for name, description in DESCRIPTIONS.items():
            gauge = GaugeMetricFamily(f"hourglass_{name}", description)
            for one, its in zip(self._watched, found, strict=True):
                for figure in its:
                    if figure.name == name:
                        gauge.add_sample(gauge.name, {"stream": one.document.name, **figure.labels}, figure.value)
            if gauge.samples:
                yield gauge


def registry(report: Report) -> CollectorRegistry:
    """Return the metrics of every stream of the project, over clients that give up early.

    Raises:
        StackError: the document of a stream has a mistake.
    """
    made = CollectorRegistry()
    access = StreamAccess()
    made.register(
        HoursCollector(WatchedStream(entry.document, _impatient(entry.document, access), report) for entry in streams())
    )
    return made


def text(of: CollectorRegistry) -> str:
    """Return one scrape."""
    return generate_latest(of).decode()


def serve(of: CollectorRegistry, host: str, port: int) -> None:
    """Answer scrapes at `http://host:port/metrics` until this process ends; return when the port is open.

    Raises:
        OSError: the port is taken.
    """
    start_http_server(port, host, of)


def _impatient(document: StreamDocument, access: StreamAccess) -> Stream:
    return replace(
        proven_stream(document, access),
        bucket=S3Bucket(document.bucket, access, OBSERVING_SECONDS_MAX, attempts_max=2),
        broker=KafkaBroker(access, OBSERVING_SECONDS_MAX),
    )
