"""The partition chains of a ledger: a chain is one partition of one topic, and a topic is its id and not its name.

Offsets of a recreated topic count other records, so they are a chain of their own and overlap with nothing. Entries of
earlier releases have no topic id: they belong to the first id that the ledger has of their topic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from flink_jobs.contracts.layout import Hour
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.contracts.ranges import Ranges, RangesText
from orchestration.landing.ledger.epochs import HourPath

_NAME = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)\[(?P<partition>\d+)\](?:@(?P<topic_id>\S+))?")


class ChainKey(NamedTuple):
    """A partition of a topic. `topic_id` is empty for entries of earlier releases, and for brokers without topic ids.

    Its text is `platform-events[0]@<topic id>`, or `platform-events[0]`.
    """

    topic: str
    topic_id: str
    partition: int

    def __str__(self) -> str:
        return f"{self.name}@{self.topic_id}" if self.topic_id else self.name

    @property
    def name(self) -> str:
        """The partition for a reader: `platform-events[0]`."""
        return f"{self.topic}[{self.partition}]"

    @classmethod
    def parse(cls, text: str) -> ChainKey:
        """Read the text form; `ValueError` when it is something else."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise ValueError(f"not a partition of the form topic[0]@id: {text!r}")
        return cls(match["topic"], match["topic_id"] or "", int(match["partition"]))

    @classmethod
    def of(cls, entry: LedgerEntry) -> ChainKey:
        """Return the chain of an entry."""
        return cls(entry.topic, entry.topic_id or "", entry.partition)

    def without_id(self) -> ChainKey:
        """Return the chain of the same partition in entries of earlier releases."""
        return self._replace(topic_id="")


ChainName = Annotated[
    ChainKey,
    BeforeValidator(lambda value: value if isinstance(value, ChainKey) else ChainKey.parse(value)),
    PlainSerializer(str, return_type=str, when_used="json"),
]
"""A chain as a field or a key: its text in JSON."""


class Chain(BaseModel):
    """The landed offsets of one chain, the emission hours of its first and newest entry, and its newest cluster id."""

    model_config = ConfigDict(frozen=True)

    covered: RangesText
    begun: HourPath
    emitted: HourPath
    cluster_id: str | None = None

    @property
    def position(self) -> int:
        """The offset after the first unbroken range: the position of a consumer."""
        return self.covered.spans[0][1] + 1

    def gaps(self) -> list[tuple[int, int]]:
        """List the ranges of offsets between the first and the last landed one that no entry covers.

        A gap can disappear with the next listing, because a listing is not a snapshot. A gap that stays is a loss.
        """
        return self.covered.gaps()

    def joined(self, other: Chain) -> Chain:
        """Return both chains as one."""
        covered = self.covered
        for first, last in other.covered.spans:
            covered = covered.add(first, last)
        newer = self if self.emitted >= other.emitted else other
        return Chain(
            covered=covered,
            begun=min(self.begun, other.begun),
            emitted=newer.emitted,
            cluster_id=newer.cluster_id or self.cluster_id or other.cluster_id,
        )


def extended(chain: Chain | None, emitted: Hour, entry: LedgerEntry) -> Chain:
    """Return the chain with one more entry."""
    covered = Ranges().add(entry.first_offset, entry.last_offset)
    alone = Chain(covered=covered, begun=emitted, emitted=emitted, cluster_id=entry.cluster_id)
    return alone.joined(chain) if chain else alone


def topic_ids(chains: Mapping[ChainKey, Chain], topic: str) -> list[str]:
    """List the ids of a topic in the order in which their chains began; earlier releases wrote none."""
    begun: dict[str, Hour] = {}
    for key, chain in chains.items():
        if key.topic == topic and key.topic_id:
            begun[key.topic_id] = min(chain.begun, begun.get(key.topic_id, chain.begun))
    return sorted(begun, key=lambda topic_id: (begun[topic_id], topic_id))


def joined_chains(chains: Mapping[ChainKey, Chain]) -> dict[ChainKey, Chain]:
    """Return the chains with each one of earlier releases joined to the first id of its topic, if there is one."""
    first = {topic: ids[0] for topic in {key.topic for key in chains} if (ids := topic_ids(chains, topic))}
    joined: dict[ChainKey, Chain] = {}
    for key, chain in chains.items():
        known = key if key.topic_id else key._replace(topic_id=first.get(key.topic, ""))
        joined[known] = chain.joined(joined[known]) if known in joined else chain
    return joined


def chains_to_compare(chains: Mapping[ChainKey, Chain], key: ChainKey) -> list[ChainKey]:
    """List the chains that an entry of `key` must not overlap with."""
    ids = topic_ids(chains, key.topic) if not key.topic_id or key.without_id() in chains else []
    if not key.topic_id:
        return [key, *(key._replace(topic_id=topic_id) for topic_id in ids[:1])]
    adopts = not ids or key.topic_id == ids[0]
    return [key, key.without_id()] if adopts else [key]
