"""Compare the witness of a seal with what the broker can still answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import Broker, TopicOffsets
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import BrokerUnavailableError, TopicMissingError
from orchestration.landing.proof.witness import PartitionWitness, RecordWitness, TopicWitness, Witness

Answers = Mapping[int, TimestampedOffset | None]


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer of the broker that contradicts the witness."""

    what: str


class Attestation:
    """Asks the broker about witnesses; the offsets of a topic are read once.

    Args:
        broker: that is asked.
        topics: of the stream.
    """

    def __init__(self, broker: Broker, topics: tuple[str, ...]) -> None:
        self._broker = broker
        self._topics = {topic: self._read(topic) for topic in topics}

    def compare(self, hour: Hour, witness: Witness) -> Iterator[Broken | str]:
        """Iterate over contradictions, and over sentences about what the broker cannot answer any more."""
        for topic in witness.topics:
            partitions = [one for one in witness.partitions if one.partition.topic == topic.topic]
            now = self._topics.get(topic.topic, f"the stream does not read topic {topic.topic} any more")
            if isinstance(now, str):
                yield now
            elif reason := _another(topic, partitions, now):
                yield reason
            else:
                yield from self._compare_topic(hour, witness, partitions, now)

    def _read(self, topic: str) -> TopicOffsets | str:
        try:
            return self._broker.offsets(topic)
        except TopicMissingError:
            return f"the broker has no topic {topic} any more"
        except BrokerUnavailableError as exc:
            return str(exc)

    def _compare_topic(
        self, hour: Hour, witness: Witness, partitions: list[PartitionWitness], now: TopicOffsets
    ) -> Iterator[Broken | str]:
        numbers = [one.partition.partition for one in partitions if one.partition.partition in now.partitions]
        first = self._at(now.topic, numbers, hour.start)
        beyond = self._at(now.topic, numbers, hour.end + timedelta(seconds=witness.disorder_seconds))
        for one in partitions:
            number = one.partition.partition
            if number not in now.partitions:
                yield Broken(f"the broker has no partition {one.partition.name}")
                continue
            marks = now.partitions[number]
            if marks.end < one.end:
                yield Broken(f"{one.partition.name} ended at {one.end}, the broker ends at {marks.end}")
            for name, sealed, answer in (
                ("first record of the hour", one.first, first[number]),
                ("first record behind it", one.beyond, beyond[number]),
            ):
                yield from _compare(f"{name} in {one.partition.name}", sealed, answer, marks.low, one.end)

    def _at(self, topic: str, partitions: list[int], moment: datetime) -> Answers:
        return self._broker.offsets_at(topic, partitions, moment)


def _another(topic: TopicWitness, partitions: list[PartitionWitness], now: TopicOffsets) -> str | None:
    ids = {one.partition.topic_id for one in partitions}
    if ids - {now.topic_id or ""}:
        return f"topic {topic.topic} is another one now: the hour is of {', '.join(sorted(ids))}"
    if topic.cluster_id != now.cluster_id:
        return f"topic {topic.topic} is on another cluster now: the hour is of {topic.cluster_id}"
    return None


def _compare(
    name: str, sealed: RecordWitness | None, answer: TimestampedOffset | None, low: int, end: int
) -> Iterator[Broken | str]:
    """Compare one record; behind the end of that time there may be anything by now."""
    if sealed is None:
        if answer is not None and answer.offset < end and answer.offset >= low:
            yield Broken(f"the {name} was none, the broker has offset {answer.offset}")
    elif sealed.offset < low:
        yield f"the broker has deleted offset {sealed.offset}, the {name}"
    elif answer is None or (answer.offset, answer.timestamp) != (sealed.offset, sealed.timestamp):
        yield Broken(f"the {name} was offset {sealed.offset}, the broker has {answer.offset if answer else 'none'}")
