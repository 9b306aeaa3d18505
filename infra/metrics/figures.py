"""The figures of one stream as Prometheus gets them. Pure: they are computed from what bucket and broker answered.

A figure that cannot be known is left out, and never 0 or the one from before. Times are Unix timestamps, from which
Prometheus computes ages: an age would stand still between two reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import TopicOffsets
from orchestration.landing.sensor.retention import deleted, lag
from orchestration.quality.standing import Standing

DESCRIPTIONS = {
    "source_up": "Whether bucket, ledger and broker answered and can be read: 1 or 0.",
    "read_timestamp_seconds": "When the figures of the stream were read.",
    "unsealed_hours": "Hours that must be published by now and have no seal.",
    "oldest_unsealed_hour_end_timestamp_seconds": "End of the oldest unsealed hour.",
    "unpublished_hours": "Sealed hours that must be published by now, and whose newest seal is not.",
    "oldest_unpublished_hour_end_timestamp_seconds": "End of the oldest unpublished hour.",
    "newest_published_hour_end_timestamp_seconds": "End of the newest published hour.",
    "not_landed_offsets": "Offsets of the topic behind the last landed one of their partition.",
    "oldest_not_landed_timestamp_seconds": "Record time of the oldest record that has not landed.",
    "topic_retention_seconds": "How long the topic keeps a record; +Inf: for ever.",
    "retention_deadline_timestamp_seconds": "From when on the broker deletes the oldest record that has not landed.",
    "deleted_before_landing_offsets": "Offsets that the broker deleted before they landed.",
}
"""What each metric means, by its name behind `hourglass_`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One sample.

    Args:
        name: a key of `DESCRIPTIONS`.
        value: in the unit of the name; 1 or 0 without one.
        labels: beside the stream.
    """

    name: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def source_up(source: str, *, is_up: bool) -> Figure:
    """Say whether a source answered."""
    return Figure("source_up", float(is_up), {"source": source})


def figures(its: Standing) -> Iterator[Figure]:
    """Yield every figure that is known while the bucket answers."""
    is_readable, answers = not its.totals.damaged, its.not_landed is not None
    yield source_up("bucket", is_up=True)
    yield source_up("ledger", is_up=is_readable)
    yield source_up("broker", is_up=answers)
    yield Figure("read_timestamp_seconds", its.now.timestamp())
    behind = its.behind()
    yield from _hours("unpublished", [hour for hour in behind if hour in its.sealed])
    if newest := max(its.published, default=None):
        yield _end("newest_published", newest)
    # without the broker and the whole ledger, an hour without a seal may be one without a record
    if is_readable and answers:
        yield from _hours("unsealed", [hour for hour in behind if hour not in its.sealed])
        for topic in its.topics or ():
            yield from _of_topic(its, topic)


def _hours(kind: str, hours: Sequence[Hour]) -> Iterator[Figure]:
    yield Figure(f"{kind}_hours", len(hours))
    if hours:
        yield _end(f"oldest_{kind}", hours[0])


def _end(name: str, hour: Hour) -> Figure:
    return Figure(f"{name}_hour_end_timestamp_seconds", hour.end.timestamp())


def _of_topic(its: Standing, topic: TopicOffsets) -> Iterator[Figure]:
    labels = {"topic": topic.topic}
    yield Figure("not_landed_offsets", lag(its.totals, topic), labels)
    yield Figure("deleted_before_landing_offsets", _count(deleted(its.totals, topic).values()), labels)
    kept_seconds = inf if topic.retention is None else topic.retention.total_seconds()
    yield Figure("topic_retention_seconds", kept_seconds, labels)
    if its.not_landed is None or (oldest := its.not_landed.oldest.get(topic.topic)) is None:
        return
    yield Figure("oldest_not_landed_timestamp_seconds", oldest.timestamp(), labels)
    if topic.retention is not None:
        yield Figure("retention_deadline_timestamp_seconds", oldest.timestamp() + kept_seconds, labels)


def _count(ranges: Collection[range]) -> int:
    return sum(len(offsets) for offsets in ranges)
