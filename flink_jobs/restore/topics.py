"""Compare the topics of the broker with those that have landed: a topic is its cluster id and topic id, not a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from flink_jobs.audit.broker import BrokerReader, offset_ranges_of
from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition, partition_name
from flink_jobs.errors import TopicChangedError
from flink_jobs.restore.booked import Booked, read_newest
from flink_jobs.restore.points import RestorePoint, find_points, sound
from flink_jobs.s3.objects import Objects
from flink_jobs.settings import LandingSettings
from producers.kafka import OffsetRange

SHOWN_MAX = 8
"""Partitions that one message lists."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of the broker as they are now: their identities, and the first and next offset of each partition."""

    identities: Mapping[str, TopicIdentity]
    ranges: Mapping[TopicPartition, OffsetRange]

    @classmethod
    def of(cls, settings: LandingSettings, broker: BrokerReader) -> Self:
        """Ask the broker."""
        return cls(broker.identities(settings.topics), offset_ranges_of(broker, settings.topics))


@dataclass(frozen=True, slots=True)
class Change:
    """A topic whose name has another identity now."""

    topic: str
    landed: TopicIdentity
    now: TopicIdentity

    def message(self, servers: str) -> str:
        """Describe it, with the two ways on."""
        cause = (
            "It was deleted and created again"
            if self.landed.cluster_id == self.now.cluster_id
            else "The address is of another cluster"
        )
        return (
            f"{self.topic} is another topic than the one that has landed: that one has the id {self.landed}, the "
            f"broker at {servers} has {self.now}. {cause}, and its offsets count other records: reading on would skip "
            "some. Point the job at the topic that has landed (HOURGLASS_KAFKA_BOOTSTRAP_SERVERS, HOURGLASS_TOPIC), or "
            "accept the topic as it is now with `hourglass job start --new-topic` "
            "(HOURGLASS_STARTING_OFFSETS=new-topic): it begins at its first offset, nothing is skipped and nothing "
            "lands twice"
        )


def changes_of(
    settings: LandingSettings, topics: Topics, booked: Booked, point: RestorePoint | None, *, newest: bool = False
) -> list[Change]:
    """List the topics that are not those of the restore point, or, where that names none, of the ledger.

    What has no identity yet, because an earlier release wrote it, is adopted.

    Args:
        settings: of the job.
        topics: as the broker has them now.
        booked: the ledger as far as it was read.
        point: the newest restore point.
        newest: compare with the identity alone that the ledger has last, and not with those of the topics before it.
    """
    changes = []
    for topic in settings.topics:
        now = topics.identities.get(topic)
        of_point = point.identities.get(topic) if point else None
        landed = [of_point] if of_point else list(booked.identities.get(topic, ()))
        if now and landed and now not in (landed[:1] if newest else landed):
            changes.append(Change(topic, landed[0], now))
    return changes


def require_same_topics(settings: LandingSettings, topics: Topics, booked: Booked, point: RestorePoint | None) -> None:
    """Refuse topics that are not those that have landed, and logs that end before what has landed.

    Raises:
        TopicChangedError: with the topics, their ids, the offsets and the repairs.
    """
    changes = changes_of(settings, topics, booked, point)
    if changes:
        raise TopicChangedError(". ".join(change.message(settings.kafka_bootstrap_servers) for change in changes))
    positions = point.positions if point else {}
    next_offsets = booked.next_offsets
    partitions = {*positions, *next_offsets}
    require_uncut(topics, {at: max(positions.get(at, 0), next_offsets.get(at, 0)) for at in partitions})


def require_landed_topics(settings: LandingSettings, bucket: Objects, topics: Topics) -> None:
    """Refuse as `require_same_topics`, by the newest restore point and the newest entries of the ledger."""
    points = sound(find_points(settings, bucket))
    booked = read_newest(settings, bucket, topics.identities)
    require_same_topics(settings, topics, booked, points[-1] if points else None)


def require_uncut(topics: Topics, next_offsets: Mapping[TopicPartition, int]) -> None:
    """Refuse a broker that has lost records that have landed.

    Raises:
        TopicChangedError: with the partitions, the offsets and the repairs.
    """
    known = {topic for topic, _ in topics.ranges}
    ends = {at: topics.ranges[at].end if at in topics.ranges else 0 for at in next_offsets if at[0] in known}
    found = [
        f"{partition_name(at)} ends at {end} on the broker, landed is up to {next_offsets[at] - 1}"
        for at, end in sorted(ends.items())
        if end < next_offsets[at]
    ]
    if found:
        more = f" and {len(found) - SHOWN_MAX} partitions more" if len(found) > SHOWN_MAX else ""
        raise TopicChangedError(
            f"{'; '.join(found[:SHOWN_MAX])}{more}. The broker was rolled back or restored from an older copy, or the "
            "topic was created again before the ledger kept its id: the same offsets count other records. Bring the "
            "broker's log back, or land the topic under another HOURGLASS_STREAM"
        )
