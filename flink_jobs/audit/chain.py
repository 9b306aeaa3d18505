"""The chain of a partition: each entry begins where the one before ended. Topics of one name have a chain each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from flink_jobs.audit.entries import Entry
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.ledger import TopicPartition, partition_name
from flink_jobs.contracts.ranges import Ranges


class ChainId(NamedTuple):
    """A partition of one topic, by the topic's id; the id is empty where no entry has one."""

    topic: str
    partition: int
    topic_id: str

    @property
    def at(self) -> TopicPartition:
        """The partition, which topics of one name share."""
        return self.topic, self.partition


REPEATED = "the topic was created again under a job of an earlier release, or its log was cut"
"""The cause of an overlap that such a job has recorded."""

Chains = Mapping[ChainId, Sequence[Entry]]
"""The entries of each partition in the order of their offsets."""


def chains_of(entries: Iterable[Entry]) -> Chains:
    """Group entries by topic id and partition, in the order of their offsets.

    Entries of earlier releases have no topic id; they belong to the id that continues them.
    """
    chains: dict[ChainId, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[ChainId(*entry.partition, entry.identity.topic_id if entry.identity else "")].append(entry)
    for topic, topic_id in _adopters(chains).items():
        for without in [chain for chain in chains if chain.topic == topic and not chain.topic_id]:
            chains[without._replace(topic_id=topic_id)] += chains.pop(without)
    return {chain: sorted(its, key=lambda entry: (entry.first, entry.last)) for chain, its in sorted(chains.items())}


def _adopters(chains: Chains) -> dict[str, str]:
    """Return, by topic, the id to which entries without one belong.

    An id continues them if in no partition it begins at or before them, as a topic does that was created again.
    """
    firsts: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for chain, entries in chains.items():
        firsts[chain.topic][chain.topic_id][chain.partition] = min(entry.first for entry in entries)
    found = {}
    for topic, by_id in firsts.items():
        without = by_id.pop("", {})
        shared = {
            topic_id: its.keys() & without.keys()
            for topic_id, its in sorted(by_id.items())
            if all(first > without.get(partition, -1) for partition, first in its.items())
        }
        if without and shared:
            found[topic] = max(shared, key=lambda topic_id: len(shared[topic_id]))
    return found


def chain_findings(chains: Chains) -> Iterator[Finding]:
    """Find every gap and every overlap of every partition."""
    for chain, entries in chains.items():
        yield from _walk(chain.at, entries)


def covered(chain: Iterable[Entry]) -> Ranges:
    """Return the offsets that the entries of one partition cover, holes included."""
    ranges = Ranges()
    for entry in chain:
        ranges = ranges.add(entry.first, entry.last)
    return ranges


def _walk(partition: TopicPartition, chain: Sequence[Entry]) -> Iterator[Finding]:
    furthest = chain[0]
    for entry in chain[1:]:
        if entry.first > furthest.last + 1:
            yield Finding(
                Code.GAP,
                partition_name(partition),
                f"offsets {furthest.last + 1}-{entry.first - 1} are in no entry, "
                f"between {furthest.writer} and {entry.writer}",
            )
        elif entry.first <= furthest.last:
            last = min(entry.last, furthest.last)
            cause = f"; {REPEATED}" if entry.repeated or furthest.repeated else ""
            yield Finding(
                Code.OVERLAP,
                partition_name(partition),
                f"offsets {entry.first}-{last} are booked twice, by {furthest.writer} and by {entry.writer}{cause}",
            )
        if entry.last > furthest.last:
            furthest = entry
